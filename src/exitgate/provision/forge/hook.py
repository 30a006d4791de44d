"""The forge's pre-receive hook: git asks it before any reference of a push moves, and it answers by GitHub's rules.

Started by git in the bare repository, with lines ``OLD NEW REFERENCE`` on standard input. Exit code 0 takes the push, 1
refuses all of it; whatever else happens refuses it too, and leaves no ruling, by which the forge tells it from a decision.
Source: https://git-scm.com/docs/githooks#pre-receive
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from exitgate.errors import ExitgateError, ObservationError
from exitgate.github.pushes import Change, Push, decide_push, methods_of
from exitgate.github.rulesets import BranchRules, rules_of
from exitgate.process import run_tool
from exitgate.provision.forge.state import ForgeState, OpenPull, Ruling, add_ruling, read_state

_TIMEOUT_S = 60.0
_BRANCHES = "refs/heads/"
_MERGE_PARENTS = 2


def rule(bare: Path, lines: Iterable[str]) -> tuple[Ruling, ...]:
    """Decide about each reference of a push.

    Raises:
        ObservationError: if what it hangs on can't be read.
    """
    state = read_state(bare)
    return tuple(_of_reference(bare, state, *line.split()) for line in lines if line.strip())


def _of_reference(bare: Path, state: ForgeState, before: str, after: str, reference: str) -> Ruling:
    if not reference.startswith(_BRANCHES):
        # GitHub keeps refs/pull for itself; what else there is has rules that are not the branches'.
        reasons: tuple[str, ...] = ("only branches can be pushed to",)
        return Ruling(reference=reference, before=before, after=after, change="", reasons=reasons)
    branch = reference.removeprefix(_BRANCHES)
    rules = rules_of(state.rulesets, branch, state.default_branch)
    push = _push(bare, state, branch, (before, after), rules)
    reasons = decide_push(rules, push).reasons
    return Ruling(reference=reference, before=before, after=after, change=push.change.value, reasons=reasons)


def _push(bare: Path, state: ForgeState, branch: str, commits: tuple[str, str], rules: BranchRules) -> Push:
    before, after = commits
    if not before.strip("0"):
        return Push(change=Change.CREATED)
    if not after.strip("0"):
        return Push(change=Change.DELETED)
    for each in state.pulls.values():
        if each.base == branch and _merges(bare, each, commits, methods_of(rules)):
            current = _is_ancestor(bare, before, each.head)
            return Push(change=Change.MERGED, pull=replace(each.pull, up_to_date=current))
    return Push(change=Change.ADDED if _is_ancestor(bare, before, after) else Change.REWRITTEN)


def _merges(bare: Path, pull: OpenPull, commits: tuple[str, str], methods: tuple[str, ...]) -> bool:
    """Say whether a push does what merging a pull request does: its content on top of the branch, and nothing else."""
    before, after = commits
    parents = _git(bare, "rev-list", "--parents", "--max-count=1", after).split()[1:]
    as_merge = "merge" in methods and parents == [before, pull.head] and len(parents) == _MERGE_PARENTS
    # A commit of GitHub's own, in each of the three ways: the head itself, pushed to the branch, went past the pull request.
    as_one = bool({"squash", "rebase"} & set(methods)) and parents == [before] and after != pull.head
    tested_on = _git(bare, "rev-parse", f"{pull.merge}^1")
    same = _git(bare, "rev-parse", f"{after}^{{tree}}") == _git(bare, "rev-parse", f"{pull.merge}^{{tree}}")
    return (as_merge or as_one) and same and tested_on == before


def _is_ancestor(bare: Path, older: str, newer: str) -> bool:
    return _git(bare, "merge-base", older, newer, fails=True) == older


def _git(bare: Path, *arguments: str, fails: bool = False) -> str:
    # With git's own environment: until a push is taken, its objects lie apart, and only these variables say where.
    completed = run_tool(["git", *arguments], timeout_s=_TIMEOUT_S, environment=dict(os.environ), cwd=bare)
    if completed.exit_code and not fails:
        raise ObservationError(
            f"git {arguments[0]}", got=completed.last_words, expected="an answer", action="Report this to exitgate."
        )
    return completed.stdout.strip()


def main() -> int:
    """Answer git, and tell whoever pushes why."""
    bare = Path.cwd()
    try:
        rulings = rule(bare, sys.stdin)
    except ExitgateError as error:
        sys.stderr.write(f"exitgate: {error}\n")
        return 2
    refused = False
    for each in rulings:
        add_ruling(bare, each)
        for reason in each.reasons:
            refused = True
            sys.stderr.write(f"GitHub's rules, as modelled, refuse {each.reference}: {reason}\n")
    return int(refused)


if __name__ == "__main__":
    sys.exit(main())

"""A throwaway bare repository whose pre-receive hook is GitHub's rule, modelled: pushes to it are real, and taken or refused.

Pull requests, reviews and results of checks are recorded as they would be reported; heads come as from a fork. What the
forge decides is the hook's word, git's exit code and where the branch is afterwards: where these three disagree, nothing is
decided.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from exitgate.errors import ObservationError, ProvisionError
from exitgate.github.merging import PullRequest
from exitgate.github.pushes import methods_of
from exitgate.github.rulesets import Ruleset, rules_of
from exitgate.process import Completed
from exitgate.provision.forge.state import ForgeState, OpenPull, read_rulings, read_state, write_state
from exitgate.provision.git import git, succeeded
from exitgate.provision.scratch import remove_scratch_folder

_HOOK = "#!/bin/sh\nexec {python} -I -m exitgate.provision.forge.hook\n"
_NO_RESULT = PullRequest(checks=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """A push that was made, and what became of it."""

    branch: str
    accepted: bool
    reasons: tuple[str, ...]
    """What stood against it; empty where it was taken."""
    change: str
    """What the hook saw in it, e.g. ``merged``."""
    before: str
    """Commit of the branch."""
    after: str
    """The same, once the push was over."""
    said: str
    """What git and the hook said, folders left out."""


@dataclass(slots=True)
class Forge:
    """The forge. Made by `throwaway_forge`."""

    folder: Path
    _transcript: list[str] = field(default_factory=list)

    @property
    def _bare(self) -> Path:
        return self.folder / "forge.git"

    @property
    def _work(self) -> Path:
        return self.folder / "work"

    @property
    def transcript(self) -> str:
        """All that was recorded and pushed, in order, as a person would have seen it in a terminal."""
        return "\n".join(self._transcript) + "\n"

    def head(self, branch: str) -> str:
        """Return the commit of a branch.

        Raises:
            ProvisionError: if there is no such branch.
        """
        return self._asked("rev-parse", f"refs/heads/{branch}")

    def open(self, source: Path, revision: str, base: str) -> int:
        """Open a pull request for a commit of some repository, and return its number.

        Raises:
            ProvisionError: if it can't be merged into its base without a conflict.
        """
        state = read_state(self._bare)
        number = len(state.pulls) + 1
        self._set(state, self._with_head(number, source, revision, base))
        self._say(f"# pull request {number}: {self._short(number)} into {base}, at {self.head(base)[:10]}")
        return number

    def propose(self, base: str, path: str, text: str) -> int:
        """Open a pull request that does nothing but write one file, and return its number.

        Raises:
            ProvisionError: if git fails.
        """
        succeeded(git(self._work, "fetch", "--quiet", "forge", f"refs/heads/{base}"), self._work)
        succeeded(git(self._work, "checkout", "--quiet", "--detach", "--force", self.head(base)), self._work)
        (self._work / path).parent.mkdir(parents=True, exist_ok=True)
        (self._work / path).write_text(text, encoding="utf-8")
        succeeded(git(self._work, "add", "--force", "--", path), self._work)
        succeeded(git(self._work, "commit", "--quiet", "--no-verify", f"--message={text.strip()}"), self._work)
        return self.open(self._work, "HEAD", base)

    def update(self, number: int, source: Path, revision: str) -> None:
        """Give a pull request a newer head; checks and reviews of the older one are none of the newer one's.

        Raises:
            ProvisionError: if it can't be merged into its base without a conflict.
        """
        state = read_state(self._bare)
        self._set(state, self._with_head(number, source, revision, state.pulls[number].base))
        self._say(f"# pull request {number}: a newer head, {self._short(number)}")

    def record(self, number: int, pull: PullRequest) -> None:
        """Keep what checks and reviewers say of a pull request's head."""
        state = read_state(self._bare)
        self._set(state, replace(state.pulls[number], pull=pull))
        results = ", ".join(f"{each.name}: {each.conclusion or 'pending'}" for each in pull.checks) or "none reported"
        self._say(f"# checks of pull request {number}: {results}; approvals: {pull.approvals}")

    def check_out_merge(self, number: int, destination: Path) -> str:
        """Clone what CI tests of a pull request, the commit that merging it would make, and return that commit.

        Raises:
            ProvisionError: if git fails.
        """
        merge = read_state(self._bare).pulls[number].merge
        clone = ("clone", "--quiet", "--no-hardlinks", "--local", "--no-checkout", str(self._bare), str(destination))
        succeeded(git(self.folder, *clone), self.folder)
        succeeded(git(destination, "fetch", "--quiet", "origin", f"refs/pull/{number}/merge"), destination)
        succeeded(git(destination, "checkout", "--quiet", "--detach", merge), destination)
        return merge

    def merge(self, number: int) -> Pushed:
        """Make the merge of a pull request, in a way that the rules allow, and push it to its base.

        Raises:
            ObservationError: if what became of it can't be told.
            ProvisionError: if it can't be made.
        """
        state = read_state(self._bare)
        pull = self._with_merge(state.pulls[number])
        self._set(state, pull)
        methods = methods_of(rules_of(state.rulesets, pull.base, state.default_branch))
        commit = pull.merge
        if methods and methods[0] != "merge":
            message = f"Pull request {number}, {methods[0]}"
            made = ("commit-tree", f"{pull.merge}^{{tree}}", "-p", f"{pull.merge}^1", "-m", message)
            commit = succeeded(git(self._work, *made), self._work).stdout.strip()
        return self.push(commit, pull.base)

    def push(self, commit: str, branch: str, *options: str) -> Pushed:
        """Push a commit that the forge knows to a branch.

        Args:
            commit: Empty to delete the branch.
            options: Of git's, e.g. ``--force``.

        Raises:
            ObservationError: if what became of it can't be told.
        """
        reference = f"refs/heads/{branch}"
        before, known = self._at(reference), len(read_rulings(self._bare))
        completed = git(self._work, "push", *options, "forge", f"{commit}:{reference}")
        said = self._without_folders(completed)
        self._say(f"$ git push {' '.join((*options, 'forge', f'{commit[:10]}:{reference}'))}")
        self._say(f"{said}\n# exit code {completed.exit_code}; {branch} is at {self._at(reference)[:10] or 'nothing'}")
        rulings = [each for each in read_rulings(self._bare)[known:] if each.reference == reference]
        after = self._at(reference)
        if len(rulings) != 1:
            raise _undecided(branch, f"{len(rulings)} decisions; git says: {said}")
        ruling = rulings[0]
        accepted = not ruling.reasons
        if accepted != (completed.exit_code == 0) or after != (commit if accepted else before):
            got = f"a hook that {'accepts' if accepted else 'refuses'}, and git's exit code {completed.exit_code}"
            raise _undecided(branch, f"{got}; {said}")
        return Pushed(
            branch=branch,
            accepted=accepted,
            reasons=ruling.reasons,
            change=ruling.change,
            before=before,
            after=after,
            said=said,
        )

    def _with_head(self, number: int, source: Path, revision: str, base: str) -> OpenPull:
        head = succeeded(git(source, "rev-parse", f"{revision}^{{commit}}"), source).stdout.strip()
        # As from a fork: no rule for branches is asked, since none of the forge's branches moves.
        fetched = git(self._bare, "fetch", "--quiet", str(source), f"+{head}:refs/pull/{number}/head")
        succeeded(fetched, self._bare)
        return self._with_merge(OpenPull(number=number, base=base, head=head, merge="", pull=_NO_RESULT))

    def _with_merge(self, pull: OpenPull) -> OpenPull:
        """Make the commit that a merge would make, on top of the base as it is now."""
        refs = (f"refs/heads/{pull.base}", f"refs/pull/{pull.number}/head")
        succeeded(git(self._work, "fetch", "--quiet", "forge", *refs), self._work)
        succeeded(git(self._work, "checkout", "--quiet", "--detach", "--force", self.head(pull.base)), self._work)
        message = f"Merge pull request {pull.number}"
        merged = git(self._work, "merge", "--quiet", "--no-ff", "--no-edit", "-m", message, pull.head)
        if merged.exit_code:
            git(self._work, "merge", "--abort")
            raise ProvisionError(
                f"pull request {pull.number}",
                got=merged.last_words,
                expected=f"a change that merges into {pull.base} without a conflict",
                action="Rebase it.",
            )
        commit = succeeded(git(self._work, "rev-parse", "HEAD"), self._work).stdout.strip()
        if commit == self.head(pull.base):
            raise ProvisionError(
                f"pull request {pull.number}",
                got=f"nothing that is not on {pull.base}",
                expected="a change",
                action="Name a commit that the branch does not have.",
            )
        taken = ("fetch", "--quiet", str(self._work), f"+{commit}:refs/pull/{pull.number}/merge")
        succeeded(git(self._bare, *taken), self._bare)
        return replace(pull, merge=commit)

    def _set(self, state: ForgeState, pull: OpenPull) -> None:
        write_state(self._bare, replace(state, pulls={**state.pulls, pull.number: pull}))

    def _short(self, number: int) -> str:
        return read_state(self._bare).pulls[number].head[:10]

    def _at(self, reference: str) -> str:
        return git(self._bare, "rev-parse", "--verify", "--quiet", reference).stdout.strip()

    def _asked(self, *arguments: str) -> str:
        return succeeded(git(self._bare, *arguments), self._bare).stdout.strip()

    def _without_folders(self, completed: Completed) -> str:
        lines = (completed.stdout + completed.stderr).replace(str(self.folder), "").splitlines()
        return "\n".join(line.rstrip() for line in lines if line.strip())

    def _say(self, line: str) -> None:
        self._transcript.append(line)


def _undecided(branch: str, got: str) -> ObservationError:
    return ObservationError(
        f"the throwaway forge, {branch}",
        got=got,
        expected="one decision, on which the hook, git and the branch agree",
        action="Run the gate again; report this to exitgate if it stays.",
    )


@contextmanager
def throwaway_forge(
    folder: Path, source: Path, *, branches: Sequence[str], rulesets: Sequence[Ruleset], default_branch: str
) -> Iterator[Forge]:
    """Make a forge whose branches are all at the checked-out commit of a clone, and remove it at the end.

    Args:
        folder: Where it is to be; nothing is there yet.
        branches: That it is to have, the default one among them or not.
        rulesets: That hold in it.

    Raises:
        ProvisionError: if it can't be made or removed.
    """
    folder.mkdir(parents=True)
    try:
        bare, work = folder / "forge.git", folder / "work"
        succeeded(git(source, "clone", "--quiet", "--bare", "--no-hardlinks", "--local", ".", str(bare)), source)
        commit = succeeded(git(source, "rev-parse", "HEAD"), source).stdout.strip()
        for reference in succeeded(git(bare, "for-each-ref", "--format=%(refname)", "refs/heads"), bare).stdout.split():
            succeeded(git(bare, "update-ref", "-d", reference), bare)
        for branch in branches:
            succeeded(git(bare, "update-ref", f"refs/heads/{branch}", commit), bare)
        hook = bare / "hooks" / "pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(_HOOK.format(python=shlex.quote(sys.executable)), encoding="utf-8")
        hook.chmod(0o755)
        for name, value in (("core.hooksPath", str(hook.parent)), ("receive.denyDeleteCurrent", "ignore")):
            succeeded(git(bare, "config", name, value), bare)
        write_state(bare, ForgeState(default_branch=default_branch, rulesets=tuple(rulesets)))
        work.mkdir()
        succeeded(git(work, "init", "--quiet"), work)
        succeeded(git(work, "remote", "add", "forge", str(bare)), work)
        yield Forge(folder)
    finally:
        remove_scratch_folder(folder)

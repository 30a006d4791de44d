"""Rulesets of branches, and to which branches they apply.

Source: https://docs.github.com/en/rest/repos/rules
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

_ALL, _DEFAULT = "~ALL", "~DEFAULT_BRANCH"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredContext:
    """A check that has to succeed."""

    name: str
    app_id: int | None
    """The one GitHub App that may report it; nothing where anybody may."""
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule of a ruleset."""

    type: str
    """GitHub's name of it, e.g. ``pull_request``."""
    place: str
    parameters: Mapping[str, bool | int | str] = field(default_factory=dict)
    """Those that are single values."""
    contexts: tuple[RequiredContext, ...] = ()
    """Of ``required_status_checks``."""
    merge_methods: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody who may get round a ruleset."""

    type: str
    id: int
    """1 for an organisation's administrators, 0 for deploy keys, for which GitHub knows no number."""
    mode: str
    """``always``, ``pull_request`` or ``exempt``."""
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruleset:
    """A ruleset, as GitHub exports it."""

    path: str
    name: str
    target: str
    """``branch``, ``tag`` or ``push``."""
    enforcement: str
    """``active``, ``evaluate`` or ``disabled``: only the first one keeps anything out."""
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    rules: tuple[Rule, ...]
    bypass: tuple[Actor, ...]
    repository: str = ""
    """``owner/name`` of the repository that it is of; empty where it is of more than one."""
    enforcement_place: str = ""
    bypass_known: bool = True
    """False where the export leaves out who may get round it, as one does that was made without administration rights."""

    def covers(self, branch: str, default_branch: str) -> bool:
        """Whether its conditions name a branch."""
        ref = f"refs/heads/{branch}"

        def named(patterns: Sequence[str]) -> bool:
            return any(
                pattern == _ALL
                or (pattern == _DEFAULT and branch == default_branch)
                or (not pattern.startswith("~") and _compiled(pattern).fullmatch(ref) is not None)
                for pattern in patterns
            )

        return self.target == "branch" and named(self.include) and not named(self.exclude)

    def applies(self, branch: str, default_branch: str) -> bool:
        """Whether it keeps anything out of a branch."""
        return self.enforcement == "active" and self.covers(branch, default_branch)

    def without(self, kind: str) -> Ruleset:
        """Return it without its rules of a type."""
        return replace(self, rules=tuple(rule for rule in self.rules if rule.type != kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRules:
    """All rules that hold for one branch: rulesets add up, and of two the stricter one counts."""

    branch: str
    rulesets: tuple[Ruleset, ...]
    """Those that apply."""

    def of(self, kind: str) -> tuple[Rule, ...]:
        """Return all rules of a type."""
        return tuple(rule for ruleset in self.rulesets for rule in ruleset.rules if rule.type == kind)

    def flag(self, kind: str, parameter: str) -> bool:
        """Whether a parameter is set in any rule of a type."""
        return any(rule.parameters.get(parameter) is True for rule in self.of(kind))

    @property
    def approvals(self) -> int:
        """How many have to approve."""
        return max(
            (int(rule.parameters.get("required_approving_review_count", 0)) for rule in self.of("pull_request")),
            default=0,
        )

    @property
    def required(self) -> tuple[RequiredContext, ...]:
        """Every check that has to succeed."""
        return tuple(context for rule in self.of("required_status_checks") for context in rule.contexts)


def rules_of(rulesets: Sequence[Ruleset], branch: str, default_branch: str) -> BranchRules:
    """Return what holds for a branch."""
    return BranchRules(branch=branch, rulesets=tuple(each for each in rulesets if each.applies(branch, default_branch)))


@functools.lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """Read a pattern as Ruby's File.fnmatch does with FNM_PATHNAME, which is what GitHub uses."""
    parts, position = list[str](), 0
    while position < len(pattern):
        character = pattern[position]
        if pattern.startswith("**/", position) and (position == 0 or pattern[position - 1] == "/"):
            parts.append("(?:[^/]+/)*")
            position += 3
            continue
        closing = pattern.find("]", position + 2) if character == "[" else -1
        if closing > 0:
            inside = pattern[position + 1 : closing].replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"[{'^' + inside[1:] if inside[0] in '!^' else inside}]")
            position = closing + 1
            continue
        if character == "\\" and position + 1 < len(pattern):
            position += 1
            character = re.escape(pattern[position])
        else:
            character = {"*": "[^/]*", "?": "[^/]"}.get(character, re.escape(character))
        parts.append(character)
        position += 1
    try:
        return re.compile("".join(parts))
    except re.error:
        return re.compile(re.escape(pattern))

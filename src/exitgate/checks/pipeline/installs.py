"""Whether dependencies come from the lockfile alone."""

from __future__ import annotations

import re
from collections.abc import Iterator

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.workflow import Workflows
from exitgate.observe.workflow.packages import LOCKFILES, Packages
from exitgate.target import Pipeline

_COMMAND = re.compile(r"(?<![\w./-])(npm|pnpm|yarn)(?![\w./-])([^;&|#]*)")
_INSTALLS = {
    "npm": frozenset({"install", "i", "in", "ins", "add", "update", "up", "upgrade", "install-test", "it", "isntall"}),
    "pnpm": frozenset({"install", "i", "add", "update", "up", "upgrade"}),
    "yarn": frozenset({"", "install", "add", "up", "upgrade"}),
}
_FROZEN = {
    "npm": "npm ci",
    "pnpm": "pnpm install --frozen-lockfile",
    "yarn": "yarn install --immutable",
}


def loose_installs(workflows: Workflows, packages: Packages, place: Pipeline) -> list[Finding]:
    """Name each install of a workflow that may change the lockfile, and a lockfile that is not committed.

    Raises:
        PrerequisiteMissing: if no workflow installs anything, or the package manager can't be told.
    """
    manager = _manager(packages, place)
    findings: list[Finding] = []
    if not any(name.rpartition("/")[2] in LOCKFILES[manager] for name in packages.lockfiles):
        findings.append(
            Finding(
                location="package.json",
                message=f"the lockfile of {manager} is not committed",
                expected=" or ".join(LOCKFILES[manager]),
                got=", ".join(packages.lockfiles) or "no lockfile at all",
                remedy="Commit it, and take it from .gitignore.",
            )
        )
    seen = 0
    for workflow in workflows.ci:
        for _, job in workflows.jobs(workflow):
            for step in workflows.steps(job):
                for line, tool, words in _commands(step.run.text if step.run else ""):
                    frozen, installs = _judged(tool, words)
                    seen += frozen or installs
                    if installs and step.run is not None:
                        findings.append(
                            Finding(
                                location=f"{step.run.path}:{step.run.first_line + line}",
                                message=f"`{' '.join((tool, *words))}` may install what the lockfile does not hold",
                                expected=_FROZEN[tool],
                                got=" ".join((tool, *words)),
                                remedy="Install from the lockfile alone, in every job.",
                            )
                        )
    if not seen and not findings:
        raise PrerequisiteMissing(
            workflows.place_of_on(),
            got="no install command in the workflows that validate changes",
            expected=f"one, e.g. {_FROZEN[manager]}",
            action="Install in the workflow, or declare the control not applicable.",
        )
    return findings


def _manager(packages: Packages, place: Pipeline) -> str:
    if found := place.package_manager or packages.manager:
        if found in LOCKFILES:
            return found
    else:
        kinds = [
            kind
            for kind, names in LOCKFILES.items()
            if any(each.rpartition("/")[2] in names for each in packages.lockfiles)
        ]
        if len(kinds) == 1:
            return kinds[0]
        found = f"lockfiles of {', '.join(kinds) or 'none'}"
    raise PrerequisiteMissing(
        "package.json",
        got=found,
        expected="npm, pnpm or yarn",
        action="Name it in [pipeline] package_manager.",
    )


def _commands(script: str) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield line, tool and words of each command of a package manager in a script; comments and quoted text aside."""
    joined = re.sub(r"\\\n", "  ", script)
    for number, line in enumerate(joined.split("\n")):
        plain = re.sub(r"(^|\s)#.*", "", re.sub(r"'[^']*'|\"[^\"]*\"", "", line))
        for found in _COMMAND.finditer(plain):
            before = plain[: found.start()].rstrip()
            # As the argument of another command it is a word: echo npm install.
            if (
                not before
                or before[-1] in ";&|({!"
                or re.search(r"(^|\s)(\w+=\S*|then|do|else|time|sudo|env|exec|if)$", before)
            ):
                yield number, found.group(1), tuple(found.group(2).split())


def _judged(tool: str, words: tuple[str, ...]) -> tuple[bool, bool]:
    """Return whether a command installs from the lockfile alone, and whether it installs otherwise."""
    if "--global" in words or "-g" in words or "--version" in words or "-v" in words:
        return False, False
    command = next((word for word in words if not word.startswith("-")), "")
    if tool == "npm" and command in {"ci", "clean-install", "ic", "install-clean", "cit", "install-ci-test"}:
        return True, False
    if command not in _INSTALLS[tool]:
        return False, False
    frozen = {"pnpm": {"--frozen-lockfile"}, "yarn": {"--immutable", "--frozen-lockfile"}}.get(tool, set())
    holds = bool(frozen & set(words)) and command in {"", "install", "i"}
    return holds, not holds

"""Whether dependencies come from the lockfile alone."""

from __future__ import annotations

from exitgate.errors import PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.verification import step_commands
from exitgate.observe.workflow import Workflows
from exitgate.observe.workflow.packages import LOCKFILES, Packages
from exitgate.target import Pipeline

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
        PrerequisiteMissing: if no workflow installs anything, the package manager can't be told, or a script can't be parsed.
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
            for command in (each for step in workflows.steps(job) for each in step_commands(job, step)):
                tool, words = _managed(command.words)
                frozen, installs = _judged(tool, words) if tool else (False, False)
                seen += frozen or installs
                if installs:
                    findings.append(
                        Finding(
                            location=command.place,
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


def _managed(words: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """Return the package manager that a command calls, and its words; nothing where it calls none."""
    while words and words[0].isdecimal():
        # How often it is tried, of a wrapper that tries again.
        words = words[1:]
    if words[:1] == ("corepack",):
        words = words[1:]
    tool = words[0].rpartition("/")[2].partition("@")[0] if words else ""
    return (tool, words[1:]) if tool in LOCKFILES else ("", ())


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

"""With what GitHub's runner starts a step's script, and what such a shell makes of a failure.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from exitgate.observe.shell import CommandFate, Fate, Loss, ShellOptions
from exitgate.observe.verification.python_fates import python_fates


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellKind:
    """How a step's script is run."""

    words: str
    """As the runner starts it."""
    options: ShellOptions | None
    """Nothing where it is no shell of the Bourne family."""


_POWERSHELL = re.compile(r"^(?:pwsh|powershell)\b")
_PYTHON = re.compile(r"^(?:\S*/)?python[\d.]*\b")
_NEXT_CHECKS = re.compile(
    r"\$LASTEXITCODE|\$\?|errorlevel|\|\|\s*(?:exit|throw)|PSNativeCommandUseErrorActionPreference", re.IGNORECASE
)


def shell_of(shell: str, runs_on: str) -> ShellKind:
    """Return what runs a step's script.

    Args:
        shell: As the step, its job or the workflow says it; empty for the default.
        runs_on: The runner's label.
    """
    if not shell and "windows" in runs_on.lower():
        shell = "pwsh"
    known = {
        "": ("bash -e {0}", ShellOptions(errexit=True, pipefail=False)),
        "bash": ("bash --noprofile --norc -eo pipefail {0}", ShellOptions(errexit=True, pipefail=True)),
        "sh": ("sh -e {0}", ShellOptions(errexit=True, pipefail=False, posix=True)),
    }
    if shell in known:
        return ShellKind(words=known[shell][0], options=known[shell][1])
    try:
        words = shlex.split(shell)
    except ValueError:
        words = shell.split()
    program = words[0].rpartition("/")[2] if words else ""
    if program in {"bash", "sh", "dash", "zsh", "ksh"} and "{0}" in words:
        flags = words[1:]
        given = "".join(
            flag.lstrip("-") for flag in flags if re.match(r"-[a-zA-Z]", flag) and not flag.startswith("--")
        )
        errexit = "e" in given.replace("noprofile", "") or "errexit" in flags
        return ShellKind(
            words=shell,
            options=ShellOptions(errexit=errexit, pipefail="pipefail" in flags, posix=program in {"sh", "dash"}),
        )
    return ShellKind(words=shell, options=None)


def shell_of_file(text: str, path: str) -> ShellOptions | None:
    """Return how a script file starts its shell; nothing where it is no shell script."""
    first = text.partition("\n")[0]
    if match := re.match(r"#!\s*(?:/usr/bin/env\s+(?:-S\s+)?)?(?:\S*/)?(bash|sh|dash|ksh|zsh)\b(.*)", first):
        flags = match[2]
        return ShellOptions(
            errexit=bool(re.search(r"-\w*e", flags)), pipefail="pipefail" in flags, posix=match[1] in {"sh", "dash"}
        )
    return ShellOptions(errexit=False, pipefail=False) if path.endswith((".sh", ".bash")) else None


def foreign_fates(text: str, first_line: int, kind: ShellKind) -> Iterator[CommandFate]:
    """Tell the fate of each line of a script of PowerShell or cmd: they end with the status of what ran last. Python is parsed."""
    if _PYTHON.match(kind.words):
        yield from python_fates(text, first_line)
        return
    lines = [(first_line + number, line.strip()) for number, line in enumerate(text.splitlines())]
    lines = [
        (number, line) for number, line in lines if line and not line.startswith(("#", "::", "REM ", "rem ", "@echo"))
    ]
    ends_with_last = bool(_POWERSHELL.match(kind.words)) or kind.words == "cmd"
    checked_always = "PSNativeCommandUseErrorActionPreference" in text and "$false" not in text.lower()
    for index, (number, line) in enumerate(lines):
        words = re.sub(r"^(?:call|&)\s+", "", line).split()
        following = lines[index + 1][1] if index + 1 < len(lines) else ""
        looked_at = _NEXT_CHECKS.search(line) or _NEXT_CHECKS.search(following) or checked_always
        fate, loss = Fate.REACHES, Loss.NONE
        if not ends_with_last:
            fate = Fate.UNKNOWN
        elif following and not looked_at:
            fate, loss = Fate.LOST, Loss.ERREXIT_OFF
        if re.search(r";\s*(?:exit 0|\$true)\s*$|\|\|\s*(?:\$true|exit 0|ver|echo)", line):
            fate, loss = Fate.LOST, Loss.OR
        yield CommandFate(line=number, text=line, words=tuple(words), environment=(), fate=fate, loss=loss)

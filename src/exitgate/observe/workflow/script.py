"""What a shell makes of an aggregate job's script: it looks at results and exits, so it is run, with text tools alone.

The shell is the real one, with the options that GitHub's runner gives it; what the script would call beyond text tools is not
there, and makes the answer unknown.
Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idstepsshell
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from exitgate.errors import ObservationError
from exitgate.github.outcomes import Script
from exitgate.process import run_tool

_TEXT_TOOLS = (
    "bash",
    "sh",
    "cat",
    "cut",
    "env",
    "grep",
    "head",
    "jq",
    "sed",
    "sort",
    "tail",
    "tr",
    "uniq",
    "wc",
    "seq",
)
_TIMEOUT_S = 10.0
_SHELLS = {
    "": ("bash", "-e"),
    "bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail"),
    "sh": ("sh", "-e"),
}
# Told apart from a program that fails: a name that is no program here.
_MISSING = """
command_not_found_handle() { echo "$1" >>"$EXITGATE_MISSING"; return 127; }
"""


def bash_oracle() -> Callable[[Script], int | None]:
    """Return what says how a script exits; each one, with the same environment, is run once."""
    known: dict[tuple[str, str, tuple[tuple[str, str], ...]], int | None] = {}

    def exit_code(script: Script) -> int | None:
        key = (script.text, script.shell, tuple(sorted(script.environment.items())))
        if key not in known:
            known[key] = _run(script)
        return known[key]

    return exit_code


def _run(script: Script) -> int | None:
    shell = _SHELLS.get(script.shell.removesuffix(" {0}").strip())
    if shell is None or "/" in script.text.replace("/dev/null", "").replace("/dev/stderr", ""):
        # A path leads to programs, files and networks that are not there on a runner, or not here.
        return None
    with tempfile.TemporaryDirectory(prefix="exitgate-script-") as name:
        folder = Path(name)
        tools, missing, file = folder / "bin", folder / "missing", folder / "script"
        tools.mkdir()
        for tool in _TEXT_TOOLS:
            if found := shutil.which(tool):
                (tools / tool).symlink_to(found)
        (folder / "start").write_text(_MISSING, encoding="utf-8")
        file.write_text(script.text, encoding="utf-8")
        environment = {
            **script.environment,
            "PATH": str(tools),
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "BASH_ENV": str(folder / "start"),
            "EXITGATE_MISSING": str(missing),
            "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_ENV": str(folder / "env"),
        }
        program = str(tools / shell[0])
        try:
            completed = run_tool(
                [program, *shell[1:], str(file)], timeout_s=_TIMEOUT_S, environment=environment, cwd=folder
            )
        except ObservationError:
            return None
        # A shell without that hook says 127 itself.
        return None if missing.exists() or completed.exit_code == 127 else completed.exit_code  # noqa: PLR2004

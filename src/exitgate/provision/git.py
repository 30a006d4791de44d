"""git as a run uses it: without the user's configuration, with fixed names and dates, and with one line where it fails."""

from __future__ import annotations

from pathlib import Path

from exitgate.errors import PrerequisiteMissing, ProvisionError, TargetError
from exitgate.process import Completed, run_tool, scrubbed_environment

_TIMEOUT_S = 120.0
_CONFIGURATION = Path(__file__).with_name("git.ini")
"""Given as a file: git does not hand ``-c`` on to the process that reads the other end of a local clone."""
_EPOCH = "2026-01-01T00:00:00Z"
_AUTHOR = "exitgate reference"
_EMAIL = "reference@exitgate.invalid"
_IDENTITY = {
    "GIT_AUTHOR_NAME": _AUTHOR,
    "GIT_AUTHOR_EMAIL": _EMAIL,
    "GIT_COMMITTER_NAME": _AUTHOR,
    "GIT_COMMITTER_EMAIL": _EMAIL,
    "GIT_AUTHOR_DATE": _EPOCH,
    "GIT_COMMITTER_DATE": _EPOCH,
}


def git(cwd: Path, *arguments: str, standard_input: bytes = b"") -> Completed:
    """Run git in a folder, whatever its exit code.

    Raises:
        TargetError: if there is no git, or no such folder.
        ObservationError: if it did not end in time.
    """
    # The user's git configuration (signing, hooks, filters, aliases) must not reach the clone, nor its dates vary.
    environment = scrubbed_environment(
        {
            "GIT_CONFIG_GLOBAL": str(_CONFIGURATION),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
            **_IDENTITY,
        }
    )
    safe = ("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "core.fsmonitor=false")
    try:
        return run_tool(
            ["git", *safe, *arguments],
            timeout_s=_TIMEOUT_S,
            environment=environment,
            cwd=cwd,
            standard_input=standard_input,
        )
    except PrerequisiteMissing as error:
        raise TargetError(
            "git", got="not installed", expected="git 2.30 or later on PATH", action="Install git."
        ) from error
    except NotADirectoryError as error:
        raise TargetError(str(cwd), got="no folder", expected="the target's folder", action="Name one.") from error


def succeeded(completed: Completed, where: Path) -> Completed:
    """Return what git did, having seen that it succeeded.

    Raises:
        ProvisionError: if it did not.
    """
    if completed.exit_code != 0:
        raise ProvisionError(
            f"git in {where}",
            got=completed.last_words,
            expected="git to succeed",
            action="Run the same git command by hand.",
        )
    return completed

"""Commands that are handed to an action of somebody else's, which tries them again: they are a script as any other.

Sources: https://github.com/nick-fields/retry and https://github.com/Wandalen/wretry.action
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exitgate.github.node import Node
from exitgate.github.workflow import Step
from exitgate.observe.shell import ShellOptions
from exitgate.observe.verification.shells import ShellKind, shell_of

_ACTIONS = {
    "nick-fields/retry": "command",
    "nick-invision/retry": "command",
    "wandalen/wretry.action": "command",
}
"""Action to the input that holds the script."""
_TOLERANT = ("continue_on_error", "attempt_and_continue")
_LIKE_A_SHELL = ShellOptions(errexit=False, pipefail=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriedScript:
    """A script that an action runs."""

    script: Node
    kind: ShellKind
    tolerant: Node | None
    """The input by which its failure is not to count."""


def retried_script(step: Step, runs_on: str) -> RetriedScript | None:
    """Return the script of a step that hands one to such an action; nothing of any other step."""
    name = (step.uses.text if step.uses else "").partition("@")[0].lower()
    given: Mapping[str, Node] = {key.lower(): node for key, node in step.with_.items()}
    script = given.get(_ACTIONS.get(name, ""))
    if script is None:
        return None
    shell = given["shell"].text if "shell" in given else ""
    kind = shell_of(shell, runs_on) if shell not in {"", "bash", "sh"} else None
    # It is handed to `bash -c`, without the options that the runner gives to a step's own script.
    words = f"{shell or 'bash'} -c, as {name} starts it"
    tolerant = next((given[key] for key in _TOLERANT if key in given and given[key].text != "false"), None)
    return RetriedScript(script=script, kind=kind or ShellKind(words=words, options=_LIKE_A_SHELL), tolerant=tolerant)

"""act, told to run one workflow for one event on this machine itself, and nothing of the target's configuration of it.

Source: https://nektosact.com/usage/index.html; host mode is ``-P LABEL=-self-hosted``.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exitgate.errors import PrerequisiteMissing
from exitgate.github.events import Event
from exitgate.github.workflow import Step, Workflow
from exitgate.provision.confined import Bounds, Ended, Quarters
from exitgate.provision.scanner import ScanTool
from exitgate.provision.workflow_run.endings import Endings
from exitgate.provision.workflow_run.nodes import Node
from exitgate.provision.workflow_run.payload import payload_of
from exitgate.provision.workflow_run.stand_ins import stand_ins

_HOSTED = ("ubuntu-latest", "ubuntu-24.04", "ubuntu-22.04")
"""Labels of GitHub's runners that are near enough to this machine; act leaves a job of any other one alone."""
_FILES = ("--env-file", "--secret-file", "--var-file", "--input-file")
"""That act would take from the clone where they are not named."""
_QUIET = {
    "CI": "true",
    "NX_NO_CLOUD": "true",
    "NX_DAEMON": "false",
    "NX_TUI": "false",
    "npm_config_update_notifier": "false",
    "npm_config_fund": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """What starts a workflow."""

    event: Event
    base: str
    """The commit that the change starts from."""
    head: str
    """Its newest commit."""
    merge: str
    """The commit that is checked out."""


def run_workflow(
    act: ScanTool,
    place: Quarters,
    clone: Path,
    workflow: Workflow,
    started: Started,
    *,
    steps: Sequence[Step],
    nodes: Mapping[str, Node],
    bounds: Bounds,
    first: Sequence[Path] = (),
    environment: Mapping[str, str] | None = None,
    endings: Endings | None = None,
) -> Ended:
    """Run a workflow of a clone that lies in the quarters; what came of it is in act's output, not in its exit code.

    Args:
        steps: All of its steps, those of the target's own actions among them.
        nodes: Wanted version to the Node.js that is installed.
        first: Folders of programs that come before the system's and those of Node.js.
        environment: What every step is told beside what the workflow says.
        endings: What notes the end of each job.

    Raises:
        PrerequisiteMissing: if an action is used for which nothing stands in.
        ObservationError: if act did not keep to its bounds.
    """
    folder = place.folder / f"run-{len(list(place.folder.glob('run-*')))}"
    folder.mkdir(mode=0o755)
    empty, payload, neutral = folder / "empty", folder / "event.json", folder / "neutral"
    neutral.mkdir(mode=0o755)
    empty.touch()
    event = started.event
    payload.write_text(payload_of(event, base=started.base, head=started.head, merge=started.merge), encoding="utf-8")
    # Where it is installed may be no place for another user.
    program = place.folder / "act"
    if not program.exists():
        shutil.copy(act.executable, program)
        program.chmod(0o755)
    arguments = [
        *(str(program), event.name, "--json", "--directory", str(clone), "--workflows", str(clone / workflow.path)),
        *(word for label in labels_of(workflow) for word in ("--platform", f"{label}=-self-hosted")),
        *("--eventpath", str(payload), "--defaultbranch", event.branch, "--container-daemon-socket", "-"),
        *(word for name in _FILES for word in (name, str(empty))),
        *("--action-offline-mode", "--no-cache-server"),
        *(word for each in stand_ins(steps, folder, nodes, first, endings) for word in ("--local-repository", each)),
        *(word for name, value in (environment or {}).items() for word in ("--env", f"{name}={value}")),
    ]
    system = place.path
    told = {
        **_QUIET,
        "PATH": ":".join((*map(str, first), *dict.fromkeys(str(n.folder) for n in nodes.values()), system)),
    }
    # Started in a folder with nothing in it: an .actrc of the clone would change what is run.
    return place.run(arguments, cwd=neutral, environment=told, bounds=bounds)


def labels_of(workflow: Workflow) -> tuple[str, ...]:
    """Return the labels of GitHub's Linux runners that a workflow's jobs ask for, each once.

    Raises:
        PrerequisiteMissing: if none of its jobs runs on one.
    """
    asked = [label.text for job in workflow.jobs.values() if job.runs_on is not None for label in job.runs_on.items]
    found = tuple(dict.fromkeys(label for label in asked if label in _HOSTED))
    if not found:
        raise PrerequisiteMissing(
            workflow.path,
            got=f"runners {', '.join(dict.fromkeys(asked)) or 'that are not named'}",
            expected=f"one of {', '.join(_HOSTED)}",
            action="Leave the executed checks to a machine that is such a runner.",
        )
    return found

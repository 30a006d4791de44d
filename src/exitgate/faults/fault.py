"""A fault, and the copy of a target that it is injected into."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exitgate.dockerfile import Dockerfile, read_dockerfile
from exitgate.errors import TargetError
from exitgate.target import Target, Workload

if TYPE_CHECKING:
    from exitgate.faults.pipeline.stand_in import GitHubStandIn

_STAGE = "exitgate_fault"

Inject = Callable[["FaultSite"], None]
"""Breaks a clone in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One way to break a target, and what must be seen of it."""

    id: str
    """Unique, kebab-case."""
    title: str
    """What somebody did, as they would say it."""
    control: str
    """The control that must turn *not met*."""
    check: str
    """The control's check that must turn *not met*."""
    location: str
    """What the finding's location must contain: the fault has to be found where it was made."""
    message: str
    """What the finding's message must contain: red for its own reason."""
    inject: Inject
    on_github: Callable[[GitHubStandIn], object] | None = None
    """For a check that looks at GitHub itself: what was changed there, in place of a file of the target."""
    stack: str = ""
    """The stack that shows it, where the target has one of that name; any does where none is named."""
    of_a_service_with: str = ""
    """What the workload to break has to lean on, e.g. ``postgres``; any workload shows it where nothing is named."""
    also: frozenset[str] = field(default_factory=frozenset)
    """Other controls that this fault rightly may turn red; any control beyond them fails the proof."""


@dataclass(frozen=True, slots=True)
class FaultSite:
    """A clone of the target that may be broken, and the workload that the fault is for."""

    target: Target
    chosen: Workload | None
    """The workload to break; nothing where the target has none."""
    frontend: str = ""
    """The front end to break, where the fault is for one."""

    @property
    def subjects(self) -> tuple[str, ...]:
        """The subjects that a run has to look at to see the fault."""
        return tuple(name for name in (self.chosen.name if self.chosen else "", self.frontend) if name)

    @property
    def root(self) -> Path:
        """The clone's folder."""
        return self.target.directory

    @property
    def workload(self) -> Workload:
        """The workload to break.

        Raises:
            TargetError: if the target has none.
        """
        if self.chosen is None:
            raise TargetError(
                self.target.name,
                got="no workload",
                expected="one to inject faults into",
                action="Describe a [[service]].",
            )
        return self.chosen

    @property
    def dockerfile(self) -> Dockerfile:
        """The workload's Dockerfile as it stands now."""
        return read_dockerfile(self.root, self.workload.dockerfile)

    @property
    def entrypoint(self) -> list[str]:
        """The deployed stage's ENTRYPOINT in exec form.

        Raises:
            TargetError: if it has none in exec form.
        """
        own = [each.value for each in self.dockerfile.deployed(self.workload.stage) if each.name == "ENTRYPOINT"]
        try:
            return [str(word) for word in json.loads(own[-1])]
        except (IndexError, ValueError, TypeError) as error:
            raise TargetError(
                self.workload.dockerfile,
                got="no ENTRYPOINT in exec form",
                expected="one that a fault can wrap",
                action="Prove the gate on a target that has one, e.g. the reference.",
            ) from error

    def append(self, *lines: str) -> None:
        """Add instructions to the end of the Dockerfile."""
        path = self.root / self.workload.dockerfile
        path.write_text(
            path.read_text(encoding="utf-8").rstrip("\n") + "\n" + "\n".join(lines) + "\n", encoding="utf-8"
        )

    def add_file(self, path: str, *commands: str, mode: str = "0755") -> None:
        """Make a file by shell commands in a stage of its own, and copy it, mode and all, into the deployed stage.

        Args:
            path: Absolute; the commands make it under the same path.
            mode: Octal permission bits that it gets, setuid included.
        """
        instructions = self.dockerfile.instructions
        stage = f"{_STAGE}_{sum(each.name == 'FROM' for each in instructions)}"
        first = next(each for each in instructions if each.name == "FROM")
        base = next(word for word in first.value.split() if not word.startswith("--"))
        last = [each for each in instructions if each.name == "FROM"][-1]
        file = self.root / self.workload.dockerfile
        lines = file.read_text(encoding="utf-8").splitlines()
        made = [f"FROM {base} AS {stage}", "USER root", f"RUN {' && '.join((*commands, f'chmod {mode} {path}'))}", ""]
        lines[last.line - 1 : last.line - 1] = made
        file.write_text("\n".join([*lines, f"COPY --from={stage} {path} {path}"]) + "\n", encoding="utf-8")

    def add_script(self, path: str, source: str) -> None:
        """Put a script into the deployed stage; it must hold no single quote."""
        self.add_file(path, f"mkdir -p {path.rpartition('/')[0] or '/'}", f"printf %s '{source}' > {path}")

    def edit_task(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the workload's task definition.

        Raises:
            TargetError: if it has none, but a Compose file.
        """
        if self.workload.task_definition is None:
            raise TargetError(
                self.workload.name,
                got="settings from a Compose file",
                expected="a task definition that a fault can be put into",
                action="Prove the gate on a target that has one, e.g. the reference.",
            )
        path = self.root / self.workload.task_definition
        data = json.loads(path.read_text(encoding="utf-8"))
        change(data)
        path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")

    def edit_container(self, change: Callable[[dict[str, Any]], object]) -> None:
        """Change the workload's container in its task definition."""

        def change_own(task: dict[str, Any]) -> None:
            for container in task["containerDefinitions"]:
                if container["name"] == self.workload.container_name:
                    change(container)

        self.edit_task(change_own)

    def drop_task_user(self) -> None:
        """Leave the user to the image."""
        self.edit_container(lambda container: container.pop("user", None))

    def drop_nothing(self) -> None:
        """Have the task definition drop no capability."""
        self.edit_container(lambda container: container.get("linuxParameters", {}).pop("capabilities", None))

"""A workflow of GitHub Actions, as its file says it. Everything keeps its place, ``path:line``.

Source: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exitgate.github.node import Node

PULL_REQUEST_EVENTS = ("pull_request", "pull_request_target")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why GitHub would not run a workflow."""

    place: str
    got: str
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One pattern of a filter."""

    text: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """An event under ``on:``, with its filters; nothing where one is not given."""

    event: str
    place: str
    types: tuple[str, ...] | None = None
    branches: tuple[Pattern, ...] | None = None
    branches_ignore: tuple[Pattern, ...] | None = None
    tags: tuple[Pattern, ...] | None = None
    tags_ignore: tuple[Pattern, ...] | None = None
    paths: tuple[Pattern, ...] | None = None
    paths_ignore: tuple[Pattern, ...] | None = None
    inputs: Mapping[str, Node] = field(default_factory=dict)
    """Of a call or a dispatch: what may be handed in, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What a token may do."""

    place: str
    all: str = ""
    """``read-all`` or ``write-all``; empty where scopes are named one by one."""
    scopes: Mapping[str, Node] = field(default_factory=dict)
    """Scope to ``read``, ``write`` or ``none``; a scope that is not named is nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """An ``if:``."""

    source: Node
    """A YAML boolean or number, or text; GitHub reads all of it as one expression where no ``${{`` stands in it."""

    @property
    def text(self) -> str:
        """As it is written."""
        return self.source.text

    @property
    def place(self) -> str:
        """Where."""
        return self.source.place


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a job or of a composite action."""

    place: str
    id: str = ""
    name: Node | None = None
    uses: Node | None = None
    run: Node | None = None
    """The script; its `first_line` is the file's line of the script's first."""
    shell: str = ""
    """As the step, its job or its workflow says, in this order; empty where none does: GitHub's default."""
    working_directory: str = ""
    condition: Condition | None = None
    continue_on_error: Node | None = None
    timeout_minutes: Node | None = None
    env: Mapping[str, Node] = field(default_factory=dict)
    with_: Mapping[str, Node] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """What people call it: its name, what it uses, or the first line that it runs."""
        if self.name and self.name.text:
            return self.name.text
        if self.uses:
            return self.uses.text
        return next(iter((self.run.text if self.run else "").strip().splitlines()), "step")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job: steps of its own, or a call of another workflow."""

    id: str
    place: str
    name: Node | None = None
    needs: tuple[Node, ...] = ()
    condition: Condition | None = None
    runs_on: Node | None = None
    matrix: Node | None = None
    fail_fast: Node | None = None
    steps: tuple[Step, ...] = ()
    uses: Node | None = None
    with_: Mapping[str, Node] = field(default_factory=dict)
    secrets: Node | None = None
    """What a called workflow gets: ``inherit``, or name to value."""
    permissions: Permissions | None = None
    """Its own; nothing where it has the workflow's."""
    continue_on_error: Node | None = None
    timeout_minutes: Node | None = None
    environment: Node | None = None
    concurrency: Node | None = None
    container: Node | None = None
    services: Node | None = None
    outputs: Mapping[str, Node] = field(default_factory=dict)
    env: Mapping[str, Node] = field(default_factory=dict)
    needed: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """Ids of the jobs that it waits for."""

    def __post_init__(self) -> None:
        """Tell once what is asked for often."""
        object.__setattr__(self, "needed", tuple(need.text for need in self.needs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """A workflow file."""

    path: str
    source: Node
    """All that the file holds."""
    name: str = ""
    triggers: Mapping[str, Trigger] = field(default_factory=dict)
    """By event."""
    permissions: Permissions | None = None
    concurrency: Node | None = None
    env: Mapping[str, Node] = field(default_factory=dict)
    jobs: Mapping[str, Job] = field(default_factory=dict)
    """By id, in the file's order."""
    problems: tuple[Problem, ...] = ()
    """Where there is one, GitHub runs nothing of it."""
    _ancestors: dict[str, tuple[str, ...]] = field(init=False, compare=False, repr=False, default_factory=dict)
    """Job id to its ancestors, as far as they were asked for."""
    _order: list[Job] = field(init=False, compare=False, repr=False, default_factory=list)
    """All jobs, each after those that it needs, once that was asked for."""

    @property
    def is_valid(self) -> bool:
        """Whether GitHub runs it at all, as far as the model knows."""
        return not self.problems

    def permissions_of(self, job: Job) -> Permissions | None:
        """What a job's token may do; nothing where the repository's default decides."""
        return job.permissions or self.permissions

    def ancestors(self, job: Job) -> tuple[str, ...]:
        """Ids of all jobs that it waits for, over others as well, nearest first."""
        if job.id not in self._ancestors:
            found: dict[str, None] = {}
            waiting = list(job.needed)
            while waiting:
                name = waiting.pop(0)
                if name not in found and name in self.jobs:
                    found[name] = None
                    waiting += self.jobs[name].needed
            self._ancestors[job.id] = tuple(found)
        return self._ancestors[job.id]

    def in_order(self) -> tuple[Job, ...]:
        """Jobs, each after those that it needs. Only of a workflow without cycles."""
        if not self._order:
            self._order.extend(self._ordered())
        return tuple(self._order)

    def _ordered(self) -> Iterator[Job]:
        done: set[str] = set()
        begun: set[str] = set()
        # Last in, first out, each job a second time once those that it needs are done.
        waiting = list(self.jobs)[::-1]
        while waiting:
            name = waiting.pop()
            if name in done:
                continue
            open_needs = [need for need in self.jobs[name].needed if need in self.jobs and need not in begun]
            if name in begun or not open_needs:
                begun.add(name)
                done.add(name)
                yield self.jobs[name]
                continue
            begun.add(name)
            waiting += [name, *reversed(open_needs)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositeAction:
    """A composite action of the target's own."""

    path: str
    """Of its ``action.yml``."""
    steps: tuple[Step, ...]
    inputs: Mapping[str, Node] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

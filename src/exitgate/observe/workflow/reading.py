"""Workflows and composite actions, read from their files; what GitHub would refuse is kept as a problem with its place."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from exitgate.github.expressions import BadExpression, parse_condition, parse_template
from exitgate.github.filters import BadPattern, matches
from exitgate.github.node import Node
from exitgate.github.workflow import (
    CompositeAction,
    Condition,
    Job,
    Pattern,
    Permissions,
    Problem,
    Step,
    Trigger,
    Workflow,
)
from exitgate.observe.workflow.source import Unreadable, parse_yaml

_ID = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_FILTERS = ("branches", "branches-ignore", "tags", "tags-ignore", "paths", "paths-ignore")
_TRIGGER_KEYS = frozenset({"types", *_FILTERS, "inputs", "outputs", "secrets", "workflows", "names", "cron"})
_WORKFLOW_KEYS = frozenset(
    {"name", "run-name", "on", "permissions", "env", "defaults", "concurrency", "jobs", "description"}
)
_JOB_KEYS = frozenset(
    {
        "name",
        "permissions",
        "needs",
        "if",
        "runs-on",
        "snapshot",
        "environment",
        "concurrency",
        "outputs",
        "env",
        "defaults",
        "steps",
        "timeout-minutes",
        "strategy",
        "continue-on-error",
        "container",
        "services",
        "uses",
        "with",
        "secrets",
    }
)
_STEP_KEYS = frozenset(
    {
        "id",
        "if",
        "name",
        "uses",
        "run",
        "working-directory",
        "shell",
        "with",
        "env",
        "continue-on-error",
        "timeout-minutes",
        "background",
        "wait",
        "wait-all",
        "cancel",
        "parallel",
    }
)


def parse_workflow(text: str, path: str) -> Workflow:
    """Read a workflow; of one that is no YAML at all, only the problem."""
    try:
        source = parse_yaml(text, path)
    except Unreadable as error:
        nothing = Node(value=None, path=path, line=1, first_line=1)
        return Workflow(path=path, source=nothing, problems=(error.problem,))
    return _Reading().workflow(source, path)


def parse_action(text: str, path: str) -> CompositeAction | None:
    """Read an ``action.yml``; nothing where it is no composite action."""
    try:
        source = parse_yaml(text, path)
    except Unreadable as error:
        return CompositeAction(path=path, steps=(), problems=(error.problem,))
    runs = source.mapping.get("runs")
    if runs is None or runs.mapping.get("using") is None or runs.mapping["using"].text != "composite":
        return None
    reading = _Reading()
    steps = reading.steps(runs.mapping.get("steps"), "", "")
    inputs = source.mapping.get("inputs")
    return CompositeAction(
        path=path, steps=steps, inputs=inputs.mapping if inputs else {}, problems=tuple(reading.problems)
    )


@dataclass(slots=True)
class _Reading:
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, at: Node, got: str, expected: str) -> None:
        self.problems.append(Problem(place=at.place, got=got, expected=expected))

    def known(self, node: Node, keys: frozenset[str], what: str) -> None:
        for name, value in node.mapping.items():
            if name not in keys:
                near = difflib.get_close_matches(name, keys, n=1, cutoff=0.6)
                self.refuse(
                    value,
                    f"an unknown key of {what}, {name!r}",
                    f"the key {near[0]!r}" if near else f"one of {', '.join(sorted(keys))}",
                )

    def workflow(self, source: Node, path: str) -> Workflow:
        top = source.mapping
        self.known(source, _WORKFLOW_KEYS, "a workflow")
        triggers = self.triggers(top.get("on"), source)
        shell, folder = self.defaults(top.get("defaults"), "", "")
        jobs: dict[str, Job] = {}
        listed = top.get("jobs")
        if listed is None or not listed.mapping:
            self.refuse(listed or source, "no jobs", "at least one job under `jobs`")
        for name, node in (listed.mapping if listed else {}).items():
            if not _ID.fullmatch(name):
                self.refuse(node, f"the job id {name!r}", "a letter or _, then letters, digits, - and _")
            jobs[name] = self.job(name, node, shell, folder)
        self.needs(jobs)
        return Workflow(
            path=path,
            source=source,
            name=top["name"].text if "name" in top else "",
            triggers=triggers,
            permissions=self.permissions(top.get("permissions")),
            concurrency=top.get("concurrency"),
            env=self.mapping(top, "env"),
            jobs=jobs,
            problems=tuple(self.problems),
        )

    def triggers(self, on: Node | None, source: Node) -> dict[str, Trigger]:
        if on is None:
            self.refuse(source, "no `on`", "the events that start it")
            return {}
        if on.mapping:
            return {event: self.trigger(event, node) for event, node in on.mapping.items()}
        if not on.items:
            self.refuse(on, "an empty `on`", "the events that start it")
        for each in on.items:
            if not each.text:
                self.refuse(each, "an event that is no name", "the events that start it")
        return {each.text: Trigger(event=each.text, place=each.place) for each in on.items if each.text}

    def trigger(self, event: str, node: Node) -> Trigger:
        given = node.mapping
        if event != "schedule":
            self.known(node, _TRIGGER_KEYS, f"the event {event}")
        for key in ("branches", "tags", "paths"):
            if key in given and f"{key}-ignore" in given:
                self.refuse(given[f"{key}-ignore"], f"{key} and {key}-ignore", "one of the two; `!` excludes as well")
        inputs = given.get("inputs")
        filters = {name.replace("-", "_"): self.filter(given.get(name)) for name in _FILTERS}
        return Trigger(
            event=event,
            place=node.place,
            types=tuple(each.text for each in given["types"].items) if "types" in given else None,
            inputs=inputs.mapping if inputs else {},
            **filters,
        )

    def filter(self, node: Node | None) -> tuple[Pattern, ...] | None:
        if node is None:
            return None
        found = tuple(Pattern(text=each.text, place=each.place) for each in node.items)
        for each, pattern in zip(node.items, found, strict=True):
            try:
                matches(pattern.text, "")
            except BadPattern as error:
                self.refuse(each, f"the filter {pattern.text!r}: {error}", "a pattern that GitHub reads")
        return found

    def permissions(self, node: Node | None) -> Permissions | None:
        if node is None:
            return None
        if node.is_scalar and node.value is not None:
            if node.text not in {"read-all", "write-all"}:
                self.refuse(node, f"permissions: {node.text}", "read-all, write-all, or scopes")
            return Permissions(place=node.place, all=node.text)
        for scope, level in node.mapping.items():
            if level.text not in {"read", "write", "none"}:
                self.refuse(level, f"{scope}: {level.text or 'nothing'}", "read, write or none")
        return Permissions(place=node.place, scopes=node.mapping)

    def defaults(self, node: Node | None, shell: str, folder: str) -> tuple[str, str]:
        run = node.mapping.get("run") if node else None
        given = run.mapping if run else {}
        return (
            given["shell"].text if "shell" in given else shell,
            given["working-directory"].text if "working-directory" in given else folder,
        )

    def mapping(self, given: Mapping[str, Node], key: str) -> Mapping[str, Node]:
        return given[key].mapping if key in given else {}

    def condition(self, node: Node | None) -> Condition | None:
        if node is None or node.value is None:
            return None
        try:
            parse_condition(node.text)
        except BadExpression as error:
            self.refuse(node, f"a condition with {error}", "an expression that GitHub reads")
        return Condition(source=node)

    def template(self, node: Node | None) -> Node | None:
        for each in _scalars(node):
            try:
                if "${{" in each.text:
                    parse_template(each.text)
            except BadExpression as error:
                self.refuse(each, f"an expression with {error}", "one that GitHub reads")
        return node

    def job(self, name: str, node: Node, shell: str, folder: str) -> Job:
        given = node.mapping
        if not given:
            self.refuse(node, f"the job {name} without keys", "runs-on and steps, or uses")
        self.known(node, _JOB_KEYS, "a job")
        uses, runs_on = given.get("uses"), given.get("runs-on")
        if given and uses is None:
            if runs_on is None or not (runs_on.items or runs_on.mapping):
                self.refuse(node, f"the job {name} without runs-on", "the runner that it runs on")
            if "steps" not in given or not given["steps"].items:
                self.refuse(node, f"the job {name} without steps", "at least one step")
        elif uses is not None and "steps" in given:
            self.refuse(given["steps"], f"the job {name} with uses and steps", "one of the two")
        strategy = self.mapping(given, "strategy")
        own_shell, own_folder = self.defaults(given.get("defaults"), shell, folder)
        return Job(
            id=name,
            place=node.place,
            name=self.template(given.get("name")),
            needs=given["needs"].items if "needs" in given else (),
            condition=self.condition(given.get("if")),
            runs_on=self.template(runs_on),
            matrix=self.template(strategy.get("matrix")),
            fail_fast=strategy.get("fail-fast"),
            steps=self.steps(given.get("steps"), own_shell, own_folder),
            uses=uses,
            with_=self.mapping(given, "with"),
            secrets=given.get("secrets"),
            permissions=self.permissions(given.get("permissions")),
            continue_on_error=self.template(given.get("continue-on-error")),
            timeout_minutes=given.get("timeout-minutes"),
            environment=given.get("environment"),
            concurrency=given.get("concurrency"),
            container=given.get("container"),
            services=given.get("services"),
            outputs=self.mapping(given, "outputs"),
            env=self.mapping(given, "env"),
        )

    def steps(self, node: Node | None, shell: str, folder: str) -> tuple[Step, ...]:
        return tuple(self.step(each, shell, folder) for each in (node.items if node else ()))

    def step(self, node: Node, shell: str, folder: str) -> Step:
        given = node.mapping
        self.known(node, _STEP_KEYS, "a step")
        if ("uses" in given) == ("run" in given) and not given.keys() & {"wait", "wait-all", "cancel", "parallel"}:
            self.refuse(
                node, "a step with uses and run" if "run" in given else "a step without uses or run", "one of them"
            )
        for key in ("run", "env", "with", "name"):
            self.template(given.get(key))
        return Step(
            place=node.place,
            id=given["id"].text if "id" in given else "",
            name=given.get("name"),
            uses=given.get("uses"),
            run=given.get("run"),
            shell=given["shell"].text if "shell" in given else shell,
            working_directory=given["working-directory"].text if "working-directory" in given else folder,
            condition=self.condition(given.get("if")),
            continue_on_error=self.template(given.get("continue-on-error")),
            timeout_minutes=given.get("timeout-minutes"),
            env=self.mapping(given, "env"),
            with_=self.mapping(given, "with"),
        )

    def needs(self, jobs: Mapping[str, Job]) -> None:
        for job in jobs.values():
            for need in job.needs:
                if need.text not in jobs:
                    near = difflib.get_close_matches(need.text, jobs, n=1)
                    self.refuse(
                        need,
                        f"the job {job.id} needs {need.text!r}, which is not there",
                        f"the job {near[0]!r}" if near else f"one of {', '.join(jobs)}",
                    )
        if cycle := _cycle(jobs):
            place = jobs[cycle[0]].needs[0]
            self.refuse(place, f"a cycle in needs: {' needs '.join(cycle)}", "jobs that wait for one another to an end")


def _scalars(node: Node | None) -> list[Node]:
    """Return all scalars that a value holds."""
    found: list[Node] = []
    waiting = [node] if node else []
    while waiting:
        each = waiting.pop()
        if each.is_scalar:
            found.append(each)
        else:
            waiting += each.items or each.mapping.values()
    return found


def _cycle(jobs: Mapping[str, Job]) -> list[str]:
    """Return the first cycle in what jobs need; nothing where there is none."""
    done: set[str] = set()
    for start in jobs:
        path: list[str] = []
        waiting: list[tuple[str, bool]] = [(start, False)]
        while waiting:
            name, leaving = waiting.pop()
            if leaving:
                done.add(path.pop())
            elif name in path:
                return [*path[path.index(name) :], name]
            elif name not in done and name in jobs:
                path.append(name)
                waiting.append((name, True))
                waiting += [(need, False) for need in reversed(jobs[name].needed)]
    return []

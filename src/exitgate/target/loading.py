"""Reads a target's ``exitgate.toml``, and refuses what contradicts itself, the target's files or the gate."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from exitgate.assurance import Assurance
from exitgate.catalogue import Control, Gate, SubjectKind
from exitgate.errors import TargetError
from exitgate.target.configuration import CONFIGURATION_FILE, Answers, Configuration, Frontend, Stack, Workload
from exitgate.target.described import Accepted, Target
from exitgate.toml_source import Location, first_problem, line_of
from exitgate.waivers import Responsibilities

_Placed = Workload | Frontend | Stack | Answers
"""Tables that name files of the target."""


def load_target(directory: Path) -> Target:
    """Read and check the configuration of the target in `directory`.

    Raises:
        TargetError: if there is no exitgate.toml, it is not valid, or it names files that are not there.
    """
    path = directory / CONFIGURATION_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise TargetError(
            str(directory),
            got=f"no {CONFIGURATION_FILE}",
            expected="a target described by one",
            action="Write one (README, 'Your own repository'), or name another folder with --gate-target.",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(
            str(path), got=f"can't be read ({error})", expected="a UTF-8 text file", action="Mend the file."
        ) from error
    try:
        configuration = Configuration.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        got = str(error).replace("at end of document", f"at end of document, line {len(text.rstrip().split(chr(10)))}")
        raise TargetError(str(path), got=got, expected="valid TOML", action="Mend that line.") from error
    except ValidationError as error:
        problem = first_problem(error, text, Configuration)
        more = f" {problem.more} more after this one." if problem.more else ""
        raise TargetError(
            f"{path}:{problem.line}",
            got=problem.got,
            expected=problem.expected,
            action=f"Mend that line; `exitgate schema target` prints every key.{more}",
        ) from error
    except (RecursionError, ValueError) as error:
        raise TargetError(
            str(path),
            got=f"a value that can't be read ({error})",
            expected="valid TOML of sensible size",
            action="Mend it.",
        ) from error
    accepted = _read_accepted(directory, configuration)
    target = Target(directory=directory, configuration=configuration, source=text, accepted=accepted)
    _refuse_doubles(target, path)
    _refuse_strange_backings(target, path)
    _refuse_missing_files(target, path)
    _refuse_strangers(target, path)
    return target


def _read_accepted(directory: Path, configuration: Configuration) -> Accepted | None:
    """Read the file of waivers that a target names.

    Raises:
        TargetError: if it is not there, not valid, or exitgate.toml has waivers too.
    """
    name = configuration.target.waivers
    if name is None:
        return None
    if configuration.waiver or configuration.not_applicable:
        raise TargetError(
            CONFIGURATION_FILE,
            got=f"waivers or exclusions here and in {name}",
            expected="all of them in one file",
            action=f"Move them to {name}.",
        )
    path, source = directory / name, ""
    try:
        inside = path.resolve().is_relative_to(directory.resolve())
        source = path.read_text(encoding="utf-8") if inside else ""
        responsibilities = Responsibilities.model_validate(tomllib.loads(source))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise TargetError(
            name, got=f"can't be read ({error})", expected="a TOML file of waivers, committed", action="Mend it."
        ) from error
    except ValidationError as error:
        problem = first_problem(error, source, Responsibilities)
        raise TargetError(
            f"{name}:{problem.line}", got=problem.got, expected=problem.expected, action="Mend that line."
        ) from error
    if not inside:
        raise TargetError(name, got="a file outside of the target", expected="one inside", action="Name one that is.")
    return Accepted(path=name, source=source, responsibilities=responsibilities)


def check_against(target: Target, gate: Gate) -> None:
    """Check what the target says about controls against the gate's own list.

    Raises:
        TargetError: if a waiver, an exclusion or a demanded level names no control of the gate, or a demand would lower one.
    """
    known: dict[str, Control] = {control.id: control for control in gate.everything}
    named = [(w.control, target.locate_accepted("waiver", i, "control")) for i, w in enumerate(target.waivers)]
    named += [
        (each.control, target.locate_accepted("not_applicable", i, "control"))
        for i, each in enumerate(target.exclusions)
    ]
    named += [(each, target.locate("policy", "assurance", each)) for each in target.policy.assurance]
    stray = [(control, place) for control, place in named if control not in known]
    if stray:
        raise TargetError(
            stray[0][1],
            got=f"{stray[0][0]!r} in a waiver, exclusion or assurance demand",
            expected=f"a control of {gate.id}",
            action="`exitgate list` shows them all.",
        )
    for control_id, label in target.policy.assurance.items():
        needs = known[control_id].needs.label
        if Assurance.parse(label) < known[control_id].needs:
            raise TargetError(
                target.locate("policy", "assurance", control_id),
                got=f"{control_id} = {label!r}",
                expected=f"at least {needs!r}, which the catalogue asks for",
                action="A policy may ask for more than the catalogue, never for less.",
            )


def _refuse_doubles(target: Target, path: Path) -> None:
    config = target.configuration
    seen: dict[str, Location] = {}
    named: list[tuple[str, Location]] = [(s.name, ("service", i, "name")) for i, s in enumerate(config.service)]
    named += [(b.name, ("backing", i, "name")) for i, b in enumerate(config.backing)]
    for index, frontend in enumerate(config.frontend):
        named.append((frontend.name, ("frontend", index, "name")))
        if frontend.workload and frontend.workload.name != frontend.name:
            named.append((frontend.workload.name, ("frontend", index, "workload", "name")))
    for name, location in named:
        if name in seen:
            raise TargetError(
                f"{path}:{line_of(target.source, location)}",
                got=f"a second subject named {name!r}",
                expected=f"unique names (the first is in line {line_of(target.source, seen[name])})",
                action="Rename one of the two.",
            )
        seen[name] = location


def _refuse_strange_backings(target: Target, path: Path) -> None:
    declared = [backing.name for backing in target.configuration.backing]
    for prefix, entry in _placed_entries(target.configuration):
        for variable, use in entry.backing.items() if isinstance(entry, Workload) else ():
            if use.backing not in declared:
                raise TargetError(
                    f"{path}:{line_of(target.source, (*prefix, 'backing', variable))}",
                    got=f"{variable} = {use.backing!r}, which no [[backing]] declares",
                    expected=f"one of {', '.join(declared) or 'none: there is no [[backing]]'}",
                    action="Declare it, or correct its name.",
                )


def _refuse_missing_files(target: Target, path: Path) -> None:
    root = target.directory.resolve()
    for prefix, entry in _placed_entries(target.configuration):
        for key, value in _paths_of(entry):
            where = f"{path}:{line_of(target.source, (*prefix, key))}"
            try:
                resolved = (root / value).resolve()
                kind = "folder" if resolved.is_dir() else "file" if resolved.is_file() else ""
            except (OSError, ValueError, RuntimeError) as error:
                raise TargetError(
                    where, got=f"{key} = {value!r}", expected="a path that can be followed", action="Correct it."
                ) from error
            if not resolved.is_relative_to(root):
                raise TargetError(
                    where, got=f"{key} = {value!r}", expected="a path inside the target", action="Name one that is."
                )
            wanted = "folder" if key in ("path", "context") else "file"
            if kind != wanted:
                raise TargetError(
                    where,
                    got=f"{key} = {value!r}, which is not there",
                    expected=f"a {wanted} of the target, committed",
                    action="Correct the path, or commit what it names.",
                )


def _paths_of(entry: _Placed) -> Iterator[tuple[str, str]]:
    if isinstance(entry, Answers):
        yield from ((key, value) for key, value in entry if value is not None)
    for key in ("path", "dockerfile", "context", "task_definition", "compose", "override"):
        if (value := getattr(entry, key, None)) is not None:
            yield key, value
    for value in entry.var_files if isinstance(entry, Stack) else ():
        yield "var_files", value


def _placed_entries(config: Configuration) -> list[tuple[Location, _Placed]]:
    entries: list[tuple[Location, _Placed]] = [(("service", i), s) for i, s in enumerate(config.service)]
    stacks = config.infrastructure.stack if config.infrastructure else ()
    entries += [(("infrastructure", "stack", i), stack) for i, stack in enumerate(stacks)]
    for index, frontend in enumerate(config.frontend):
        entries.append((("frontend", index), frontend))
        if frontend.workload:
            entries.append((("frontend", index, "workload"), frontend.workload))
    with_answers = [(place, each.answers) for place, each in entries if isinstance(each, Workload) and each.answers]
    return [*entries, *(((*place, "answers"), answers) for place, answers in with_answers)]


def _refuse_strangers(target: Target, path: Path) -> None:
    known = {
        "service": list(target.subjects(SubjectKind.SERVICE)),
        "workload": list(target.subjects(SubjectKind.WORKLOAD)),
    }
    for named in target.policy.named_subjects():
        if named.name not in known[named.kind]:
            raise TargetError(
                f"{path}:{line_of(target.source, named.location)}",
                got=f"a rule for the {named.kind} {named.name!r}, which is not there",
                expected=f"one of {', '.join(known[named.kind]) or 'none, as the target has none'}",
                action="Correct the name, or take the rule out.",
            )

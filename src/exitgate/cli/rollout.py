"""``exitgate rollout``: one image replaced by another under load, by ECS's rules, for a person to look at."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exitgate.errors import PrerequisiteMissing, UsageError

if TYPE_CHECKING:
    from exitgate.by_hand import HandResult

_COULD_NOT_ASSESS = 3


class Disturb(StrEnum):
    """What may happen to a task."""

    KILL = "kill"
    FREEZE = "freeze"
    CUT_OFF = "cut-off"


class Spoil(StrEnum):
    """What may be made wrong with a version."""

    DEAF = "deaf"
    CRASHES = "crashes"
    ERRS = "errs"
    SLOW = "slow"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rollout)


def rollout(
    old: Annotated[str, typer.Option("--from", metavar="IMAGE", help="What runs at first: an image of the engine's.")],
    new: Annotated[str, typer.Option("--to", metavar="IMAGE", help="What is to replace it.")],
    settings: Annotated[
        list[Path],
        typer.Option(
            "--settings",
            metavar="FILE",
            help="TOML, a plan's JSON, or an answer of the AWS CLI; may be repeated, the last one counts.",
        ),
    ],
    *,
    service: Annotated[
        str, typer.Option("--service", metavar="NAME", help="Which ECS service, where a file holds several.")
    ] = "",
    env: Annotated[
        list[str] | None, typer.Option("--env", metavar="NAME=VALUE", help="A variable of the tasks; may be repeated.")
    ] = None,
    env_file: Annotated[
        list[Path] | None,
        typer.Option("--env-file", metavar="FILE", help="Lines of NAME=VALUE, as Docker takes them; may be repeated."),
    ] = None,
    network: Annotated[
        str, typer.Option("--network", metavar="NAME", help="A network of the engine's that the tasks join.")
    ] = "",
    listen: Annotated[
        int, typer.Option("--listen", metavar="PORT", min=0, max=65535, help="The balancer's port of 127.0.0.1.")
    ] = 0,
    faster: Annotated[
        float, typer.Option("--faster", metavar="K", min=1, max=100, help="Divide the waits of ECS and balancer by K.")
    ] = 1.0,
    limit: Annotated[
        float,
        typer.Option("--limit", metavar="SECONDS", min=1, max=3600, help="For the deployment, rollback included."),
    ] = 300.0,
    spoil: Annotated[
        Spoil | None,
        typer.Option("--spoil", help="Make the new version bad from outside, to see whether it is rolled back."),
    ] = None,
    disturb: Annotated[
        Disturb | None,
        typer.Option(
            "--disturb", help="Do this to the first healthy task of the new version, in the middle of it all."
        ),
    ] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Where the timeline goes, in JSON.")
    ] = None,
) -> None:
    """Replace one image by another under load, by ECS's rules, and show it. Exits 0 where it completes and nobody notices."""
    from rich.console import Console

    from exitgate.by_hand import HandOrder, roll_by_hand
    from exitgate.cli.rollout_display import showing
    from exitgate.observe.rollout.facts import Defect, Disturbance
    from exitgate.observe.rollout.given import read_given_settings

    order = HandOrder(
        old=old,
        new=new,
        settings=read_given_settings(settings, service),
        environment={**_from_files(env_file or ()), **dict(_variable(each, "--env") for each in env or ())},
        network=network,
        listen=listen,
        compression=faster,
        limit_s=limit,
        defect=Defect[spoil.name] if spoil else Defect.NONE,
        disturbance=Disturbance[disturb.name] if disturb else None,
    )
    _refuse_unwritable(json_file)
    try:
        with showing(Console()) as watch:
            result = roll_by_hand(order, watch)
    except PrerequisiteMissing as error:
        print(f"exitgate: not assessed: {error}", file=sys.stderr)
        raise typer.Exit(_COULD_NOT_ASSESS) from None
    if json_file:
        json_file.write_bytes(result.told)
    _summarise(result)
    if result.not_assessed:
        print(f"exitgate: not assessed: {result.not_assessed}", file=sys.stderr)
    raise typer.Exit(1 if result.findings else _COULD_NOT_ASSESS if result.not_assessed else 0)


def _summarise(result: HandResult) -> None:
    from exitgate.load.results import percentile

    rollout, load = result.rollout, result.rollout.load
    (step,) = rollout.steps
    for finding in result.findings:
        print(f"\n{finding.location}: {finding.message}\n  expected {finding.expected}\n  got      {finding.got}")
        print(f"  remedy   {finding.remedy}")
    latency_ms = percentile([each.latency_s for each in load.requests if not each.failure], 99) * 1000
    gap_ms = load.longest_gap(step.asked_s, step.settled_s).length_s * 1000
    why = f" ({step.reason})" if step.reason else ""
    print(
        f"\n{step.result or 'not over in time'}{why} after {step.took_s:.1f} s: {len(load.requests)} requests, "
        f"{len(load.failed)} failed, {load.unsent} not sent; 99 % within {latency_ms:.0f} ms, longest gap {gap_ms:.0f} ms"
    )


def _from_files(files: list[Path] | tuple[()]) -> dict[str, str]:
    found: dict[str, str] = {}
    for file in files:
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"--env-file {file}",
                got=f"can't be read ({error})",
                expected="a UTF-8 text file",
                action="Name another.",
            ) from error
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            # As with Docker, a name alone takes this process's own value, and is left out where it has none.
            if "=" in line or line.strip() in os.environ:
                name, value = _variable(
                    line if "=" in line else f"{line}={os.environ[line.strip()]}", f"{file}:{number}"
                )
                found[name] = value
    return found


def _variable(text: str, where: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or " " in name.strip():
        raise UsageError(where, got=f"{name!r} without a value", expected="NAME=VALUE", action="Correct it.")
    return name.strip(), value


def _refuse_unwritable(file: Path | None) -> None:
    if file is not None and (file.is_dir() or not file.absolute().parent.is_dir()):
        raise UsageError(
            f"--json {file}",
            got="no file can be there",
            expected="a file in a folder that is there",
            action="Name another.",
        )

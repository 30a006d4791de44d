"""``exitgate run``: the command that judges."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exitgate.github.place import DEFAULT_DAYS, FEWEST_DAYS, MOST_DAYS, PUBLIC_API, TOKEN_VARIABLE, GitHubPlace
from exitgate.launch import Launch, run_gate
from exitgate.process import DATABASE_URL_VARIABLE

GateName = Annotated[str, typer.Argument(metavar="GATE", help="A gate that ships with exitgate, e.g. gate3.")]
TargetOption = Annotated[
    Path | None,
    typer.Option(
        "--gate-target", metavar="DIR", help="The repository to judge; in a checkout of exitgate: its reference."
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--gate-report", metavar="DIR", help="Where the reports go; default: reports/GATE below this folder."),
]
ControlOption = Annotated[
    list[str] | None, typer.Option("--control", metavar="ID", help="This control alone; may be repeated.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(run)


def run(
    gate: GateName,
    *,
    gate_target: TargetOption = None,
    gate_report: ReportOption = None,
    control: ControlOption = None,
    criterion: Annotated[
        list[str] | None, typer.Option("--criterion", metavar="ID", help="This criterion alone; may be repeated.")
    ] = None,
    subject: Annotated[
        list[str] | None,
        typer.Option(
            "--subject",
            metavar="NAME",
            help="This service, workload or front end alone, and the target; may be repeated.",
        ),
    ] = None,
    stack: Annotated[
        list[str] | None,
        typer.Option(
            "--stack",
            metavar="NAME",
            help="Plan this stack of the infrastructure alone: nothing about it is met then; may be repeated.",
        ),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(
            "--without",
            metavar="CONTROL:CHECK",
            help="Leave this check out, so that its control is not assessed; may be repeated.",
        ),
    ] = None,
    policy: Annotated[
        str,
        typer.Option(
            "--policy",
            metavar="DIGEST",
            help="Refuse to run by other rules, waivers and exclusions than those of this digest; `validate` prints it.",
        ),
    ] = "",
    rehearsal: Annotated[
        bool,
        typer.Option("--rehearsal", help="Accept openly that this is a rehearsal: a pass with substitutes exits 0."),
    ] = False,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="Judge uncommitted changes too; the record says so.")
    ] = False,
    trivy_db: Annotated[
        Path | None,
        typer.Option(
            "--trivy-db",
            metavar="DIR",
            help="The vulnerability database to scan with; default: Trivy's public one, brought up to date.",
        ),
    ] = None,
    database_url: Annotated[
        str,
        typer.Option(
            "--database-url",
            metavar="URL",
            envvar=DATABASE_URL_VARIABLE,
            help="A PostgreSQL on which migrations are tried, in databases of the run's own; default: a throwaway server.",
        ),
    ] = "",
    github_repository: Annotated[
        str,
        typer.Option(
            "--github-repository",
            metavar="OWNER/NAME",
            help="The target's repository on GitHub, asked and never changed: its rules, reports and merges; default: not asked.",
        ),
    ] = "",
    github_token_variable: Annotated[
        str,
        typer.Option(
            "--github-token-variable", metavar="NAME", help="The environment variable with the token to ask it with."
        ),
    ] = TOKEN_VARIABLE,
    github_api: Annotated[
        str,
        typer.Option("--github-api", metavar="URL", help="The root of its REST API: https://HOST/api/v3 of one's own."),
    ] = PUBLIC_API,
    github_days: Annotated[
        int,
        typer.Option(
            "--github-days", min=FEWEST_DAYS, max=MOST_DAYS, metavar="N", help="How far back merges are looked at."
        ),
    ] = DEFAULT_DAYS,
    thorough: Annotated[
        bool,
        typer.Option(
            "--thorough",
            help="Make every check, and shorten no wait: versions are rolled out at the policy's own times, which takes hours.",
        ),
    ] = False,
    every_check: Annotated[
        bool,
        typer.Option(
            "--every-check", help="Make the checks too that are left to --thorough, with waits as short as ever."
        ),
    ] = False,
    aws_endpoint: Annotated[
        str,
        typer.Option(
            "--aws-endpoint",
            metavar="URL",
            help="An emulator of AWS to which the stack is applied, in accounts of the run's own; default: a throwaway one.",
        ),
    ] = "",
    aws_account: Annotated[
        str,
        typer.Option(
            "--aws-account",
            metavar="ID",
            help="A real sandbox account to apply to in the place of an emulator; the caller has to be in it.",
        ),
    ] = "",
    allow_apply: Annotated[
        bool,
        typer.Option(
            "--allow-apply", help="Let the run make, change and destroy resources in that account, which cost money."
        ),
    ] = False,
    workers: Annotated[
        int | None, typer.Option("--workers", "-n", min=0, max=64, help="Worker processes; 0 for none.")
    ] = None,
) -> None:
    """Judge a target by a gate. Exits 0 passed, 1 failed, 2 usage, 3 could not assess, 4 internal error."""
    code = run_gate(
        Launch(
            gate=gate,
            target=gate_target.resolve() if gate_target else None,
            report=(gate_report or Path("reports") / gate).resolve(),
            controls=control or (),
            criteria=criterion or (),
            subjects=subject or (),
            stacks=stack or (),
            without=without or (),
            policy=policy,
            rehearsal=rehearsal,
            allow_dirty=allow_dirty,
            workers=workers,
            database_url=database_url,
            github=GitHubPlace(repository=github_repository, api=github_api, days=github_days)
            if github_repository
            else None,
            github_token_variable=github_token_variable,
            thorough=thorough,
            every_check=every_check,
            aws_endpoint=aws_endpoint,
            aws_account=aws_account,
            allow_apply=allow_apply,
            trivy_db=trivy_db.resolve() if trivy_db else None,
        )
    )
    raise typer.Exit(code)

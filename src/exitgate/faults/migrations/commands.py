"""Faults of 3.4.B.1 and 3.4.B.2 that files show: commands that have no place there."""

from __future__ import annotations

from exitgate.faults.fault import Fault, FaultSite
from exitgate.faults.migrations.editing import rewrite, rewrite_rules

_CI, _WAY = "3.4.B.1", "3.4.B.2"
_DEPLOY = ".github/workflows/deploy.yml"


def _push_in_the_image(site: FaultSite) -> None:
    site.append('RUN ["npx", "prisma", "db", "push", "--accept-data-loss"]')


def _develop_in_ci(site: FaultSite) -> None:
    rewrite(site, ".github/scripts/deploy-migrations.mjs", r'"migrate", "deploy"', '"migrate", "dev"')


def _reset_in_the_task(site: FaultSite) -> None:
    site.edit_container(lambda container: container.update(command=["prisma", "migrate", "reset", "--force"]))


def _deploy_in_the_workflow(site: FaultSite) -> None:
    rewrite(
        site,
        _DEPLOY,
        r"run: \.github/scripts/roll-out orders",
        "run: npx prisma migrate deploy && .github/scripts/roll-out orders",
    )


def _say_ci_job(site: FaultSite) -> None:
    rewrite_rules(site, r'^way = "startup"', 'way = "ci_job"')


def _say_one_off(site: FaultSite) -> None:
    rewrite_rules(site, r'^way = "startup"', 'way = "one_off_task"')


FAULTS = (
    Fault(
        id="schema-pushed",
        title="the image's build pushes the schema without a migration",
        control=_CI,
        check="no-unsafe-commands",
        location="Dockerfile:",
        message="changes the schema without a migration",
        inject=_push_in_the_image,
    ),
    Fault(
        id="migrate-dev-in-ci",
        title="CI's script runs the developers' command",
        control=_CI,
        check="no-unsafe-commands",
        location=".github/scripts/deploy-migrations.mjs:",
        message="resets the database where it finds drift",
        inject=_develop_in_ci,
    ),
    Fault(
        id="reset-in-the-task",
        title="a task definition's command resets the database",
        control=_CI,
        check="no-unsafe-commands",
        location=".task-definition.json:",
        message="drops the database",
        inject=_reset_in_the_task,
    ),
    Fault(
        id="second-way",
        title="the deployment's workflow migrates too",
        control=_WAY,
        check="way-declared",
        location=f"{_DEPLOY}:",
        message="migrations are deployed here too",
        inject=_deploy_in_the_workflow,
    ),
    Fault(
        id="way-of-nobody",
        title="the policy says that a job of CI migrates, and none does",
        control=_WAY,
        check="way-declared",
        location="exitgate.toml:",
        message="nothing deploys migrations by the policy's way, ci_job",
        inject=_say_ci_job,
    ),
    Fault(
        id="task-of-nobody",
        title="the policy says that a task of its own migrates, and there is none",
        control=_WAY,
        check="way-declared",
        location="exitgate.toml:",
        message="nothing deploys migrations by the policy's way, one_off_task",
        inject=_say_one_off,
    ),
)

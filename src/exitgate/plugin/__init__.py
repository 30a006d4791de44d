"""The pytest plugin: inert unless the command line names a gate. Registered as a ``pytest11`` entry point.

It adds the ``--gate-*`` options and the ``check`` marker; with a gate, it parametrises the gate's modules by the target's
subjects, keeps the record on the controller, and makes the verdict there. Heavy imports stand inside functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from exitgate.github.place import DEFAULT_DAYS, FEWEST_DAYS, MOST_DAYS, PUBLIC_API, TOKEN_VARIABLE
from exitgate.plugin.arguments import gate_defaults, named_gate, report_directory

if TYPE_CHECKING:
    from exitgate.plugin.session import GateSession


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options; they all begin with ``--gate-``, since this plugin loads in every pytest of its environment."""
    group = parser.getgroup("exitgate", "exitgate: gates of a delivery plan")
    group.addoption(
        "--gate-target", metavar="DIR", help="the repository to judge; in exitgate's checkout: the reference"
    )
    group.addoption("--gate-report", metavar="DIR", help="where the record and the reports go; default: reports/<gate>")
    group.addoption(
        "--gate-control",
        metavar="ID",
        action="append",
        default=[],
        help="run the checks of this control alone; may be repeated",
    )
    group.addoption(
        "--gate-criterion",
        metavar="ID",
        action="append",
        default=[],
        help="run the checks of this criterion alone; may be repeated",
    )
    group.addoption(
        "--gate-subject",
        metavar="NAME",
        action="append",
        default=[],
        help="look at this service, workload or front end alone, and at the target; may be repeated",
    )
    group.addoption(
        "--gate-stack",
        metavar="NAME",
        action="append",
        default=[],
        help="plan this stack of the infrastructure alone: faults of it are found, and nothing about it is met; may be repeated",
    )
    group.addoption(
        "--gate-policy",
        metavar="DIGEST",
        default="",
        help="refuse to run by other rules, waivers and exclusions than those of this digest, which `exitgate validate` prints",
    )
    group.addoption(
        "--gate-without",
        metavar="CONTROL:CHECK",
        action="append",
        default=[],
        help="leave this check out, so that its control is not assessed; may be repeated",
    )
    group.addoption(
        "--gate-rehearsal", action="store_true", help="accept that this is a rehearsal: a pass with substitutes exits 0"
    )
    group.addoption(
        "--gate-trivy-db",
        metavar="DIR",
        help="the vulnerability database to scan with; default: Trivy's public one, brought up to date",
    )
    group.addoption(
        "--gate-database-url",
        metavar="URL",
        default="",
        help="a PostgreSQL on which migrations are tried, in databases of the run's own; also by EXITGATE_DATABASE_URL, "
        "which no list of processes shows; default: a throwaway server",
    )
    group.addoption(
        "--gate-github-repository",
        metavar="OWNER/NAME",
        default="",
        help="the target's repository on GitHub, which is asked, and never changed, for its rules and merges; default: not asked",
    )
    group.addoption(
        "--gate-github-token-variable",
        metavar="NAME",
        default=TOKEN_VARIABLE,
        help=f"the environment variable that holds the token to ask it with; default: {TOKEN_VARIABLE}",
    )
    group.addoption(
        "--gate-github-api",
        metavar="URL",
        default=PUBLIC_API,
        help=f"the root of its REST API, e.g. https://HOST/api/v3 of an Enterprise Server; default: {PUBLIC_API}",
    )
    group.addoption(
        "--gate-github-days",
        metavar="N",
        type=int,
        default=DEFAULT_DAYS,
        help=f"how many days back merges are looked at, {FEWEST_DAYS} to {MOST_DAYS}; default: {DEFAULT_DAYS}",
    )
    group.addoption(
        "--gate-thorough",
        action="store_true",
        help="make every check, and shorten no wait: versions are rolled out at the policy's own times, which takes hours",
    )
    group.addoption(
        "--gate-every-check",
        action="store_true",
        help="make the checks too that are left to --gate-thorough, with waits as short as ever",
    )
    group.addoption(
        "--gate-aws-endpoint",
        metavar="URL",
        default="",
        help="an emulator of AWS on which the infrastructure is applied, in accounts of the run's own; default: a throwaway one",
    )
    group.addoption(
        "--gate-aws-account",
        metavar="ID",
        default="",
        help="a real sandbox account, in which the caller is, to apply to in the place of an emulator; needs --gate-allow-apply",
    )
    group.addoption(
        "--gate-allow-apply",
        action="store_true",
        help="let the run make, change and destroy resources in the account of --gate-aws-account, which cost money",
    )
    group.addoption("--gate-allow-dirty", action="store_true", help="judge uncommitted changes too; the record says so")


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Add a gate run's own defaults in front of the user's arguments, where the arguments name a gate.

    In workers too: pytest-xdist (3.8) hands on to them what the user gave, and nothing that was added to it.
    """
    directory = early_config.invocation_params.dir
    gate = named_gate(args, directory)
    if gate is None:
        return
    plugins = early_config.pluginmanager
    defaults = gate_defaults(
        args,
        report=report_directory(args, directory, early_config.rootpath, gate),
        has_xdist=plugins.hasplugin("xdist"),
        has_allure=plugins.hasplugin("allure_pytest"),
    )
    args[:] = [*defaults, *args]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; on a gate, make or join the run."""
    config.addinivalue_line("markers", "check(control, check): the check of the gate's catalogue that the test makes")
    config.addinivalue_line("markers", "allure_label(*values, label_type): a label for Allure, see allure-pytest")
    from exitgate.plugin.session import open_session

    session = open_session(config)
    if session is not None:
        _register(config, session)


def _register(config: pytest.Config, session: GateSession) -> None:
    from exitgate.plugin.allure_files import AllureFiles
    from exitgate.plugin.collection import Collection
    from exitgate.plugin.outcomes import Outcomes
    from exitgate.plugin.turns import Turns

    config.pluginmanager.register(Collection(session), "exitgate-collection")
    config.pluginmanager.register(Outcomes(session), "exitgate-outcomes")
    config.pluginmanager.register(Turns(session, config), "exitgate-turns")
    if config.pluginmanager.hasplugin("allure_pytest"):
        config.pluginmanager.register(AllureFiles(), "exitgate-allure-files")
    if session.is_controller:
        from exitgate.plugin.recorder import Recorder
        from exitgate.plugin.schedule import Schedule
        from exitgate.plugin.session import WorkerStart
        from exitgate.plugin.terminal import Terminal, again_words

        config.pluginmanager.register(WorkerStart(session), "exitgate-worker-start")
        config.pluginmanager.register(Schedule(session), "exitgate-schedule")
        recorder = Recorder(session)
        config.pluginmanager.register(recorder, "exitgate-recorder")
        config.pluginmanager.register(Terminal(session, recorder, again_words(config.option)), "exitgate-terminal")

"""A container's settings from a service of a Compose file."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.errors import ObservationError
from exitgate.observe.compose import read_compose_service
from exitgate.observe.task_definition import locations_of, settings_in_effect
from exitgate.settings import ContainerSettings, HealthCheck, Mount
from tests.observe.compose.files import WHOLE, made, not_assessed, read, refusal, refused
from tests.observe.test_task_definition import DOCKERFILE


def test_all_settings_of_a_service_are_read(tmp_path: Path) -> None:
    service = read(tmp_path, WHOLE)
    assert (service.path, service.container, service.image) == (
        "compose.yaml",
        "orders",
        "registry.example/orders:${TAG}",
    )
    assert service.source == WHOLE
    assert service.substrate.assurance is Assurance.DECLARED
    assert service.substrate.limits == ("the variable LEVEL is taken as compose.yaml has it where it is not set",)
    assert service.neighbours == service.host_shares == ()
    assert service.settings == ContainerSettings(
        user="10001:10002",
        read_only_root=True,
        privileged=False,
        security_options=("no-new-privileges:true",),
        capabilities_added=("CHOWN",),
        capabilities_dropped=("ALL",),
        entrypoint=("/bin/app", "--name", "a b"),
        command=("serve", "--now"),
        working_directory="/app",
        environment=(("A", "1"), ("B", ""), ("C", "info"), ("D", "true"), ("E", "1.5")),
        health_check=HealthCheck(command=("CMD", "/check"), interval_s=90, timeout_s=3, retries=5, start_period_s=0.5),
        stop_timeout_s=20,
        mounts=(
            Mount(path="/data", read_only=True, host_path="./data"),
            Mount(path="/tmp", read_only=False),
            Mount(path="/plain", read_only=False),
        ),
        temporary_mounts=("/cache", "/run"),
        groups=("2000", "staff"),
        kernel_parameters=(("net.core.somaxconn", "1024"),),
        init_process=True,
        memory_bytes=512 * 1024 * 1024,
    )


def test_what_is_not_given_is_as_docker_has_it(tmp_path: Path) -> None:
    assert made(tmp_path).settings == ContainerSettings(stop_timeout_s=10)
    check = made(tmp_path, "healthcheck: {test: [CMD, x]}").settings.health_check
    assert check == HealthCheck(command=("CMD", "x"), interval_s=30, timeout_s=30, retries=3, start_period_s=0)


def test_another_service_lends_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE, "db").settings == ContainerSettings(stop_timeout_s=10)


def test_unknown_keys_and_those_with_nothing_are_left_alone(tmp_path: Path) -> None:
    assert made(tmp_path, "x-own: 1", "new_of_this_year: {a: 1}", "user:", "volumes:", "environment:").settings == (
        made(tmp_path).settings
    )


@pytest.mark.parametrize(
    ("lines", "command"),
    [
        (['test: curl -f "http://x"'], ("CMD-SHELL", 'curl -f "http://x"')),
        (['test: ["CMD-SHELL", "a b"]'], ("CMD-SHELL", "a b")),
        (['test: ["NONE"]'], ("NONE",)),
        (["test: [CMD, x]", "disable: true"], ("NONE",)),
        (["interval: 5s"], ()),
    ],
)
def test_a_health_check_is_read_in_each_form(tmp_path: Path, lines: list[str], command: tuple[str, ...]) -> None:
    check = made(tmp_path, "healthcheck:", *(f"  {line}" for line in lines)).settings.health_check
    assert check is not None
    assert check.command == command


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("node 'a b' \"c d\" e\\ f", ("node", "a b", "c d", "e f")),
        ("[node, '--x=1']", ("node", "--x=1")),
        ("sh -c 'a && b'", ("sh", "-c", "a && b")),
        ("node --x=#1", ("node", "--x=#1")),
    ],
)
def test_a_command_is_taken_apart_as_compose_does_it(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    assert made(tmp_path, f"command: {text}").settings.command == words
    assert made(tmp_path, f"entrypoint: {text}").settings.entrypoint == words


def test_an_operator_that_no_shell_sees_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, "command: a && b")
    assert error.subject == "compose.yaml:4"
    assert "no shell runs this" in error.got


@pytest.mark.parametrize("line", ["command: []", 'command: ""', "entrypoint: []"])
def test_an_empty_command_is_not_assessed(tmp_path: Path, line: str) -> None:
    assert not_assessed(tmp_path, line).subject == "compose.yaml:4"


def test_an_entry_point_takes_the_place_of_the_images_command_too(tmp_path: Path) -> None:
    settings = made(tmp_path, "entrypoint: [a]", "command: []").settings
    assert (settings.entrypoint, settings.command) == (("a",), ())


@pytest.mark.parametrize("written", ["[A=1, 'B=x=y', C=]", "{A: 1, B: 'x=y', C: ''}"])
def test_an_environment_is_read_in_both_forms(tmp_path: Path, written: str) -> None:
    found = made(tmp_path, f"environment: {written}").settings.environment
    assert found == (("A", "1"), ("B", "x=y"), ("C", ""))


@pytest.mark.parametrize(
    ("written", "text"),
    [("yes", "yes"), ("0755", "493"), ("0x10", "16"), ("1.10", "1.1"), ("22:22", "22:22"), ("2.0", "2"), ("~", None)],
)
def test_scalars_are_compose_own(tmp_path: Path, written: str, text: str | None) -> None:
    service = made(tmp_path, f"environment: {{A: {written}}}", given=frozenset("A"))
    assert dict(service.settings.environment).get("A") == text


@pytest.mark.parametrize(
    ("written", "value"),
    [("10s", 10), ("1m30s", 90), ("1.5h", 5400), ("250ms", 0.25), ("0", 0), ("'1d'", 86400), ("2us", 2e-6)],
)
def test_a_duration_is_read(tmp_path: Path, written: str, value: float) -> None:
    assert made(tmp_path, f"stop_grace_period: '{written.strip(chr(39))}'").settings.stop_timeout_s == value


@pytest.mark.parametrize(
    ("written", "value"), [("1024", 1024), ("'64b'", 64), ("1k", 1024), ("1.5gb", 1610612736), ("2MiB", 2097152)]
)
def test_a_size_is_read(tmp_path: Path, written: str, value: int) -> None:
    assert made(tmp_path, f"mem_limit: {written}").settings.memory_bytes == value
    deploy = f"deploy: {{resources: {{limits: {{memory: {written}}}}}}}"
    assert made(tmp_path, deploy).settings.memory_bytes == value


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        ((), 8),
        (("user",), 3),
        (("privileged",), 11),
        (("readonlyRootFilesystem",), 4),
        (("linuxParameters", "capabilities"), 13),
        (("linuxParameters", "capabilities", "add"), 12),
        (("linuxParameters", "capabilities", "drop"), 13),
        (("healthCheck",), 27),
        (("entryPoint",), 18),
        (("environment",), 21),
        (("nothing",), 8),
    ],
)
def test_a_setting_is_located_where_it_stands_an_anchor_included(
    tmp_path: Path, keys: tuple[str, ...], line: int
) -> None:
    assert read(tmp_path, WHOLE).locate(*keys) == f"compose.yaml:{line}"


def test_settings_are_located_and_called_by_composes_words(tmp_path: Path) -> None:
    found = locations_of(read(tmp_path, WHOLE), DOCKERFILE)
    assert (found.definition, found.user, found.capabilities) == ("compose.yaml:8", "compose.yaml:3", "compose.yaml:13")
    assert (found.noun, found.read_only_root_key) == ("Compose file", "read_only")
    assert (found.health_check, found.health_check_owner) == ("compose.yaml:27", "Compose file")
    places = {
        "/tmp": "compose.yaml:39",
        "/cache": "compose.yaml:40",
        "/plain": "compose.yaml:42",
        "/run": "compose.yaml:36",
    }
    assert dict(found.mounts) == places


IMAGE = ContainerSettings(
    health_check=HealthCheck(command=("CMD", "/own"), interval_s=9, timeout_s=9, retries=9, start_period_s=9)
)


def test_without_a_health_check_of_its_own_the_images_is_run(tmp_path: Path) -> None:
    service = made(tmp_path)
    assert settings_in_effect(service, IMAGE).health_check == IMAGE.health_check
    assert settings_in_effect(service, ContainerSettings()).health_check is None
    found = locations_of(service, DOCKERFILE)
    assert (found.health_check, found.health_check_owner) == ("Dockerfile:5", "image")


def test_timers_alone_go_with_the_images_command(tmp_path: Path) -> None:
    check = settings_in_effect(made(tmp_path, "healthcheck: {interval: 5s}"), IMAGE).health_check
    assert check == HealthCheck(command=("CMD", "/own"), interval_s=5, timeout_s=30, retries=3, start_period_s=0)


@pytest.mark.parametrize("own", ["disable: true", "test: NONE", "test: [CMD, x]"])
def test_a_health_check_of_its_own_or_none_stays(tmp_path: Path, own: str) -> None:
    service = made(tmp_path, f"healthcheck: {{{own}}}")
    assert settings_in_effect(service, IMAGE) == service.settings
    assert locations_of(service, DOCKERFILE).health_check == "compose.yaml:4"


def test_a_seccomp_profile_is_given_as_text(tmp_path: Path) -> None:
    (tmp_path / "profile.json").write_text('{"a": 1}', encoding="utf-8")
    settings = made(tmp_path, "security_opt: [seccomp=./profile.json]").settings
    assert settings.security_options == ('seccomp={"a": 1}',)
    assert "can't be read" in refused(tmp_path, "security_opt: ['seccomp:none.json']").got


@pytest.mark.parametrize(
    ("line", "limit"),
    [
        ("network_mode: service:db", "network_mode: service:db is not done in a run"),
        ("stop_signal: SIGINT", "production stops it by SIGINT, a run by SIGTERM"),
        ("security_opt: ['systempaths=unconfined']", "systempaths=unconfined is not set in a run"),
        ("post_start: [{command: [x]}]", "post_start is not run"),
        ("env_file: secret.env", "what secret.env sets is unknown: it is not in the target"),
    ],
)
def test_what_a_run_leaves_out_is_said(tmp_path: Path, line: str, limit: str) -> None:
    assert made(tmp_path, line).substrate.limits == (limit,)


@pytest.mark.parametrize("line", ["stop_signal: TERM", "stop_signal: SIGTERM", "network_mode: none"])
def test_what_a_run_does_as_production_does_is_no_limit(tmp_path: Path, line: str) -> None:
    assert made(tmp_path, line).substrate.limits == ()


def test_an_override_beside_the_file_is_said_not_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "compose.override.yaml").write_text("services: {}", encoding="utf-8")
    assert made(tmp_path).substrate.limits == ("compose.override.yaml is not read",)


# ---- Bad input ----------------------------------------------------------------------------------------------------


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match="No such file"):
        read_compose_service(tmp_path, "compose.yaml", "orders")


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "a", "1", "{", "a: b: c", "\tx: 1", "a: *b", "a: 1\n---\nb: 1", "services: []", "services: 1"),
        *("services:", "services: {}", "services: {orders: 1}", "services: {orders: []}", "services: {orders: }"),
        *(b"\xff: 1", b"a: \x00", "a: &a [*a]\nservices: {orders: {cap_add: *a}}", "a: 1\na: 2", "? [a]\n: 1"),
        *("<<: 1", "a: !!int x", "services: {orders: {<<: [1]}}", "a: 0o9", "a: 09"),
    ],
)
def test_a_file_that_is_no_compose_file_is_an_error(tmp_path: Path, text: str | bytes) -> None:
    refusal(tmp_path, text)


def test_a_yaml_error_names_its_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, "services:\n  orders:\n    user: [\n").subject == "compose.yaml:4"


@pytest.mark.parametrize("text", ["[" * 20000, "{a: " * 20000, "- " * 20000])
def test_a_file_of_endless_depth_is_an_error_of_ours(tmp_path: Path, text: str) -> None:
    refusal(tmp_path, text)


def test_aliases_that_multiply_are_an_error_of_ours(tmp_path: Path) -> None:
    rows = ["x0: &x0 [a, a, a, a, a, a, a, a]"]
    rows += [f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 8)}]" for n in range(1, 12)]
    text = "\n".join(rows) + "\nservices:\n  orders:\n    cap_add: "
    assert refusal(tmp_path, f"{text}*x11\n").got.startswith("more than 20000 values")
    assert read(tmp_path, f"{text}[]\n").container == "orders"


@pytest.mark.parametrize(
    ("line", "got"),
    [
        ("user: 10001", "user"),
        ("privileged: maybe", "privileged"),
        ("read_only: [x]", "read_only"),
        ("cap_drop: {a: 1}", "cap_drop"),
        ("cap_drop: ALL", "cap_drop"),
        ("cap_drop: [[a]]", "cap_drop.0"),
        ("healthcheck: {test: [curl, x]}", "healthcheck.test"),
        ("healthcheck: {interval: 5}s", None),
        ("healthcheck: {interval: soon}", "healthcheck.interval"),
        ("healthcheck: {interval: -5s}", "healthcheck.interval"),
        ("healthcheck: {retries: -1}", "healthcheck.retries"),
        ("stop_grace_period: 5 apples", "stop_grace_period"),
        ("stop_grace_period: 1s5", "stop_grace_period"),
        ("volumes: ['a:b:c:d']", "volumes.0"),
        ("volumes: ['data:relative']", "volumes.0.target"),
        ("volumes: [{type: volume}]", "volumes.0.target"),
        ("volumes: [{type: floppy, target: /a}]", "volumes.0.type"),
        ("mem_limit: a lot", "mem_limit"),
        ('command: "a \'b"', "command"),
        ("command: {a: b}", "command"),
        ("environment: [1]", None),
        ("environment: {A: [1]}", None),
        ("env_file: [{required: false}]", None),
        ("env_file: ../out.env", None),
        ("extends: {file: x.yaml}", None),
        ("extends: {file: 1, service: a}", None),
        ("extends: other", None),
        ("volumes: ['none:/x']", None),
        ("volumes_from: [none]", None),
        ("user: ${", None),
        ("user: $ x", None),
        ("user: ${A:-b", None),
        ("user: ${A!b}", None),
    ],
)
def test_what_compose_would_refuse_is_an_error_at_its_line(tmp_path: Path, line: str, got: str | None) -> None:
    error = refused(tmp_path, line)
    assert error.subject == "compose.yaml:4"
    assert got is None or error.got.startswith(f"{got}: ")


def test_a_service_that_is_not_there_is_an_error_with_those_that_are(tmp_path: Path) -> None:
    error = refusal(tmp_path, WHOLE, "billing")
    assert (error.got, error.expected) == ("services db, orders", "one named 'billing'")


@pytest.mark.parametrize("line", ["user: !reset null", "cap_drop: !override [ALL]", "user: !own x"])
def test_a_tag_that_is_not_followed_is_not_assessed(tmp_path: Path, line: str) -> None:
    assert "the tag !" in not_assessed(tmp_path, line).got

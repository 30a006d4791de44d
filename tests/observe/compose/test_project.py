"""Variables, services that extend others, and files that include others."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.compose import read_compose_service
from tests.observe.compose.files import made, not_assessed, read, refused

BASE = """\
services:
  base:
    user: "1:1"
    read_only: true
    cap_drop: [ALL]
    command: [a]
    environment: [A=1, B=2]
    healthcheck:
      test: [CMD, x]
      retries: 7
    volumes: ["/data:/data", "/one:/one:ro"]
    tmpfs: /run
"""


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


# ---- Variables ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "user"),
    [
        ("${ID}", "7"),
        ("$ID:$ID", "7:7"),
        ("${ID:-1}", "7"),
        ("${EMPTY:-1}", "1"),
        ("${EMPTY-1}", ""),
        ("${NONE-1}", "1"),
        ("${NONE:-${ID}}", "7"),
        ("${NONE:-${NEITHER:-2}}:3", "2:3"),
        ("${ID:+9}", "9"),
        ("${NONE:+9}", ""),
        ("${EMPTY+9}", "9"),
        ("${ID:?must}", "7"),
        ("$$ID", "$ID"),
        ("$${ID}", "${ID}"),
    ],
)
def test_variables_are_filled_in_from_the_committed_file_and_from_defaults(
    tmp_path: Path, written: str, user: str
) -> None:
    write(tmp_path, ".env", "ID=7\nEMPTY=\n")
    assert made(tmp_path, f"user: {written!r}").settings.user == user


@pytest.mark.parametrize(
    "written", ["${NONE}", "$NONE", "${NONE:?must}", "${NONE?must}", "${OTHER:-${NONE}}", "a${NONE}"]
)
def test_a_variable_without_a_value_is_not_assessed_by_its_name(tmp_path: Path, written: str) -> None:
    error = not_assessed(tmp_path, f"user: {written!r}")
    assert error.subject == "compose.yaml:4"
    assert error.got.startswith("the variable NONE,")


def test_a_variable_where_it_decides_nothing_is_left_alone(tmp_path: Path) -> None:
    assert made(tmp_path, "labels: {a: $NONE}", "build: ${NONE}", "ports: ['${NONE:?}:1']").settings.user == ""


def test_the_callers_own_variables_are_not_the_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ID", "0")
    assert not_assessed(tmp_path, "user: ${ID}").got.startswith("the variable ID,")


@pytest.mark.parametrize("written", ["[A, B=1]", "{A: , B: 1}", "{A: '${OTHER}', B: 1}", "['A=${OTHER:?x}', B=1]"])
def test_a_value_that_only_production_has_may_be_the_runs_own(tmp_path: Path, written: str) -> None:
    assert made(tmp_path, f"environment: {written}", given=frozenset("A")).settings.environment == (("B", "1"),)
    assert "the variable " in not_assessed(tmp_path, f"environment: {written}").got


def test_a_variable_handed_through_has_the_committed_files_value(tmp_path: Path) -> None:
    write(tmp_path, ".env", "A='x$Y'\n")
    assert made(tmp_path, "environment: [A]").settings.environment == (("A", "x$Y"),)


def test_files_of_variables_are_read_and_the_services_own_go_before(tmp_path: Path) -> None:
    write(tmp_path, "one.env", "A=1\nexport B=\"two words\"\n# no\nC='$X'\nD=${A}-${Z:-z}\n")
    write(tmp_path, "two.env", "A=2\n")
    lines = ["env_file:", "  - one.env", "  - path: two.env", "    required: true", "environment: {B: own}"]
    assert dict(made(tmp_path, *lines).settings.environment) == {"A": "2", "C": "$X", "D": "1-z", "B": "own"}


def test_one_file_of_variables_may_stand_alone(tmp_path: Path) -> None:
    write(tmp_path, "one.env", "A=1\n")
    for written in ("one.env", "{path: one.env}", "[one.env]"):
        assert made(tmp_path, f"env_file: {written}").settings.environment == (("A", "1"),)


@pytest.mark.parametrize("text", ["A", "A=$B", "A=${B:?x}"])
def test_a_file_of_variables_that_leaves_one_open_is_not_assessed(tmp_path: Path, text: str) -> None:
    write(tmp_path, "one.env", text)
    assert not_assessed(tmp_path, "env_file: one.env").subject == "compose.yaml:4"


@pytest.mark.parametrize("text", ["=x", "A=${", "'A"])
def test_a_file_of_variables_that_is_none_is_an_error(tmp_path: Path, text: str) -> None:
    write(tmp_path, "one.env", text)
    with pytest.raises(ObservationError, match=r"one\.env"):
        made(tmp_path, "env_file: one.env")
    write(tmp_path, ".env", text)
    with pytest.raises(ObservationError, match=r"\.env"):
        made(tmp_path)


# ---- Extending and including --------------------------------------------------------------------------------------


def test_a_service_takes_from_the_one_it_extends_by_composes_rules(tmp_path: Path) -> None:
    write(tmp_path, "deploy/base.yaml", BASE)
    service = made(
        tmp_path,
        "extends: {file: deploy/base.yaml, service: base}",
        'user: "2:2"',
        "cap_drop: [NET_RAW]",
        "command: [b]",
        "environment: {B: 3}",
        "healthcheck: {interval: 5s}",
        'volumes: ["/two:/data:ro"]',
        "tmpfs: [/tmp]",
    )
    settings = service.settings
    assert (settings.user, settings.read_only_root, settings.command) == ("2:2", True, ("b",))
    assert settings.capabilities_dropped == ("ALL", "NET_RAW")
    assert settings.environment == (("A", "1"), ("B", "3"))
    assert settings.health_check is not None
    assert (settings.health_check.command, settings.health_check.retries) == (("CMD", "x"), 7)
    assert {(mount.path, mount.read_only, mount.host_path) for mount in settings.mounts} == {
        ("/data", True, "/two"),
        ("/one", True, "/one"),
    }
    assert settings.temporary_mounts == ("/run", "/tmp")
    assert service.locate("readonlyRootFilesystem") == "deploy/base.yaml:4"
    assert service.locate("user") == "compose.yaml:5"


def test_a_service_may_extend_one_of_its_own_file_that_extends_another(tmp_path: Path) -> None:
    text = "services:\n  a: {user: '1'}\n  b: {extends: a, read_only: true}\n  orders: {extends: {service: b}}\n"
    settings = read(tmp_path, text).settings
    assert (settings.user, settings.read_only_root) == ("1", True)


def test_services_that_extend_one_another_are_an_error(tmp_path: Path) -> None:
    assert "extends itself" in refused(tmp_path, "extends: b", top="  b: {extends: orders}\n").got
    assert "extends itself" in refused(tmp_path, "extends: orders").got


def test_an_included_file_is_looked_into_with_its_own_variables(tmp_path: Path) -> None:
    write(tmp_path, "compose.yaml", "include: [other.yaml, {path: parts/orders.yaml}]\nservices: {db: {image: x}}\n")
    write(tmp_path, "other.yaml", "services: {cache: {image: x}}\n")
    write(tmp_path, "parts/orders.yaml", "services:\n  orders:\n    user: ${ID}\n    env_file: own.env\n")
    write(tmp_path, "parts/.env", "ID=5\n")
    write(tmp_path, "parts/own.env", "A=1\n")
    service = read_compose_service(tmp_path, "compose.yaml", "orders")
    assert (service.settings.user, service.settings.environment) == ("5", (("A", "1"),))
    assert service.locate("user") == "parts/orders.yaml:3"
    with pytest.raises(ObservationError, match="services db, cache, orders"):
        read_compose_service(tmp_path, "compose.yaml", "none")


@pytest.mark.parametrize(
    ("include", "kind"),
    [
        ("oci://registry/x", PrerequisiteMissing),
        ("https://host/x.git", PrerequisiteMissing),
        ("${NONE}/x.yaml", PrerequisiteMissing),
        ("{path: [a.yaml, b.yaml]}", PrerequisiteMissing),
        ("{path: a.yaml, project_directory: x}", PrerequisiteMissing),
        ("../out.yaml", ObservationError),
        ("leads-out/x.yaml", ObservationError),
        ("/etc/passwd", ObservationError),
        ("compose.yaml", ObservationError),
        ("none.yaml", ObservationError),
        ("1", ObservationError),
    ],
)
def test_an_include_that_can_not_be_followed_is_said(
    tmp_path: Path, include: str, kind: type[ObservationError | PrerequisiteMissing]
) -> None:
    (tmp_path / "leads-out").symlink_to("/etc")
    write(tmp_path, "compose.yaml", f"include:\n  - {include}\nservices: {{db: {{image: x}}}}\n")
    with pytest.raises(kind) as caught:
        read_compose_service(tmp_path, "compose.yaml", "orders")
    assert len(str(caught.value).splitlines()) == 1
    assert read_compose_service(tmp_path, "compose.yaml", "db").container == "db"

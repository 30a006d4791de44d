"""actionlint and zizmor that hang, are absent, fail, or say what nobody understands: one clear line, never a clean report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.workflow import linters
from exitgate.observe.workflow.linters import Lint, read_actionlint, read_zizmor
from exitgate.provision import scanner
from exitgate.provision.scanner import ScanTool
from tests.workflows import PATH

TEXT = "on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: x}]}} # zizmor: ignore[unpinned-uses]\n"
Read = Callable[[ScanTool, Path, list[str]], Lint]
READERS = pytest.mark.parametrize("read", [read_actionlint, read_zizmor])


def tool(folder: Path, script: str) -> ScanTool:
    file = folder / "linter"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return ScanTool(name="linter", executable=str(file), version="1.0.0")


def read_by(read: Read, folder: Path, script: str) -> Lint:
    (folder / PATH).parent.mkdir(parents=True, exist_ok=True)
    (folder / PATH).write_text(TEXT)
    return read(tool(folder, script), folder, [PATH])


@READERS
def test_a_report_without_findings_is_clean(read: Read, tmp_path: Path) -> None:
    found = read_by(read, tmp_path, "echo '[]'")
    assert (found.findings, found.paths) == ((), (PATH,))


@READERS
@pytest.mark.parametrize(
    ("script", "got"),
    [
        ("exit 0", "a report of another form"),
        ("echo '{}'", "a report of another form"),
        ("echo '[{\"message\": 1}]'", "a report of another form"),
        ("echo '[' ", "a report of another form"),
        ("echo '[]'; echo broken >&2; exit 3", "exit code 3: broken"),
        ("kill -9 $$", "exit code -9"),
        ("head -c 5000000 /dev/zero | tr '\\0' x", "a report of another form"),
    ],
)
def test_what_is_no_report_is_an_error(read: Read, script: str, got: str, tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match=got) as caught:
        read_by(read, tmp_path, script)
    assert "\n" not in str(caught.value)


@READERS
def test_a_linter_that_hangs_is_an_error(read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linters, "_TIMEOUT_S", 0.3)
    with pytest.raises(ObservationError, match="no end after"):
        read_by(read, tmp_path, "exec sleep 60")


@READERS
def test_without_a_file_nothing_is_run_and_nothing_was_looked_at(read: Read, tmp_path: Path) -> None:
    found = read(tool(tmp_path, "exit 9"), tmp_path, [])
    assert (found.findings, found.paths) == ((), ())


@pytest.mark.parametrize("name", ["actionlint", "zizmor", "act"])
def test_a_linter_that_is_not_installed_is_not_assessed(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(PrerequisiteMissing, match="not installed"):
        scanner._find(name)


@pytest.mark.parametrize(("said", "got"), [("0.1.0", "version 0.1.0"), ("hello", "no version")])
def test_a_linter_that_is_too_old_is_not_assessed(
    said: str, got: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zizmor").write_text(f"#!/bin/sh\necho {said}\n")
    (tmp_path / "zizmor").chmod(0o755)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(PrerequisiteMissing, match=got):
        scanner._find("zizmor")


def test_the_target_s_own_words_soften_nothing(tmp_path: Path) -> None:
    script = 'for file; do :; done; if grep -q "zizmor: *ignore" "$file"; then exit 3; fi; echo "[]"'
    assert read_by(read_zizmor, tmp_path, script).findings == ()
    assert "zizmor: ignore" in (tmp_path / PATH).read_text()


def test_a_finding_of_actionlint_has_its_place(tmp_path: Path) -> None:
    report = json.dumps(
        [
            {
                "message": 'label "x" is unknown. available labels are',
                "filepath": "ci.yml",
                "line": 4,
                "kind": "runner-label",
            }
        ]
    )
    (found,) = read_by(read_actionlint, tmp_path, f"echo '{report}'; exit 1").findings
    assert (found.path, found.line, found.label, found.severity) == (PATH, 4, "x", "high")

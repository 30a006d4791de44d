"""The command line, as a user meets it: what it prints, and with what code it exits."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from exitgate.compare import differences, expectation_of
from exitgate.record import CheckEntry, ControlEntry, Environment, Proof, Record, TargetEntry, read_record

ROOT = Path(__file__).parents[2]


RECORD = Record(
    run_id="r",
    gate="g",
    gate_title="",
    verdict="not_assessed",
    rehearsal=False,
    finished_whole=True,
    target=TargetEntry(name="t", commit="c", dirty=False),
    policy_digest="",
    started="",
    finished="",
    environment=Environment(exitgate="", python="", platform="", user="", clock=""),
    substitutes=(),
    tools=(),
    problems=(),
    criteria=(),
    controls=(
        ControlEntry(
            id="1.1.A.1",
            criterion="c",
            dimension="A",
            title="",
            rationale="",
            remediation="",
            status="met",
            assurance="declared",
            needs="declared",
            proof=Proof(status="unproven", faults=()),
            checks=(
                CheckEntry(
                    id="rule",
                    subject="s",
                    says="",
                    status="met",
                    needs="declared",
                    assurance="declared",
                    message="",
                    findings=(),
                    evidence=(),
                    duration_s=0,
                    substrate="",
                    limits=(),
                    substitutes=(),
                ),
            ),
        ),
    ),
    requirements=(),
    waivers=(),
)


def exitgate(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "exitgate", *arguments], cwd=cwd, capture_output=True, text=True, timeout=60, check=False
    )


def test_list_shows_every_control_and_requirement() -> None:
    done = exitgate("list")
    assert done.returncode == 0
    assert done.stdout.count("\n  3.") == 58 + 3
    assert "  prerequisites" in done.stdout
    assert "  lock" in done.stdout


def test_explain_says_why_what_how_and_by_which_faults() -> None:
    done = exitgate("explain", "3.2.B.2.1")
    assert done.returncode == 0
    for word in ("Why:", "every-process", "To get it met:", "killed", "root-by-entrypoint"[:4]):
        assert word in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "9.9"),
        ("list", "gate9"),
        ("run", "gate9"),
        ("prove", "gate3", "--control", "9.9"),
        ("prove", "gate3", "--without", "9.9"),
    ],
)
def test_what_is_not_there_is_one_line_and_exit_code_2(arguments: tuple[str, ...], tmp_path: Path) -> None:
    done = exitgate(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "expected" in done.stderr


def test_a_run_on_a_folder_that_is_no_target_exits_2(tmp_path: Path) -> None:
    done = exitgate("run", "gate3", "--gate-target", str(tmp_path), cwd=tmp_path)
    assert done.returncode == 2
    assert "no exitgate.toml" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_reference_is_valid() -> None:
    done = exitgate("validate", str(ROOT / "reference"))
    assert done.returncode == 0
    assert "orders" in done.stdout


def test_validate_refuses_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "exitgate.toml").write_text('[target]\nnmae = "x"\n', encoding="utf-8")
    done = exitgate("validate", str(tmp_path))
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["target", "record", "proof"])
def test_published_schemas_are_json_schemas(name: str) -> None:
    schema = json.loads(exitgate("schema", name).stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]


def test_the_shipped_proof_is_of_the_published_schema() -> None:
    schema = json.loads(exitgate("schema", "proof").stdout)
    jsonschema.validate(json.loads((ROOT / "gates/gate3/proof.json").read_text(encoding="utf-8")), schema)


def test_compare_names_every_difference_also_for_the_better(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(RECORD.model_dump_json(), encoding="utf-8")
    expected = tmp_path / "expected.json"
    assert exitgate("compare", "--update", str(expected), str(path)).returncode == 0
    assert exitgate("compare", str(expected), str(path)).returncode == 0
    data = json.loads(expected.read_text(encoding="utf-8"))
    data["controls"]["1.1.A.1"]["status"] = "not_assessed"
    data["controls"]["1.1.A.9"] = {"status": "met", "assurance": "declared"}
    expected.write_text(json.dumps(data), encoding="utf-8")
    done = exitgate("compare", str(expected), str(path))
    assert done.returncode == 1
    assert "1.1.A.1: expected not_assessed at declared, got met at declared" in done.stdout
    assert "1.1.A.9: expected met at declared, got nothing" in done.stdout
    assert differences(expectation_of(read_record(path)), read_record(path)) == []


def test_two_runs_of_one_commit_agree_in_all_but_times(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(RECORD.model_dump_json(), encoding="utf-8")
    later = RECORD.model_copy(update={"run_id": "another", "started": "2027-01-01T00:00:00Z"})
    second.write_text(later.model_dump_json(), encoding="utf-8")
    assert exitgate("compare", "--exact", str(first), str(second)).returncode == 0
    other = json.loads(later.model_dump_json())
    other["controls"][0]["checks"][0]["message"] = "something else"
    other["controls"].append(other["controls"][0] | {"id": "9.9"})
    second.write_text(json.dumps(other), encoding="utf-8")
    done = exitgate("compare", "--exact", str(first), str(second))
    assert done.returncode == 1
    assert "].message: '', and 'something else'" in done.stdout
    assert "controls[9.9]: nothing, and " in done.stdout


def test_an_expectation_is_not_updated_from_an_exact_comparison(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text(RECORD.model_dump_json(), encoding="utf-8")
    before = path.read_bytes()
    assert exitgate("compare", "--exact", "--update", str(path), str(path)).returncode == 2
    assert path.read_bytes() == before


def test_doctor_names_each_tool_and_what_is_lost_without_it() -> None:
    done = exitgate("doctor")
    assert done.returncode in (0, 3)
    for tool in ("git", "Docker engine", "BuildKit", "host /proc", "node", "npm"):
        assert tool in done.stdout
    assert ("without it:" in done.stdout) is (done.returncode == 3)


def test_plan_and_next_tell_where_a_target_stands(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from exitgate.cli import app

    asked = ["--gate-target", str(ROOT / "reference"), "--records", str(tmp_path)]
    shown = CliRunner().invoke(app, ["plan", "gate3", *asked]).output.splitlines()
    assert len([line for line in shown if line.startswith("3.")]) == 58 + 3
    assert shown[-2].endswith("58 not assessed, of 58 controls")
    assert shown[-1].startswith("next: 3.1.A.1.1 ")
    following = CliRunner().invoke(app, ["next", "gate3", *asked, "--show", "--past", "3.1.A.1.1"])
    assert following.exit_code == 0
    assert following.output.startswith("3.1.A.1.2 ")


def test_next_makes_every_check_of_its_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from typer.testing import CliRunner

    from exitgate.cli import app, progress
    from exitgate.launch import Launch

    seen: list[Launch] = []
    monkeypatch.setattr(progress, "run_gate", lambda launch: seen.append(launch) or 3)
    asked = ["--gate-target", str(ROOT / "reference"), "--records", str(tmp_path)]
    assert CliRunner().invoke(app, ["next", "gate3", *asked]).exit_code == 3
    assert [(each.controls, each.every_check) for each in seen] == [(["3.1.A.1.1"], True)]


def test_next_refuses_to_go_past_what_is_no_control(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from exitgate.cli import app

    asked = ["--gate-target", str(ROOT / "reference"), "--records", str(tmp_path)]
    refused = CliRunner().invoke(app, ["next", "gate3", *asked, "--show", "--past", "9.9"])
    assert "9.9" in str(refused.exception)


def test_a_command_starts_without_what_only_a_run_needs() -> None:
    asked = "import sys, exitgate.cli; print([name for name in ('pytest', 'docker', 'exitgate.policy') if name in sys.modules])"
    said = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"

"""Whole runs on a tiny gate: what is met, not met, in error, not assessed, waived; and what becomes of the exit code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest

from exitgate.ledger import read_ledger
from exitgate.record import Record

from .conftest import EACH, FIRST, GATE, NOT_PASSED, RULE, SECOND, Tiny, WaysToRun

AGAIN = """
[[control.check]]
id = "again"
subject = "workload"
needs = "declared"
says = "Each service is still fine."
"""


@WaysToRun
def test_a_gate_on_which_everything_is_met_passes(tiny: Tiny, workers: str) -> None:
    done = tiny.run("-n", workers)
    assert (done.returncode, tiny.record()["verdict"]) == (0, "passed")
    assert tiny.statuses() == {
        "1.1.A.1 rule tiny-target": "met",
        "1.2.B.1 each a": "met",
        "1.2.B.1 each b": "met",
    }
    assert tiny.leftovers() == []


def test_the_default_is_two_workers(tiny: Tiny) -> None:
    tiny.write(
        "gates/tiny/test_first.py",
        FIRST.replace(RULE, "import os\n    assert os.environ['PYTEST_XDIST_WORKER_COUNT'] == '2'"),
    )
    assert tiny.run().returncode == 0


def test_all_about_one_subject_is_checked_by_one_worker(tiny: Tiny) -> None:
    notes = tiny.path / "notes"
    notes.mkdir()
    note = f"import os, pathlib\n    pathlib.Path({str(notes)!r}, workload.name + os.environ['PYTEST_XDIST_WORKER']).touch()"
    module = SECOND + SECOND.replace('"each"', '"again"').replace("test_each", "test_again")
    tiny.write("gates/tiny/gate.toml", GATE + AGAIN)
    tiny.write("gates/tiny/test_second.py", module.replace(EACH, note))
    tiny.run("-n", "2")
    assert set(tiny.statuses().values()) == {"met"}
    assert sorted(path.name[0] for path in notes.iterdir()) == ["a", "b"]


def test_two_workers_and_none_give_the_same_record_but_for_times(tiny: Tiny) -> None:
    tiny.write("gates/tiny/test_second.py", SECOND.replace(EACH, "assert workload.name == 'a'"))
    records, runs = [], []
    for workers in ("0", "2"):
        tiny.run("-n", workers)
        record = tiny.record()
        runs.append(record.pop("runs"))
        for name in ("run_id", "started", "finished"):
            record.pop(name)
        for control in record["controls"]:
            for check in control["checks"]:
                check.pop("duration_s")
        records.append(record)
    assert records[0] == records[1]
    assert records[0]["verdict"] == "failed"
    assert runs == [1, 2]
    ledger, _ = read_ledger(tiny.path / "reports/tiny/ledger.jsonl")
    assert [(each.event, each.verdict) for each in ledger] == [("began", ""), ("ended", "failed")] * 2


def test_on_a_broken_ledger_no_run_starts(tiny: Tiny) -> None:
    tiny.write("reports/tiny/ledger.jsonl", "{}\n")
    done = tiny.run("-n", "0")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "expected an entry of the ledger. Keep the file as it is" in " ".join(f"{done.stdout} {done.stderr}".split())


@WaysToRun
def test_a_failed_assertion_is_not_met(tiny: Tiny, workers: str) -> None:
    tiny.write("gates/tiny/test_second.py", SECOND.replace(EACH, "assert workload.name == 'a'"))
    done = tiny.run("-n", workers)
    assert (done.returncode, tiny.record()["verdict"]) == (1, "failed")
    assert tiny.statuses()["1.2.B.1 each a"] == "met"
    assert tiny.statuses()["1.2.B.1 each b"] == "not_met"
    assert "Traceback" not in done.stdout + done.stderr


def test_findings_reach_record_and_terminal(tiny: Tiny) -> None:
    finding = (
        "from exitgate.finding import Finding\n"
        "    f = Finding(location='Dockerfile:7', message='it is wrong', expected='right', got='wrong', remedy='Mend it.')\n"
        "    assert [f, f] == []"
    )
    tiny.write("gates/tiny/test_first.py", FIRST.replace(RULE, finding))
    done = tiny.run("-n", "2")
    check = tiny.record()["controls"][0]["checks"][0]
    assert check["findings"][0] == {
        "location": "Dockerfile:7",
        "message": "it is wrong",
        "expected": "right",
        "got": "wrong",
        "remedy": "Mend it.",
        "rule": "",
    }
    assert check["message"] == "it is wrong, and 1 more"
    for word in (
        "1.1.A.1",
        "Dockerfile:7",
        "expected right",
        "got      wrong",
        "Mend it.",
        "exitgate run tiny --control 1.1.A.1",
    ):
        assert word in done.stdout


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("raise ValueError('boom')", "error"),
        ("import json; json.loads('{')", "error"),
        ("pytest.fail('no')", "error"),
        ("pytest.skip('not here')", "not_assessed"),
        (
            "from exitgate.errors import PrerequisiteMissing as P; raise P('x', got='y', expected='z', action='w')",
            "not_assessed",
        ),
        ("from exitgate.errors import ObservationError as P; raise P('x', got='y', expected='z', action='w')", "error"),
        ("from unittest import TestCase; TestCase().assertTrue(False)", "error"),
    ],
)
def test_only_an_assertion_of_the_modules_own_is_not_met(tiny: Tiny, body: str, status: str) -> None:
    tiny.write("gates/tiny/test_first.py", FIRST.replace(RULE, body))
    done = tiny.run("-n", "0")
    assert tiny.statuses()["1.1.A.1 rule tiny-target"] == status
    assert tiny.record()["verdict"] == "not_assessed"
    assert done.returncode == (NOT_PASSED if status == "not_assessed" else 1)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_fixture_that_fails_is_an_error_in_set_up_and_in_teardown(tiny: Tiny, when: str) -> None:
    fixture = "@pytest.fixture\ndef thing():\n" + (
        "    raise OSError('no')\n" if when == "before" else "    yield\n    raise OSError('no')\n"
    )
    tiny.write(
        "gates/tiny/test_first.py",
        FIRST.replace("@pytest.mark", fixture + "\n@pytest.mark").replace("(target)", "(target, thing)"),
    )
    assert tiny.run("-n", "2").returncode == 1
    assert tiny.statuses()["1.1.A.1 rule tiny-target"] == "error"
    assert tiny.record()["verdict"] == "not_assessed"


def test_an_xfail_marker_does_not_hide_a_failure(tiny: Tiny) -> None:
    tiny.write(
        "gates/tiny/test_first.py",
        FIRST.replace("@pytest.mark", "@pytest.mark.xfail\n@pytest.mark").replace(RULE, "assert False"),
    )
    tiny.run("-n", "0")
    assert tiny.statuses()["1.1.A.1 rule tiny-target"] == "error"


@WaysToRun
def test_a_module_that_fails_to_import_is_an_error_of_its_checks_and_the_rest_runs(tiny: Tiny, workers: str) -> None:
    tiny.write("gates/tiny/test_first.py", "import nowhere\n" + FIRST)
    done = tiny.run("-n", workers)
    assert done.returncode != 0
    assert tiny.statuses() == {
        "1.1.A.1 rule tiny-target": "error",
        "1.2.B.1 each a": "met",
        "1.2.B.1 each b": "met",
    }
    assert "nowhere" in tiny.record()["controls"][0]["checks"][0]["message"]
    assert tiny.record()["verdict"] == "not_assessed"


def test_a_listed_check_without_a_test_is_not_assessed(tiny: Tiny) -> None:
    tiny.write("gates/tiny/test_first.py", "def test_something_else():\n    pass\n")
    assert tiny.run("-n", "2").returncode == NOT_PASSED
    assert tiny.statuses()["1.1.A.1 rule tiny-target"] == "not_assessed"


def test_a_subject_that_a_worker_drops_is_not_assessed(tiny: Tiny) -> None:
    tiny.write(
        "gates/tiny/conftest.py",
        "def pytest_generate_tests(metafunc):\n    pass\n\n"
        "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if '[b]' not in i.nodeid]\n",
    )
    assert tiny.run("-n", "2").returncode != 0
    assert tiny.statuses()["1.2.B.1 each a"] == "met"
    assert tiny.statuses()["1.2.B.1 each b"] in ("not_assessed", "error")
    assert tiny.record()["verdict"] == "not_assessed"


@WaysToRun
def test_what_is_left_to_a_thorough_run_is_not_assessed_until_one_makes_it(tiny: Tiny, workers: str) -> None:
    from .conftest import GATE

    tiny.write("gates/tiny/gate.toml", GATE.replace('id = "rule"', 'id = "rule"\ndear = true\nthorough = true'))
    assert tiny.run("-n", workers).returncode == NOT_PASSED
    check = tiny.record()["controls"][0]["checks"][0]
    assert (check["status"], tiny.record()["controls"][0]["status"]) == ("not_assessed", "not_assessed")
    assert "--thorough" in check["message"]
    assert tiny.statuses()["1.2.B.1 each a"] == "met"
    for word in ("--gate-every-check", "--gate-thorough"):
        assert tiny.run("-n", workers, word).returncode == 0
        assert set(tiny.statuses().values()) == {"met"}
    assert tiny.run("-n", workers, "--gate-every-check", "--gate-without", "1.1.A.1:rule").returncode == NOT_PASSED
    assert tiny.record()["controls"][0]["checks"][0]["message"] == "deselected on the command line"


def test_no_subject_is_never_a_pass(tiny: Tiny) -> None:
    from .conftest import TARGET

    tiny.write("reference/exitgate.toml", TARGET)
    assert tiny.run("-n", "2").returncode == NOT_PASSED
    check = tiny.record()["controls"][1]["checks"][0]
    assert (check["subject"], check["status"]) == ("-", "not_assessed")
    assert "no workload" in check["message"]


def test_a_marker_that_the_catalogue_does_not_know_is_refused(tiny: Tiny) -> None:
    tiny.write("gates/tiny/test_first.py", FIRST.replace('"rule"', '"ruel"'))
    done = tiny.run("-n", "0")
    assert done.returncode != 0
    assert tiny.record()["verdict"] == "not_assessed"
    assert tiny.statuses()["1.1.A.1 rule tiny-target"] in ("not_assessed", "error")


def test_seen_below_its_need_is_not_assessed(tiny: Tiny, with_target: Callable[[str], None]) -> None:
    with_target('[policy.assurance]\n"1.1.A.1" = "executed"\n')
    assert tiny.run("-n", "0").returncode == NOT_PASSED
    assert "needs executed" in tiny.record()["controls"][0]["checks"][0]["message"]


WAIVER = (
    '[[waiver]]\ncontrol = "1.1.A.1"\nowner = "bo"\nreason = "known"\napprover = "ann@example.com"\nexpires = {day}\n'
)


@WaysToRun
def test_a_waiver_makes_an_exception_that_is_shown(
    tiny: Tiny, with_target: Callable[[str], None], workers: str
) -> None:
    with_target(WAIVER.format(day="2999-01-01"))
    tiny.write("gates/tiny/test_first.py", FIRST.replace(RULE, "assert False"))
    done = tiny.run("-n", workers)
    assert (done.returncode, tiny.record()["verdict"]) == (0, "passed_with_exceptions")
    assert tiny.record()["waivers"][0]["state"] == "used"
    assert tiny.record()["controls"][0]["checks"][0]["findings"]


NAMED = """from exitgate.finding import Finding


def _finding(rule):
    return Finding(location="x", message="m", expected="e", got="g", remedy="r", rule=rule)
"""


@pytest.mark.parametrize(
    ("found", "verdict", "code"), [(["CVE-1"], "passed_with_exceptions", 0), (["CVE-1", "CVE-2"], "failed", 1)]
)
def test_a_waiver_of_one_finding_excuses_no_other(
    tiny: Tiny, with_target: Callable[[str], None], found: list[str], verdict: str, code: int
) -> None:
    with_target(WAIVER.format(day="2999-01-01") + 'finding = "CVE-1"\n')
    broken = FIRST.replace(RULE, f"assert [_finding(rule) for rule in {found}] == []")
    head, _, rest = broken.partition("import pytest\n")
    tiny.write("gates/tiny/test_first.py", f"{head}import pytest\n\n{NAMED}{rest}")
    assert (tiny.run("-n", "0").returncode, tiny.record()["verdict"]) == (code, verdict)
    assert tiny.record()["waivers"][0]["state"] == ("used" if code == 0 else "unused")


def test_an_expired_exclusion_leaves_its_control_to_be_judged(tiny: Tiny, with_target: Callable[[str], None]) -> None:
    with_target(WAIVER.format(day="2020-01-01").replace("waiver", "not_applicable"))
    done = tiny.run("-n", "0")
    assert (done.returncode, tiny.record()["verdict"]) == (0, "passed")
    assert "ended on 2020-01-01; it excuses nothing" in done.stderr
    assert tiny.record()["waivers"][0]["state"] == "expired"


def test_a_waiver_that_could_never_be_used_is_refused_before_the_run(
    tiny: Tiny, with_target: Callable[[str], None]
) -> None:
    with_target(WAIVER.format(day="2999-01-01") + 'subject = "nobody"\n')
    done = tiny.run("-n", "0")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "this waiver would never be used" in done.stderr + done.stdout


def test_loosened_rules_are_refused_where_their_digest_is_pinned(
    tiny: Tiny, with_target: Callable[[str], None]
) -> None:
    tiny.run("-n", "0")
    pinned = tiny.record()["policy_digest"]
    assert tiny.run("-n", "0", f"--gate-policy={pinned}").returncode == 0
    with_target(WAIVER.format(day="2999-01-01"))
    done = tiny.run("-n", "0", f"--gate-policy={pinned}")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "to which --gate-policy pins them" in done.stderr + done.stdout


def test_an_expired_waiver_excuses_nothing(tiny: Tiny, with_target: Callable[[str], None]) -> None:
    with_target(WAIVER.format(day="2020-01-01"))
    tiny.write("gates/tiny/test_first.py", FIRST.replace(RULE, "assert False"))
    assert (tiny.run("-n", "0").returncode, tiny.record()["verdict"]) == (1, "failed")
    assert tiny.record()["waivers"][0]["state"] == "expired"


@pytest.mark.parametrize("word", ["rehearsal", "materialise"])
def test_a_rehearsal_passes_only_where_that_is_accepted(tiny: Tiny, word: str) -> None:
    # Of a folder that is no repository, whatever is in it is judged, under a commit that nobody can look up.
    path = tiny.path / "reference/exitgate.toml"
    name = 'name = "tiny-target"'
    path.write_text(path.read_text(encoding="utf-8").replace(name, f"{name}\n{word} = true"), encoding="utf-8")
    assert tiny.run("-n", "0").returncode == NOT_PASSED
    assert tiny.run("-n", "0", "--gate-rehearsal").returncode == 0
    assert tiny.record()["rehearsal"] is True


def test_an_exclusion_is_shown_with_its_reason(tiny: Tiny, with_target: Callable[[str], None]) -> None:
    with_target(WAIVER.format(day="2999-01-01").replace("waiver", "not_applicable").replace("known", "no rules here"))
    tiny.write("gates/tiny/test_first.py", "")
    assert (tiny.run("-n", "2").returncode, tiny.record()["verdict"]) == (0, "passed")
    assert "no rules here" in tiny.record()["controls"][0]["checks"][0]["message"]


def test_the_record_is_of_the_documented_shape_and_the_events_fold_into_it(tiny: Tiny) -> None:
    tiny.run("-n", "2")
    text = (tiny.path / "reports/tiny/record.json").read_text(encoding="utf-8")
    assert Record.model_validate_json(text).finished_whole
    events = [
        json.loads(line) for line in (tiny.path / "reports/tiny/events.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    assert [event["event"] for event in events] == ["started", "checked", "checked", "checked", "finished"]


def test_allure_results_say_what_the_record_says_also_of_what_did_not_run(tiny: Tiny) -> None:
    tiny.write(
        "gates/tiny/test_first.py",
        FIRST.replace(
            RULE,
            "from exitgate.errors import PrerequisiteMissing as P\n    raise P('x', got='y', expected='z', action='w')",
        ),
    )
    tiny.write(
        "gates/tiny/test_second.py",
        SECOND.replace(EACH, "import os\n    os._exit(9) if workload.name == 'b' else None"),
    )
    tiny.run("-n", "2")
    results = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (tiny.path / "reports/tiny/allure-results").glob("*-result.json")
    ]
    by_name = {result["name"]: result["status"] for result in results}
    assert len(results) == len(by_name) == 3
    assert by_name["1.1.A.1 rule [tiny-target]"] == "unknown"
    assert by_name["1.2.B.1 each [b]"] == "broken"
    labels = {label["name"]: label["value"] for label in results[0]["labels"]}
    assert labels["epic"] == "A tiny gate"


def test_the_plugin_is_inert_where_no_gate_is_named(tiny: Tiny) -> None:
    tiny.write("elsewhere/test_other.py", "def test_other():\n    pass\n")
    done = subprocess.run(
        [*tiny.command()[:-1], "elsewhere"],
        cwd=tiny.path,
        env=tiny.environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0
    assert "1 passed" in done.stdout
    assert not (tiny.path / "reports").exists()

"""act's log is read; what it leaves open is no result."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.errors import ExitgateError, ObservationError
from exitgate.github.outcomes import Result
from exitgate.observe.workflow_run import parse_log
from tests.observe.workflow_run.logs import end, line, log, output, step


def test_legs_and_steps_are_told_apart() -> None:
    twenty, newer = {"node": "20"}, {"node": 22}
    found = parse_log(
        log(
            step("verify", "0", "Check out", "success", twenty),
            output("verify", "1", "not ok 1", twenty),
            step("verify", "1", "Unit tests", "failure", twenty),
            step("verify", "0", "Check out", "success", newer),
            end("verify", "failure", twenty),
            end("verify", "failure", newer),
            step("ci", "0", "Every job succeeded", "failure"),
            end("ci", "failure"),
            "Error: Job 'ci' failed",
        )
    )
    first, second = found.of("verify")
    assert (first.matrix, second.matrix) == ({"node": "20"}, {"node": "22"})
    assert (first.failing and first.failing.name, second.failing) == ("Unit tests", None)
    assert first.output == "not ok 1\n"
    assert first.steps[0].seconds == 1.5
    assert [leg.said for leg in found.of("ci")] == ["failure"]
    assert found.of("nobody") == ()
    assert found.complaints == ('level=warning msg="no token"', "Error: Job 'ci' failed")


def test_a_tolerated_failure_is_one_that_the_job_survives() -> None:
    goes_on = line("a", "Failed but continue next step", stage="Main", step="Lint", stepID=["1"])
    (leg,) = parse_log(log(goes_on, step("a", "1", "Lint", "failure"), end("a", "success"))).legs
    assert (leg.steps[0].result, leg.steps[0].tolerated, leg.failing) == (Result.FAILURE, True, None)


def test_steps_inside_of_an_action_are_summed_up_by_the_step_that_uses_it() -> None:
    inner = line("a", "  ❌  Failure", stage="Main", step="inner", stepID=["0", "2"], stepResult="failure")
    (leg,) = parse_log(log(inner, step("a", "0", "Set up", "success"), end("a", "success"))).legs
    assert [each.name for each in leg.steps] == ["Set up"]


def test_what_comes_before_the_first_step_can_fail() -> None:
    failed = line("a", "  ❌  Failure - Set up job", step="Set up job", stepid=["--setup-job"], stepResult="failure")
    (leg,) = parse_log(log(failed, end("a", "failure"))).legs
    assert leg.failing is not None
    assert leg.failing.key == "--setup-job"


def test_a_label_without_a_runner_is_noticed() -> None:
    skipped = line("a", "🚧  Skipping unsupported platform -- Try running with `-P macos-15=...`")
    assert [leg.runner for leg in parse_log(log(skipped)).legs] == [False]


def test_a_job_can_t_write_a_line_of_act_s() -> None:
    forged = step("a", "0", "Unit tests", "success")
    (leg,) = parse_log(log(output("a", "0", forged), step("a", "0", "Unit tests", "failure"))).legs
    assert [each.result for each in leg.steps] == [Result.FAILURE]


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "nothing"),
        ("Error: unable to read workflow\n", "unable to read workflow"),
        ('{"jobID": 3}\n', "the line"),
        ("{\n", "the line"),
        (step("a", "0", "x", "exploded"), "exploded"),
    ],
)
def test_what_is_no_log_is_one_line(text: str, got: str) -> None:
    with pytest.raises(ObservationError, match=got):
        parse_log(text)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=40),
            st.dictionaries(
                st.sampled_from(["jobID", "matrix", "stepID", "stepResult", "msg", "raw_output"]),
                st.one_of(st.text(max_size=5), st.integers(), st.lists(st.text(max_size=3)), st.none()),
            ).map(str),
        ),
        max_size=6,
    )
)
def test_nothing_makes_it_crash(lines: list[str]) -> None:
    try:
        parse_log("\n".join(lines))
    except ExitgateError:
        return

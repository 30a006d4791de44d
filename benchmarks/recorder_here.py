"""A pytest plugin that prints how long exitgate's recorder took with each phase of each test: `-p benchmarks.recorder_here`."""

from __future__ import annotations

import json
import sys
import time

import pytest

from exitgate.plugin.recorder import Recorder

MARK = "recorder:"
_spent_s: list[float] = []
_hear = Recorder.pytest_runtest_logreport


def _timed(recorder: Recorder, report: pytest.TestReport) -> None:
    began = time.perf_counter()
    _hear(recorder, report)
    _spent_s.append(time.perf_counter() - began)


Recorder.pytest_runtest_logreport = _timed  # type: ignore[assignment,method-assign]


def pytest_unconfigure() -> None:
    sys.stdout.write(f"{MARK}{json.dumps(sum(_spent_s))}\n")

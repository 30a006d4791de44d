"""act's log as it writes it, made up line by line: fields and their order are those of act 0.2.89."""

from __future__ import annotations

import json
from collections.abc import Mapping


def line(job: str, message: str, matrix: Mapping[str, object] | None = None, **fields: object) -> str:
    known = {"dryrun": False, "job": f"CI/{job}", "jobID": job, "level": "info", "matrix": matrix or {}}
    return json.dumps({**known, "msg": message, "time": "2026-01-01T00:00:00Z", **fields})


def step(job: str, key: str, name: str, result: str, matrix: Mapping[str, object] | None = None) -> str:
    mark = "✅  Success" if result == "success" else "❌  Failure"
    fields = {"stage": "Main", "step": name, "stepID": [key], "stepResult": result, "executionTime": 1_500_000_000}
    return line(job, f"  {mark} - Main {name} [1.5s]", matrix, **fields)


def output(job: str, key: str, text: str, matrix: Mapping[str, object] | None = None) -> str:
    return line(job, f"{text}\n", matrix, stage="Main", step="", stepID=[key], raw_output=True)


def end(job: str, result: str, matrix: Mapping[str, object] | None = None) -> str:
    return line(job, f"🏁  Job {'succeeded' if result == 'success' else 'failed'}", matrix, jobResult=result)


def log(*lines: str) -> str:
    first = '{"level":"info","msg":"Using docker host"}\nlevel=warning msg="no token"'
    return "\n".join((first, *lines)) + "\n"

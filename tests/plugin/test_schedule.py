"""Which tests go to the same worker."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from exitgate.plugin.collection import read_scopes


def test_what_takes_the_runs_of_ci_goes_together_and_the_rest_by_subject(tmp_path: Path) -> None:
    keys = {
        f"a.py::{number}": {"control": control, "check": "a", "subject": subject}
        for number, (control, subject) in enumerate((("3.1.C.1", "all"), ("3.1.B.2.2", "shop"), ("3.2.A.1", "shop")))
    }
    note = {
        "found": list(keys.values()),
        "selected": keys,
        "together": ["a.py::0", "a.py::1"],
        "failed_modules": {},
        "unread_modules": [],
    }
    for name in ("1.json", "2.json"):
        (tmp_path / name).write_text(json.dumps(note))
    session = cast("Any", SimpleNamespace(collected_folder=tmp_path))
    assert read_scopes(session) == {"a.py::0": "runner", "a.py::1": "runner", "a.py::2": "shop"}

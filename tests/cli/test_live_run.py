"""``exitgate run`` on the reference, with a stand-in of GitHub: what is seen live, what without it, and no token anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from exitgate.faults.pipeline.stand_in import stand_in_of
from exitgate.record import CheckEntry, ControlEntry, Record, read_record
from tests.live_github import TARGET

CONTROLS = ("3.1.A.1.2", "3.1.A.1.3", "3.1.C.2")
DEAR = ("merge-refused", "every-step-blocks", "absent-result-blocks")
LIVE = {"rules-in-force", "bypass-in-force", "export-current", "required-in-force", "reported-lately", "merges-clean"}


def run(report: Path, *options: str, **variables: str) -> tuple[Record, str]:
    words = [sys.executable, "-m", "exitgate", "run", "gate3", "--gate-target", str(TARGET.directory), "-n", "0"]
    words += ["--gate-report", str(report), *(word for name in CONTROLS for word in ("--control", name))]
    words += [f"--without=3.1.C.2:{check}" for check in DEAR]
    done = subprocess.run(
        [*words, *options], env={**os.environ, **variables}, capture_output=True, text=True, timeout=240, check=False
    )
    assert not any(each in done.stdout + done.stderr for each in variables.values())
    return read_record(report / "record.json"), done.stdout


def of(record: Record) -> dict[str, ControlEntry]:
    return {each.id: each for each in record.controls if each.id in CONTROLS}


def live(record: Record) -> dict[str, CheckEntry]:
    return {check.id: check for control in of(record).values() for check in control.checks if check.id in LIVE}


def test_with_a_repository_the_reference_is_seen_live(tmp_path: Path) -> None:
    github = stand_in_of(TARGET)
    with github.serving() as place:
        options = ["--github-repository", place.repository, "--github-api", place.api, "--github-token-variable", "PAT"]
        record, _ = run(tmp_path, *options, PAT=github.token)
    assert {name: each.status for name, each in live(record).items()} == dict.fromkeys(LIVE, "met")
    assert {each.assurance for each in live(record).values()} == {"live"}
    assert (of(record)["3.1.A.1.2"].status, of(record)["3.1.A.1.2"].assurance) == ("met", "live")
    assert record.substitutes == ("a server of this machine in the place of GitHub",)
    assert record.rehearsal
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in written if github.token.encode() in path.read_bytes()]
    assert {method for method, _, _ in github.asked} == {"GET"}


def test_without_one_nothing_hangs_on_it(tmp_path: Path) -> None:
    record, _ = run(tmp_path)
    assert live(record) == {}
    assert (of(record)["3.1.A.1.2"].status, of(record)["3.1.A.1.2"].assurance) == ("met", "modelled")
    assert of(record)["3.1.A.1.3"].status == "met"


def test_what_the_token_may_not_see_is_told_by_the_permissions_name(tmp_path: Path) -> None:
    github = stand_in_of(TARGET)
    github.withheld |= {"administration=read", "administration=write", "pull_requests=read", "checks=read"}
    with github.serving() as place:
        record, said = run(
            tmp_path, "--github-repository", place.repository, "--github-api", place.api, GITHUB_TOKEN=github.token
        )
    found = {name: each.status for name, each in live(record).items()}
    unseen = {
        "bypass-in-force": "Administration: write",
        "merges-clean": "Pull requests: read",
        "reported-lately": "Checks: read",
    }
    assert found == dict.fromkeys(LIVE, "met") | dict.fromkeys(unseen, "not_assessed")
    assert all(permission in said for permission in unseen.values())

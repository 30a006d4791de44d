"""A check that asks GitHub: left alone without a repository, and owed with one; its token is written nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exitgate.faults.pipeline.stand_in import GitHubStandIn

from .conftest import FIRST, GATE, Tiny

CHECK = """
[[control.check]]
id = "asked"
subject = "target"
needs = "live"
given = "github-repository"
says = "GitHub says so."
"""
ASKED = """
import os

from exitgate.assurance import Assurance
from exitgate.observation import Observation, Substrate

pytest_plugins = ("exitgate.fixtures.live_repository",)

@pytest.fixture(scope="session")
def seen(github_api):
    assert github_api.ask().seen("Metadata: read")
    name = os.environ["EXITGATE_GITHUB_TOKEN"]
    return Observation(substrate=Substrate(assurance=Assurance.LIVE, name=f"asked with {name}"))

@pytest.mark.check("1.1.A.1", "asked")
def test_asked(seen):
    BODY
"""
KEY = "1.1.A.1 asked tiny-target"
SET_IN = "SOME_PAT"
"""A name that nothing would take for a secret's."""


@pytest.fixture
def asking(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> Tiny:
    """Give the tiny gate a check that asks GitHub."""
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)
    first = 'says = "There is a rule."\n'
    tiny.write("gates/tiny/gate.toml", GATE.replace(first, first + CHECK))
    tiny.write("gates/tiny/test_first.py", FIRST + ASKED.replace("BODY", "pass"))
    return tiny


@contextmanager
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[GitHubStandIn, list[str]]]:
    """Serve a repository, and yield it with the options that name it."""
    github = GitHubStandIn(repository="shop/shop")
    monkeypatch.setenv(SET_IN, github.token)
    with github.serving() as place:
        yield (
            github,
            [
                "--gate-github-repository=shop/shop",
                f"--gate-github-api={place.api}",
                f"--gate-github-token-variable={SET_IN}",
            ],
        )


def test_without_a_repository_the_check_is_neither_made_nor_owed(asking: Tiny) -> None:
    assert asking.run("-n", "0").returncode == 0
    assert KEY not in asking.statuses()
    assert asking.record()["verdict"] == "passed"


@pytest.mark.parametrize("workers", ["0", "2"])
def test_with_a_repository_the_check_is_owed_and_seen_live(
    asking: Tiny, monkeypatch: pytest.MonkeyPatch, workers: str
) -> None:
    with given(monkeypatch) as (github, options):
        done = asking.run("-n", workers, *options)
    assert (done.returncode, asking.statuses()[KEY]) == (0, "met")
    assert asking.record()["controls"][0]["assurance"] == "live"
    assert {method for method, _, _ in github.asked} == {"GET"}
    written = [path for path in asking.path.rglob("*") if path.is_file() and "tmp" not in path.parts]
    assert not any(github.token.encode() in path.read_bytes() for path in written)
    assert github.token not in done.stdout + done.stderr
    assert "asked with [redacted]" in str(asking.record())


def test_with_a_repository_a_check_without_a_test_is_not_assessed(
    asking: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    asking.write("gates/tiny/test_first.py", FIRST)
    with given(monkeypatch) as (_, options):
        asking.run("-n", "0", *options)
    assert (asking.statuses()[KEY], asking.record()["verdict"]) == ("not_assessed", "not_assessed")


def test_how_to_run_it_again_names_the_repository_and_no_token(asking: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    asking.write("gates/tiny/test_first.py", FIRST + ASKED.replace("BODY", "assert False, 'no'"))
    with given(monkeypatch) as (github, options):
        done = asking.run("-n", "0", *options)
    again = f"--github-repository shop/shop --github-token-variable {SET_IN} --github-api http://127.0.0.1:"
    assert again in done.stdout
    assert github.token not in done.stdout


def test_what_the_token_may_not_see_is_not_assessed(asking: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    with given(monkeypatch) as (github, options):
        github.withheld.add("metadata=read")
        done = asking.run("-n", "0", *options)
    assert asking.statuses()[KEY] == "not_assessed"
    assert "Give the token the repository permission Metadata: read" in done.stdout


def test_a_demand_for_what_is_live_is_not_assessed_without_a_repository(
    asking: Tiny, with_target: Callable[[str], None]
) -> None:
    with_target('[policy.assurance]\n"1.1.A.1" = "live"\n')
    done = asking.run("-n", "0")
    assert asking.statuses()[KEY] == "not_assessed"
    assert "Name it, with a token: --github-repository OWNER/NAME." in done.stdout


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--gate-github-repository=shop"], "expected OWNER/NAME"),
        (["--gate-github-repository=shop/shop", "--gate-github-api=http://example.com"], "expected https://HOST"),
        (["--gate-github-repository=shop/shop", "--gate-github-days=6"], "expected 7 to 90"),
        (["--gate-github-repository=shop/shop"], "no token in $GITHUB_TOKEN"),
        (["--gate-github-repository=shop/shop", "--gate-github-token-variable=BAD"], "what can't be a token"),
    ],
)
def test_options_that_can_not_be_used_are_one_line_before_anything_runs(
    asking: Tiny, monkeypatch: pytest.MonkeyPatch, options: list[str], words: str
) -> None:
    monkeypatch.setenv("BAD", "not a token\r\nX-Evil: 1")
    done = asking.run("-n", "0", *options)
    assert (done.returncode, words in done.stderr) == (4, True)
    assert "X-Evil" not in done.stdout + done.stderr
    assert not Path(asking.path / "reports/tiny/record.json").exists()

"""What Nx compares: history there or not, and a base that every event has."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.checks.pipeline import blind_comparisons
from exitgate.errors import PrerequisiteMissing
from tests.checks.pipeline.targets import JOB, steps, workflows
from tests.workflows import PATH

CHECKOUT = "      - uses: actions/checkout@v4\n        with: {fetch-depth: 0}\n"


def found(folder: Path, run: str, checkout: str = CHECKOUT) -> list[tuple[str, str]]:
    text = JOB + checkout + steps(run).removeprefix(JOB)
    return [(each.location, each.got) for each in blind_comparisons(workflows(folder, text))]


@pytest.mark.parametrize(
    "run",
    [
        "npx nx affected -t test",
        "pnpm exec nx affected --target=test --base=$NX_BASE --head=$NX_HEAD",
        "node_modules/.bin/nx affected:lint --base main",
        "yarn nx affected -t test\necho nx affected --base=HEAD",
        "npx nx affected -t test # --base=HEAD",
        "npx nx affected -t test --base=origin/main && echo ${{ github.base_ref }}",
    ],
)
def test_a_base_that_every_event_has_is_no_finding(run: str, tmp_path: Path) -> None:
    assert found(tmp_path, run) == []


@pytest.mark.parametrize(
    ("run", "line", "got"),
    [
        ("npx nx affected -t test --base=HEAD", 9, "--base=HEAD"),
        ("npm ci\nnpx nx affected --base HEAD -t test", 10, "--base=HEAD"),
        ('npx nx affected -t test \\\n  --base="origin/$GITHUB_BASE_REF"', 9, "--base=github.base_ref"),
        ("npx nx affected -t test --base=origin/${{ github.base_ref }}", 9, "--base=github.base_ref"),
        ("npx nx affected --base 'origin/${{ github.base_ref || github.ref_name }}'", 9, "--base=github.base_ref"),
        ("npx nx@20 affected:test --base=HEAD", 9, "--base=HEAD"),
    ],
)
def test_a_base_that_an_event_may_lack_is_found_at_its_line(run: str, line: int, got: str, tmp_path: Path) -> None:
    assert found(tmp_path, run) == [(f"{PATH}:{line}", got)]


@pytest.mark.parametrize(
    ("checkout", "got"),
    [
        ("      - uses: actions/checkout@v4\n", "fetch-depth 1, as none is given"),
        ("      - uses: actions/checkout@v4\n        with: {fetch-depth: 50}\n", "fetch-depth: 50"),
    ],
)
def test_a_checkout_without_history_is_found(checkout: str, got: str, tmp_path: Path) -> None:
    assert [each for _, each in found(tmp_path, "npx nx affected -t test", checkout)] == [got]


@pytest.mark.parametrize(
    "run", ["npm test", "npx nx run-many -t test", "echo nx affected", "npx nx show projects --affected"]
)
def test_without_affected_tasks_nothing_is_assessed(run: str, tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match="no `nx affected`"):
        found(tmp_path, run)

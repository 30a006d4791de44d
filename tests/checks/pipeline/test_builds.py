"""Front ends that CI builds, and such of which nothing is left."""

from __future__ import annotations

import pytest

from exitgate.checks.pipeline import unbuilt_frontends
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observe.workflow_run import FrontendBuild
from exitgate.provision.workflow_run import JobEnding, LeftFile
from tests.checks.pipeline.trials import SUBSTRATE, trials


def observed(
    *files: tuple[str, int], told: tuple[str, ...] = ("Build",), legs: int = 2, sound: bool = True, outputs: int = 1
) -> FrontendBuild:
    left = tuple(LeftFile(path=f"apps/shell/dist/{name}", bytes=size, sha256="a" * 64) for name, size in files)
    return FrontendBuild(
        substrate=SUBSTRATE,
        frontend="shell",
        folder="apps/shell",
        outputs=("apps/shell/dist",) * outputs,
        trials=trials(sound=sound),
        told=told,
        endings=(JobEnding(job="verify", files=left), JobEnding(job="other", files=())),
        legs=legs,
    )


@pytest.mark.parametrize("name", ["assets/index-a1.js", "main.mjs", "main.cjs"])
@pytest.mark.parametrize("told", [(), ("Build",)])
def test_a_script_that_a_job_left_is_no_finding(name: str, told: tuple[str, ...]) -> None:
    assert unbuilt_frontends(observed(("index.html", 10), (name, 100), told=told)) == []


@pytest.mark.parametrize(
    ("files", "got"),
    [
        ((), "no file there"),
        ((("index.html", 10), ("empty.js", 0)), "2 other files there, after 'Build'"),
    ],
)
def test_a_build_that_leaves_no_script_is_a_finding(files: tuple[tuple[str, int], ...], got: str) -> None:
    (finding,) = unbuilt_frontends(observed(*files))
    assert (finding.location, finding.message) == ("apps/shell", "the build of shell leaves no bundle")
    assert finding.got == got


def test_a_front_end_that_no_step_builds_is_a_finding() -> None:
    (finding,) = unbuilt_frontends(observed(told=()))
    assert finding.message == "CI does not build shell, though a change touches it"


def test_what_was_not_looked_at_is_no_pass() -> None:
    script = ("index.js", 100)
    for blind in (observed(script, legs=3), observed(script, legs=0), observed(script, outputs=0)):
        with pytest.raises(ObservationError, match="the ends of 2 legs"):
            unbuilt_frontends(blind)
    with pytest.raises(PrerequisiteMissing, match=r"blocked by 3\.1\.C\.1"):
        unbuilt_frontends(observed(script, sound=False))

"""Whether CI builds a front end, and its build leaves a bundle."""

from __future__ import annotations

from exitgate.checks.pipeline.blocking import red_controls
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.observe.workflow_run.bundles import FrontendBuild

_SCRIPTS = (".js", ".mjs", ".cjs")


def unbuilt_frontends(observed: FrontendBuild) -> list[Finding]:
    """Name a front end of which no job leaves a script, though every project was touched.

    Raises:
        ObservationError: if the end of a job was not noted, or nobody knows where a bundle would lie.
        PrerequisiteMissing: if a change that breaks nothing does not pass, so that steps were left out.
    """
    for finding in red_controls(observed.trials):
        raise PrerequisiteMissing(
            finding.location,
            got=finding.message,
            expected="a change that passes, so that every step is run",
            action=finding.remedy,
            blocked_by="3.1.C.1",
        )
    if not observed.outputs or not observed.legs or len(observed.endings) != observed.legs:
        raise ObservationError(
            observed.folder,
            got=f"the ends of {len(observed.endings)} legs, looked for in {', '.join(observed.outputs) or 'no folder'}",
            expected=f"those of {observed.legs or 'some'}",
            action="Run the gate again; report this to exitgate if it stays.",
        )
    files = [each for ending in observed.endings for each in ending.files]
    if any(each.path.endswith(_SCRIPTS) and each.bytes for each in files):
        return []
    places = " or ".join(observed.outputs)
    if observed.told:
        return [
            Finding(
                location=observed.folder,
                message=f"the build of {observed.frontend} leaves no bundle",
                expected=f"scripts in {places} at the end of a job",
                got=f"{len(files)} other files there, after {observed.told[0]!r}" if files else "no file there",
                remedy="Let the build target make what production serves, and name its folder in the target's outputs.",
            )
        ]
    return [
        Finding(
            location=observed.folder,
            message=f"CI does not build {observed.frontend}, though a change touches it",
            expected=f"a step that builds it, and scripts in {places} at the end of its job",
            got="no step that tells of its build, and no script",
            remedy="Build the shell and every micro-frontend as affected targets of the workflow.",
        )
    ]

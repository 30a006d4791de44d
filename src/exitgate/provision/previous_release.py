"""The release before the judged one: its files, and its image, built as the judged one's is."""

from __future__ import annotations

from exitgate.dockerfile import read_dockerfile
from exitgate.evidence_folder import EvidenceFolder
from exitgate.provision.engine import Builder, Engine
from exitgate.provision.git import git, succeeded
from exitgate.provision.images import Build, build_from
from exitgate.run import Run
from exitgate.target import Target, load_target

_LOCK_TIMEOUT_S = 300.0


def release_files(run: Run, target: Target, tag: str) -> Target:
    """Check a release out beside the judged commit, once a run, and read its own description.

    Raises:
        ProvisionError: if git fails.
        TargetError: if the release's own exitgate.toml can't be used.
    """
    from filelock import FileLock

    clone = run.scratch_path / "previous-release"
    with FileLock(run.scratch_path / "previous-release.lock", timeout=_LOCK_TIMEOUT_S):
        if not clone.is_dir():
            place = run.scratch_path / "previous-release.part"
            source = target.directory
            succeeded(git(source, "clone", "--quiet", "--no-checkout", "--local", ".", str(place)), source)
            succeeded(git(place, "checkout", "--quiet", "--detach", tag), place)
            place.rename(clone)
    return load_target(clone)


def build_release(
    engine: Engine, builder: Builder, run: Run, release: Target, service: str, keep: EvidenceFolder
) -> Build:
    """Build a service's image from the release's files.

    Raises:
        PrerequisiteMissing, ProvisionError, ObservationError: as `build_image`.
    """
    workload = release.workload(service)
    dockerfile = read_dockerfile(release.directory, workload.dockerfile)
    order = f"{service}-previous"
    return build_from(
        engine, builder, run, release, workload, dockerfile, directory=release.directory, name=order, keep=keep
    )

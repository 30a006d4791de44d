"""How versions get to production: by which jobs, what stands before them, and what the lock that does answers."""

from exitgate.observe.release.answers import LockAnswer, LockTrial, LockTrials
from exitgate.observe.release.paths import AskingStep, Guard, Mover, ReleaseJob, ReleasePaths, read_release_paths

__all__ = [
    "AskingStep",
    "Guard",
    "LockAnswer",
    "LockTrial",
    "LockTrials",
    "Mover",
    "ReleaseJob",
    "ReleasePaths",
    "read_release_paths",
]

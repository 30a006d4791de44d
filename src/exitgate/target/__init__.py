"""The target of a run: a repository, described by its ``exitgate.toml``. The only reader of that file."""

from exitgate.target.configuration import (
    CONFIGURATION_FILE,
    Answers,
    Backing,
    BackingUse,
    Configuration,
    EarlierGates,
    Emulated,
    Frontend,
    Infrastructure,
    Messages,
    OwnedElsewhere,
    Pipeline,
    Sandbox,
    Service,
    Stack,
    Traffic,
    Workload,
)
from exitgate.target.described import Accepted, Target
from exitgate.target.loading import check_against, load_target

__all__ = [
    "CONFIGURATION_FILE",
    "Accepted",
    "Answers",
    "Backing",
    "BackingUse",
    "Configuration",
    "EarlierGates",
    "Emulated",
    "Frontend",
    "Infrastructure",
    "Messages",
    "OwnedElsewhere",
    "Pipeline",
    "Sandbox",
    "Service",
    "Stack",
    "Target",
    "Traffic",
    "Workload",
    "check_against",
    "load_target",
]

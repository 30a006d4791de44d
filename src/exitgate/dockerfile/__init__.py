"""Dockerfiles: what stands in them, and what a build makes of it, as far as the file alone tells."""

from exitgate.dockerfile.effects import Command, Copy, Effects, Program, effects_of
from exitgate.dockerfile.invocation import Invocation, invoked, started_words
from exitgate.dockerfile.lines import Directives, HereDocument, Instruction
from exitgate.dockerfile.model import Dockerfile, parse_dockerfile, read_dockerfile
from exitgate.dockerfile.reference import Reference, parse_reference
from exitgate.dockerfile.stages import ImageUse, Source, Stage, Stages

__all__ = [
    "Command",
    "Copy",
    "Directives",
    "Dockerfile",
    "Effects",
    "HereDocument",
    "ImageUse",
    "Instruction",
    "Invocation",
    "Program",
    "Reference",
    "Source",
    "Stage",
    "Stages",
    "effects_of",
    "invoked",
    "parse_dockerfile",
    "parse_reference",
    "read_dockerfile",
    "started_words",
]

"""Whether the stages of a Dockerfile differ in what they hold, and not in their names alone."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from exitgate.checks.containers.build_material import is_build_module, is_tool
from exitgate.dockerfile import Dockerfile
from exitgate.finding import Finding
from exitgate.observe.built_stages import BuiltStages
from exitgate.observe.contents import ImageContents
from exitgate.observe.layers import Entry, followed

_SUFFIXES = ("", ".js", ".mjs", ".cjs", "/index.js", "/index.mjs")


def undivided_contents(
    contents: ImageContents, stages: BuiltStages, dockerfile: Dockerfile, stage: str | None
) -> list[Finding]:
    """Say where the earlier stages hold no build tool that the deployed one lacks, or made none of what it runs."""
    at = dockerfile.locate("FROM", stage)
    if not stages.stages:
        return [
            Finding(
                location=at,
                message="the deployed stage copies from no other stage",
                expected="a stage that builds, and a copy of what it made",
                got="none",
                remedy="Build in a stage of its own, and copy what it made into a fresh final stage.",
            )
        ]
    findings = []
    labels = ", ".join(each.label for each in stages.stages)
    deployed = tools_of(contents)
    if not any(tools_of(each.contents) - deployed for each in stages.stages):
        findings.append(
            Finding(
                location=at,
                message="the deployed stage holds every build tool that the stages before it hold",
                expected=f"build tools in {labels} that the deployed stage lacks",
                got=", ".join(sorted(deployed)[:8]) or "no build tool in any of them",
                remedy="Start the deployed stage from a base image without build tools, and copy named paths alone.",
            )
        )
    run = list(programs_of(contents, stages))
    made = {
        entry.sha256
        for each in stages.stages
        for layer in each.contents.own_layers
        for entry in layer.entries
        if entry.sha256
    }
    ours = [entry for entry, layer in contents.entries.values() if not layer.from_base and entry.sha256]
    if not any(entry.sha256 in made for entry in run or ours):
        findings.append(
            Finding(
                location=at,
                message="the deployed stage runs nothing that a stage before it made",
                expected=f"a program of {labels}",
                got=", ".join(entry.path for entry in run) or "no file of its own",
                remedy="Copy the build's output from the stage that makes it.",
            )
        )
    return findings


def tools_of(contents: ImageContents) -> frozenset[str]:
    """Return the build tools of an image, by the names that people call them."""
    tools = {entry.name for entry, _ in contents.entries.values() if is_tool(entry)}
    return frozenset(tools | {each.name for each in contents.npm_packages if is_build_module(each.name)})


def programs_of(contents: ImageContents, stages: BuiltStages) -> Iterator[Entry]:
    """Yield each file of the target's own that the command names."""
    own = {entry.path for entry, layer in contents.entries.values() if not layer.from_base}
    for word in " ".join(stages.command).split():
        for suffix in _SUFFIXES:
            found = followed(posixpath.join(stages.working_directory, word + suffix), contents.entries)
            if found is not None and found.path in own and found.sha256:
                yield found
                break

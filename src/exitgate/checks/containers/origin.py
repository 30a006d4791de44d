"""Where in a Dockerfile something that an image holds came from."""

from __future__ import annotations

from exitgate.dockerfile import Dockerfile
from exitgate.observe.layers import Layer

_MAKES_LAYERS = ("RUN", "COPY", "ADD", "WORKDIR")


def made_at(layer: Layer, layers: tuple[Layer, ...], dockerfile: Dockerfile, stage: str | None) -> str:
    """Return which instruction made a layer, in words for a finding.

    Builders name the instruction in the image's history; the deployed stage's own ones stand there in the Dockerfile's order.
    """
    if layer.from_base:
        return "from the base image"
    own = [each for each in layers if not each.from_base]
    instructions = [each for each in dockerfile.deployed(stage) if each.name in _MAKES_LAYERS]
    at = 0
    for each in own:
        name = each.made_by.removeprefix("|").split(" ", 1)[0].upper()
        while at < len(instructions) and instructions[at].name != name:
            at += 1
        if at == len(instructions):
            break
        if each is layer:
            return f"by {dockerfile.path}:{instructions[at].line} {instructions[at].name}"
        at += 1
    return f"in layer {layer.digest[:19]}"

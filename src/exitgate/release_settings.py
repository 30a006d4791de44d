"""``[release]``: how the target's own deployment asks the lock, so that it can be asked for real."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_RelativePath = Annotated[str, Field(min_length=1, pattern=r"^[^/\x00][^\x00]*$")]


class ReleaseSettings(BaseModel):
    """``[release]``: what the step that asks the lock finds beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    statement: _RelativePath = "statement.dsse.json"
    """Where the gate's signed statement lies when the lock is asked, from the root of the checkout."""
    images: _RelativePath = "images.json"
    """The same for what is released: a JSON object, workload to digest."""
    key: Annotated[str, Field(pattern=r"^(vars|secrets|env)\.[A-Za-z_][A-Za-z0-9_]*$")] = "vars.GATE3_PUBLIC_KEY"
    """The expression that holds the pinned public key."""

"""Rules on what has to have been passed before: whose word on which gate counts."""

from __future__ import annotations

import datetime
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from exitgate.policy.rule import Rule, Text, refuse_doubles


class Signer(Rule):
    """``[[policy.prerequisites.signer]]``: a key, and the gates on which its statements count."""

    name: Text
    """Who signs with it."""
    public: Annotated[str, Field(pattern=r"^ssh-ed25519 [A-Za-z0-9+/=]+")]
    """The public key as OpenSSH writes it, in one line."""
    gates: Annotated[tuple[Text, ...], Field(min_length=1)]
    """E.g. ``["gate1", "gate2"]``. Who signs for an earlier gate may not also sign for the one that builds on it."""
    expires: datetime.date | None = None
    """The last day, UTC, on which the key counts; a TOML date without quotes."""

    @field_validator("expires", mode="before")
    @classmethod
    def _a_date_and_nothing_else(cls, value: object) -> object:
        if value is not None and (isinstance(value, datetime.datetime) or not isinstance(value, datetime.date)):
            raise ValueError("a TOML date without quotes, like 2027-03-31")
        return value


class PrerequisitePolicy(Rule):
    """``[policy.prerequisites]``: who may say that an earlier gate was passed."""

    signer: Annotated[tuple[Signer, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_key_once(self) -> PrerequisitePolicy:
        refuse_doubles([each.public.split()[1] for each in self.signer], "signer")
        return self

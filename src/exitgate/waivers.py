"""Waivers and exclusions: what a person has taken responsibility for, by name, with a reason and an end."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

_Text = Annotated[str, StringConstraints(strip_whitespace=True), Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Accepted(_Strict):
    """What somebody answers for, for a while."""

    control: _Text
    owner: _Text
    """Who is to end it."""
    reason: _Text
    approver: _Text
    """Who answers for it: an address, as git has it, or a name. Never who wrote it, where git can tell."""
    expires: datetime.date
    """The last day on which it holds, UTC; a TOML date, unquoted, e.g. ``2027-03-31``."""

    @field_validator("expires", mode="before")
    @classmethod
    def _a_date_and_nothing_else(cls, value: object) -> object:
        # A quoted or half-written date is how a waiver comes to last for ever: take TOML's own date type alone.
        if isinstance(value, datetime.datetime) or not isinstance(value, datetime.date):
            raise ValueError("a TOML date without quotes, like 2027-03-31")
        return value

    def holds(self, today: datetime.date) -> bool:
        """Say whether it holds on that day."""
        return today <= self.expires


class Waiver(_Accepted):
    """``[[waiver]]``: a *not met* that is accepted for a while. It is still executed, and still shown."""

    subject: str | None = None
    """The one subject that it covers, e.g. a service; all subjects where it is not given."""
    finding: _Text | None = None
    """The one finding that it covers, by the name that the world has for it, e.g. ``CVE-2021-23337``; all where it is not given."""

    def covers(self, control: str, subject: str, today: datetime.date) -> bool:
        """Say whether it excuses that control for that subject on that day."""
        return self.control == control and self.subject in (None, subject) and self.holds(today)


class Exclusion(_Accepted):
    """``[[not_applicable]]``: a control that does not apply to this target. Once it has run out, the control is judged."""


class Responsibilities(_Strict):
    """All waivers and exclusions of a target; no control may be both waived and excluded."""

    waiver: tuple[Waiver, ...] = ()
    not_applicable: tuple[Exclusion, ...] = ()

    @model_validator(mode="after")
    def _no_control_twice(self) -> Self:
        excluded = [exclusion.control for exclusion in self.not_applicable]
        waived = {waiver.control for waiver in self.waiver}
        for index, control in enumerate(excluded):
            if control in excluded[:index]:
                raise _contradiction(f"{control} is declared not applicable twice", index)
            if control in waived:
                raise _contradiction(f"{control} is both waived and declared not applicable", index)
        return self


def _contradiction(message: str, index: int) -> PydanticCustomError:
    """Return an error that carries its place along: the validator of a whole model has none of its own."""
    context = {"message": message, "location": ("not_applicable", index), "expected": "one word on each control"}
    return PydanticCustomError("contradiction", "{message}", context)


def waivers_for(
    control: str, subject: str, rules: Sequence[str], waivers: Iterable[Waiver], today: datetime.date
) -> tuple[Waiver, ...]:
    """Return the waivers that excuse a *not met* as a whole; none where something of it is left.

    Args:
        rules: Of each finding the name that the world has for it, empty where it has none.
    """
    valid = [waiver for waiver in waivers if waiver.covers(control, subject, today)]
    whole = next((waiver for waiver in valid if waiver.finding is None), None)
    if whole is not None:
        return (whole,)
    by_rule = {waiver.finding: waiver for waiver in reversed(valid)}
    if not rules or any(rule not in by_rule for rule in rules):
        return ()
    return tuple(by_rule[rule] for rule in dict.fromkeys(rules))


def unknown_controls(responsibilities: Responsibilities, known: Iterable[str]) -> Sequence[str]:
    """Return the control ids that waivers or exclusions name though the gate has no such control."""
    known_ids = set(known)
    named = [waiver.control for waiver in responsibilities.waiver]
    named += [exclusion.control for exclusion in responsibilities.not_applicable]
    return [control for control in named if control not in known_ids]

"""Rules on what may be accepted for a while, by waivers and exclusions: for how long, how widely, and what never."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from exitgate.policy.rule import Count, Flag, Rule, Text


class WaiverPolicy(Rule):
    """``[policy.waivers]``: whoever breaks one of these is told so before a run starts."""

    longest_days: Count = 90
    """How many days from today an end may lie ahead."""
    never: tuple[Text, ...] = ()
    """Controls that can be neither waived nor called not applicable."""
    whole_controls: Flag = False
    """True where a waiver may cover all subjects and all findings of a control at once."""
    approvers: Annotated[tuple[Text, ...], Field(min_length=1)] | None = None
    """Who may answer for one; anybody where it is not given."""

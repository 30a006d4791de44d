"""Where a stack may be applied: an emulator of a run's own, one that the user runs, or an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from exitgate.assurance import Assurance

SPARE: tuple[str, str, str] = ("910000000001", "910000000002", "910000000003")
"""Accounts of a run's own emulator in which things are tried out, and which no stack gets."""


class ApiEndpoint(Protocol):
    """The API of AWS, or of something that acts as AWS."""

    @property
    def name(self) -> str:
        """What serves there."""

    @property
    def version(self) -> str:
        """Its version as it tells it; ``unknown`` where it tells none."""

    @property
    def place(self) -> str:
        """Where it is, in words, e.g. ``on loopback``."""

    @property
    def region(self) -> str:
        """The region in which it is asked."""

    @property
    def accounts(self) -> tuple[str, ...]:
        """The accounts that get the stack, all empty: the first is changed by hand, the last is taken down."""

    @property
    def spare(self) -> tuple[str, ...]:
        """Three accounts in which things are tried out; none where it has no accounts of a run's own."""

    @property
    def outlives_the_run(self) -> bool:
        """Whether it is still there when the run is over, so that what stands on it has to be taken down."""

    @property
    def assurance(self) -> Assurance:
        """What is worth what is seen there."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What Terraform has to find in its environment to reach it, and nobody else."""

    def client(self, service: str, key: str, secret: str = ..., token: str | None = None) -> Any:
        """Return a client of boto3 for a service, signed by an account's root, or by an identity with its secret and token."""

    def check(self) -> None:
        """See that it still serves.

        Raises:
            ObservationError: if it does not.
        """

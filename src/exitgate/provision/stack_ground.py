"""What an endpoint has to be like before a stack is applied to it: accounts apart and empty; and IAM enforced to try roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from exitgate.errors import PrerequisiteMissing, ProvisionError
from exitgate.provision.account_listing import list_account
from exitgate.provision.emulator import Capabilities, Endpoint, probe


def probed(endpoint: Endpoint) -> Capabilities:
    """Try out what an endpoint can do.

    Raises:
        ProvisionError: if an emulator of the run's own is of no use.
        PrerequisiteMissing: if one that the run was given is not.
        ObservationError: if it has died.
    """
    try:
        return probe(endpoint.client, endpoint.spare)
    except ProvisionError as error:
        if not endpoint.outlives_the_run:
            raise
        endpoint.check()
        raise PrerequisiteMissing(
            f"{endpoint.name} {endpoint.version} {endpoint.place}",
            got=error.got,
            expected=error.expected,
            action="Name another one, or none: then an emulator of the run's own is started.",
        ) from error


def refuse_used(endpoint: Endpoint, before: Mapping[str, Collection[str]]) -> None:
    """Refuse accounts in which anything stands beside what an account has that nobody has used.

    Args:
        endpoint: Where the accounts are.
        before: Account to what stands there, as a listing tells it.

    Raises:
        PrerequisiteMissing: for the first.
    """
    fresh = _kinds(list_account(lambda service: endpoint.client(service, endpoint.spare[2])))
    for account, standing in before.items():
        more = _kinds(standing) - fresh
        if more:
            kind, number = min(more.items())
            raise PrerequisiteMissing(
                f"account {account} {endpoint.place}",
                got=f"one that is in use: {number} more of {kind} than an account has that is new",
                expected="an empty one, whose number the run has drawn",
                action="Run again: another number is drawn.",
            )


def _kinds(standing: Collection[str]) -> Counter[str]:
    return Counter(each.rpartition(" ")[0] for each in standing)


def refuse_unenforced(endpoint: Endpoint, capabilities: Capabilities) -> None:
    """Refuse to try roles where nobody is refused anything.

    Raises:
        PrerequisiteMissing: if it is so.
    """
    if not capabilities.enforces_iam:
        raise PrerequisiteMissing(
            f"{endpoint.name} {endpoint.version} {endpoint.place}",
            got="a user without any right is refused nothing",
            expected="IAM enforced, so that what a role gets says something",
            action="Start it with IAM enforced (ministack: AUTH=true), or let the run start an emulator of its own.",
        )

"""What an endpoint has to be like before a stack is applied to it: accounts apart and empty; and IAM enforced to try roles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping

from exitgate.errors import PrerequisiteMissing, ProvisionError
from exitgate.provision.account_listing import list_account
from exitgate.provision.emulator import ApiEndpoint, Capabilities, probe


def probed(endpoint: ApiEndpoint) -> Capabilities:
    """Try out what an endpoint can do.

    Raises:
        ProvisionError: if an emulator of the run's own is of no use.
        PrerequisiteMissing: if one that the run was given is not.
        ObservationError: if it has died.
    """
    if not endpoint.spare:
        # AWS itself is no emulator, and nothing is tried out in somebody's account.
        return Capabilities(keeps_accounts_apart=True, enforces_iam=True, believes_no_image=True)
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


def said_by_itself(endpoint: ApiEndpoint) -> tuple[str, ...]:
    """Return what of an endpoint is only known by its own words: an emulator that the run was given may be any."""
    if not (endpoint.outlives_the_run and endpoint.spare):
        return ()
    return (
        f"that it is {endpoint.name} {endpoint.version}, and so has the gaps of that one, the endpoint says itself",
    )


def refuse_used(endpoint: ApiEndpoint, before: Mapping[str, Collection[str]]) -> None:
    """Refuse drawn accounts in which anything stands beside what an account has that nobody has used.

    Args:
        endpoint: Where the accounts are.
        before: Account to what stands there, as a listing tells it.

    Raises:
        PrerequisiteMissing: for the first.
    """
    if not (endpoint.outlives_the_run and endpoint.spare):
        return
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


def refuse_unenforced(endpoint: ApiEndpoint, capabilities: Capabilities) -> None:
    """Refuse to try roles where nobody is refused anything, and in an account in which no user of ours may be made.

    Raises:
        PrerequisiteMissing: if it is so.
    """
    if not endpoint.spare:
        raise PrerequisiteMissing(
            f"{endpoint.name} {endpoint.place}",
            got="a real account, in which exitgate makes no users and changes no trust",
            expected="an emulator that enforces IAM",
            action="Run 3.3.C.3 without --aws-account as well.",
        )
    if not capabilities.enforces_iam:
        raise PrerequisiteMissing(
            f"{endpoint.name} {endpoint.version} {endpoint.place}",
            got="a user without any right is refused nothing",
            expected="IAM enforced, so that what a role gets says something",
            action="Start it with IAM enforced (ministack: AUTH=true), or let the run start an emulator of its own.",
        )

"""A real account of AWS that the command line names: only where the caller is in it, and only where a run may apply to it.

No account of AWS was there when this was written: the refusals are tried on a stand-in for AWS's security tokens, and the life of
a stack in one account on an emulator.

Sources: AWS's API reference, GetCallerIdentity; the AWS provider's documentation, ``allowed_account_ids``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from exitgate.assurance import Assurance
from exitgate.errors import ExitgateError, ObservationError, UsageError, one_line

OPTION, ALLOWANCE = "--aws-account", "--allow-apply"
_ACCOUNT: Final = re.compile(r"[0-9]{12}")
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_ANSWER_TIMEOUT_S: Final = 10.0
_ANYWHERE: Final = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class RealAccount:
    """An account in which a stack is applied once, changed by hand and destroyed, by whoever calls."""

    number: str
    region: str
    name: str = "AWS"
    version: str = "API"

    @property
    def place(self) -> str:
        """Which one it is, in words."""
        return f"in account {self.number}, {self.region}"

    @property
    def accounts(self) -> tuple[str, ...]:
        """It alone."""
        return (self.number,)

    @property
    def spare(self) -> tuple[str, ...]:
        """None: nothing is tried out in somebody's account."""
        return ()

    @property
    def outlives_the_run(self) -> bool:
        """It does."""
        return True

    @property
    def assurance(self) -> Assurance:
        """The real thing."""
        return Assurance.LIVE

    @property
    def environment(self) -> Mapping[str, str]:
        """The caller's credentials as they are now, and the way that this machine takes to the internet."""
        credentials = _session().get_credentials()
        if credentials is None:
            raise _lost(self.number, "no credentials of AWS any more")
        frozen = credentials.get_frozen_credentials()
        token = {"AWS_SESSION_TOKEN": frozen.token} if frozen.token else {}
        proxies = {name: os.environ.get(name) or os.environ.get(name.lower(), "") for name in _PROXIES}
        return {
            **{key: value for name, value in proxies.items() for key in (name, name.lower())},
            "AWS_ACCESS_KEY_ID": frozen.access_key,
            "AWS_SECRET_ACCESS_KEY": frozen.secret_key,
            "AWS_REGION": self.region,
            "AWS_MAX_ATTEMPTS": "5",
            **token,
        }

    def client(self, service: str, key: str, secret: str = "", token: str | None = None) -> Any:
        """Return a client of boto3 for a service, as the caller: of nobody else, and of no other account.

        Raises:
            ObservationError: if another account or identity is asked for.
        """
        if key != self.number or secret or token:
            raise _lost(self.number, "another identity was asked for")
        return _client(service, self.region)

    def check(self) -> None:
        """See that the caller is still in it.

        Raises:
            ObservationError: if not.
        """
        got = wrong_caller(self.number, _client("sts", self.region))
        if got:
            raise _lost(self.number, got)


def check_account(number: str, *, allowed: bool, endpoint: str, sts: Any = None) -> str:
    """Return the account that the command line names, once the caller was seen in it; empty where it names none.

    Args:
        number: As it is given; empty for none.
        allowed: Whether the command line allows to apply.
        endpoint: The emulator that the command line names; empty for none.
        sts: A client of AWS's security tokens; the caller's own where none is given.

    Raises:
        UsageError: if it may not be used, with the one reason that comes first.
    """
    if not number:
        if allowed:
            raise _refused(ALLOWANCE, "no account to apply to", "Name it: --aws-account ID.")
        return ""
    if not _ACCOUNT.fullmatch(number):
        raise _refused(OPTION, f"{one_line(number, 40)!r}", "Write the twelve digits of its number.")
    if endpoint:
        raise _refused(OPTION, "an emulator beside it (--aws-endpoint)", "Name one of the two.")
    if not allowed:
        raise _refused(
            OPTION,
            f"no leave to apply to {number}",
            f"Give {ALLOWANCE}, too: a run makes, changes and destroys resources there, which cost money.",
        )
    got = wrong_caller(number, sts or _client("sts", _ANYWHERE))
    if got:
        raise _refused(OPTION, got, "Sign in to that account, or name the one that you are in.")
    return number


def wrong_caller(number: str, sts: Any) -> str:
    """Return in words why the caller is not known to be in an account; empty where it is."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from botocore.parsers import ResponseParserError

    try:
        told = sts.get_caller_identity()
    except NoCredentialsError:
        return "no credentials of AWS"
    except ClientError as error:
        return f"credentials that AWS refuses: {error.response.get('Error', {}).get('Code') or 'without a code'}"
    except (BotoCoreError, ResponseParserError, KeyError) as error:
        return one_line(f"no answer of AWS: {error}", 200)
    account = str((told or {}).get("Account") or "nobody knows which")
    return "" if account == number else f"a caller in account {one_line(account, 40)}"


def _client(service: str, region: str) -> Any:
    from botocore.config import Config

    # An endpoint that variables or files name would be an emulator, and what is seen there is not live.
    config = Config(
        ignore_configured_endpoint_urls=True,
        connect_timeout=_ANSWER_TIMEOUT_S,
        read_timeout=3 * _ANSWER_TIMEOUT_S,
        retries={"total_max_attempts": 5},
    )
    return _session().create_client(service, region_name=region, config=config)


def _session() -> Any:
    import botocore.session

    return botocore.session.get_session()


def _refused(option: str, got: str, action: str) -> UsageError:
    return UsageError(option, got=got, expected="a sandbox of yours that a run may apply to", action=action)


def _lost(number: str, got: str) -> ExitgateError:
    return ObservationError(
        f"account {number} of AWS",
        got=got,
        expected="the caller in it until the end of the run",
        action="Sign in to it, and run again, or have `exitgate sweep` take down what stands.",
    )

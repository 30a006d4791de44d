"""Identities of a run's own in an account of an emulator, and credentials of roles that stand there; all is taken back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from exitgate.errors import ObservationError
from exitgate.provision.account_answers import read_policy
from exitgate.provision.emulator import is_refusal
from exitgate.provision.role_trials.calls import Call

Connect = Callable[..., Any]
"""Makes a client of a service for an access key, with its secret and token; for an account's number, of its root."""
PREFIX: Final = "exitgate-trial"
"""What the names of ours begin with."""
_SESSION: Final = "exitgate"
_POLICY: Final = "exitgate"
ANSWERED: Final = "answered"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A user of ours, or a session of a role."""

    name: str
    arn: str
    key: str
    secret: str = field(repr=False)
    token: str | None = field(repr=False, default=None)
    connect: Connect
    clients: dict[str, Any] = field(default_factory=dict)

    def answer(self, call: Call, resource: str) -> str:
        """Make a call, and return ``answered``, ``refused`` where IAM says no, or the code of another error."""
        from botocore.exceptions import ClientError

        client = self.clients.get(call.service)
        if client is None:
            client = self.clients[call.service] = self.connect(call.service, self.key, self.secret, self.token)
        try:
            getattr(client, call.operation)(**call.arguments(resource))
        except ClientError as error:
            return REFUSED if is_refusal(error) else str(error.response.get("Error", {}).get("Code") or "no code")
        return ANSWERED

    def assume(self, role: str) -> Identity | None:
        """Return a session of a role; None where IAM says no."""
        from botocore.exceptions import ClientError

        try:
            told = self.connect("sts", self.key, self.secret, self.token).assume_role(
                RoleArn=role, RoleSessionName=_SESSION
            )["Credentials"]
        except ClientError as error:
            if is_refusal(error):
                return None
            raise
        return Identity(
            name=role.rpartition("/")[2],
            arn=role,
            key=told["AccessKeyId"],
            secret=told["SecretAccessKey"],
            token=told["SessionToken"],
            connect=self.connect,
        )


def policy(*statements: Mapping[str, Any]) -> str:
    """Return a policy as JSON."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allowed(action: str | Sequence[str], resource: str) -> dict[str, Any]:
    """Return a statement that allows something."""
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@contextmanager
def throwaway_user(connect: Connect, account: str, name: str, *statements: Mapping[str, Any]) -> Iterator[Identity]:
    """Make a user with some rights, and remove it at the end of the block."""
    iam = connect("iam", account)
    arn = iam.create_user(UserName=name)["User"]["Arn"]
    keys: list[str] = []
    try:
        made = iam.create_access_key(UserName=name)["AccessKey"]
        keys.append(made["AccessKeyId"])
        if statements:
            allow(connect, account, name, *statements)
        yield Identity(name=name, arn=arn, key=keys[0], secret=made["SecretAccessKey"], connect=connect)
    finally:
        for policy_name in iam.list_user_policies(UserName=name)["PolicyNames"]:
            iam.delete_user_policy(UserName=name, PolicyName=policy_name)
        for key in keys:
            iam.delete_access_key(UserName=name, AccessKeyId=key)
        iam.delete_user(UserName=name)


def allow(connect: Connect, account: str, user: str, *statements: Mapping[str, Any]) -> None:
    """Let a user of ours do what some statements say, and nothing else."""
    connect("iam", account).put_user_policy(UserName=user, PolicyName=_POLICY, PolicyDocument=policy(*statements))


@contextmanager
def throwaway_role(
    connect: Connect, account: str, name: str, trust: str, *statements: Mapping[str, Any]
) -> Iterator[str]:
    """Make a role, and remove it at the end of the block; the block gets its ARN."""
    iam = connect("iam", account)
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    try:
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName=_POLICY, PolicyDocument=policy(*statements))
        yield arn
    finally:
        for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
            iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
        iam.delete_role(RoleName=name)


def session_of(connect: Connect, account: str, role: str, holder: Identity) -> Identity:
    """Return a session of a role that trusts a service: for a moment it trusts a user of ours instead.

    Raises:
        ObservationError: if the user gets none all the same, or the role's own trust does not come back.
    """
    iam, name = connect("iam", account), role.rpartition("/")[2]
    own = read_policy(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    ours = policy({"Effect": "Allow", "Principal": {"AWS": holder.arn}, "Action": "sts:AssumeRole"})
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=ours)
    try:
        session = holder.assume(role)
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(own))
    back = read_policy(iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])
    if session is None or back != own:
        raise ObservationError(
            f"credentials of the role {name}",
            got="no session for a user whom it trusts"
            if session is None
            else "its own trust policy does not come back",
            expected="a session of the role, and its trust as before",
            action="Report it with the emulator's version.",
        )
    return session


def forget_identities(connect: Connect, account: str) -> None:
    """Remove the users and roles of ours that a trial which was killed has left in an account."""
    iam = connect("iam", account)
    for page in iam.get_paginator("list_users").paginate():
        for name in [each["UserName"] for each in page["Users"] if each["UserName"].startswith(PREFIX)]:
            for policy_name in iam.list_user_policies(UserName=name)["PolicyNames"]:
                iam.delete_user_policy(UserName=name, PolicyName=policy_name)
            for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
                iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
            iam.delete_user(UserName=name)
    for page in iam.get_paginator("list_roles").paginate():
        for name in [each["RoleName"] for each in page["Roles"] if each["RoleName"].startswith(PREFIX)]:
            for policy_name in iam.list_role_policies(RoleName=name)["PolicyNames"]:
                iam.delete_role_policy(RoleName=name, PolicyName=policy_name)
            iam.delete_role(RoleName=name)

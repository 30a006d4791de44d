"""Policies and requests that are put to the model of IAM and to an emulator that enforces it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from random import Random
from typing import Any, Final

from exitgate.provision.account_answers import read_policy
from exitgate.provision.emulator import Emulator
from exitgate.provision.role_trials import CALLS
from exitgate.provision.role_trials.identities import (
    ANSWERED,
    REFUSED,
    Identity,
    allowed,
    policy,
    throwaway_role,
    throwaway_user,
)
from exitgate.rights import Context, Policies, Principal, Request, Verdict, decide, read_document

ACCOUNT: Final = "333333333333"
REGION: Final = "eu-central-1"
READ: Final = "secretsmanager:GetSecretValue"
DESCRIBE: Final = "secretsmanager:DescribeSecret"
Statements = Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request by a user or a role, who has these policies and no others."""

    identity: Statements = ()
    action: str = READ
    own: bool = True
    """For the first secret; otherwise for the second."""
    as_role: bool = False
    boundary: Statements | None = None
    session: Statements | None = None
    resource: Statements | None = None
    """The first secret's own policy, with ``ME`` for who asks."""
    trust: Statements | None = None
    """Of a role that the user takes on."""
    key: Statements | None = None
    """A key's policy: the user encrypts with it."""


def grant(action: Any = READ, resource: Any = "OWN", **more: Any) -> dict[str, Any]:
    """Return a statement that allows; ``OWN`` and ``OTHER`` stand for the two secrets."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def refuse(action: Any = READ, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Return a statement that refuses."""
    return {**grant(action, resource, **more), "Effect": "Deny"}


def where(operator: str, key: str, *values: str) -> dict[str, Any]:
    """Return a condition as an argument of a statement."""
    return {"Condition": {operator: {key: list(values)}}}


_TAKE: Final = grant("sts:AssumeRole", "*")


def _trusted(who: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole"}


def _key(who: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "kms:*", "Resource": "*"}


CASES: Final[Mapping[str, Case]] = {
    "nothing allows": Case(),
    "exactly this": Case(identity=[grant()]),
    "exactly this, of another": Case(identity=[grant()], own=False),
    "another action": Case(identity=[grant(DESCRIBE)]),
    "an action's case does not count": Case(identity=[grant("SECRETSMANAGER:getsecretvalue")]),
    "every action": Case(identity=[grant("*", "*")]),
    "all of a service": Case(identity=[grant("secretsmanager:*", "*")]),
    "actions by a beginning": Case(identity=[grant("secretsmanager:Get*")]),
    "actions by a single letter": Case(identity=[grant("secretsmanager:GetSecretValu?")]),
    "actions by a list": Case(identity=[grant([DESCRIBE, READ], ["OTHER", "OWN"])]),
    "a resource by a wildcard": Case(identity=[grant(READ, "arn:aws:secretsmanager:*:*:secret:trial/own-*")]),
    "a resource by single letters": Case(
        identity=[grant(READ, f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:trial/own-??????")]
    ),
    "a resource by too few letters": Case(
        identity=[grant(READ, f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:trial/own-?????")]
    ),
    "a resource of another region": Case(
        identity=[grant(READ, f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:trial/own-*")]
    ),
    "a resource of another account": Case(
        identity=[grant(READ, f"arn:aws:secretsmanager:{REGION}:444444444444:secret:trial/own-*")]
    ),
    "a resource's case counts": Case(identity=[grant(READ, "arn:aws:secretsmanager:*:*:secret:TRIAL/own-*")]),
    "an explicit refusal": Case(identity=[grant(), refuse()]),
    "a refusal of another action": Case(identity=[grant(), refuse(DESCRIBE)]),
    "a refusal of another resource": Case(identity=[grant(), refuse(READ, "OTHER")]),
    "a refusal of everything": Case(identity=[grant("*", "*"), refuse("*")]),
    "NotAction allows the others": Case(identity=[{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}]),
    "NotAction leaves out what it names": Case(
        identity=[{"Effect": "Allow", "NotAction": "secretsmanager:*", "Resource": "*"}]
    ),
    "NotAction refuses the others": Case(
        identity=[grant("*", "*"), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}]
    ),
    "NotResource allows the others": Case(identity=[{"Effect": "Allow", "Action": READ, "NotResource": "OTHER"}]),
    "NotResource leaves out what it names": Case(identity=[{"Effect": "Allow", "Action": READ, "NotResource": "OWN"}]),
    "NotResource refuses the others": Case(
        identity=[grant("*", "*"), {"Effect": "Deny", "Action": READ, "NotResource": "OTHER"}]
    ),
    "a condition on an absent key": Case(identity=[grant(**where("StringEquals", "aws:PrincipalTag/team", "shop"))]),
    "a negated condition on an absent key": Case(
        identity=[grant(**where("StringNotEquals", "aws:PrincipalTag/team", "shop"))]
    ),
    "a condition on an absent key, if it exists": Case(
        identity=[grant(**where("StringEqualsIfExists", "aws:PrincipalTag/team", "shop"))]
    ),
    "a refusal by a condition on an absent key": Case(
        identity=[grant(), refuse(**where("StringEquals", "aws:PrincipalTag/team", "shop"))]
    ),
    "a refusal by a negated condition on an absent key": Case(
        identity=[grant(), refuse(**where("StringNotEquals", "aws:PrincipalTag/team", "shop"))]
    ),
    "an absent key is absent": Case(identity=[grant(**where("Null", "aws:PrincipalTag/team", "true"))]),
    "an absent key is not there": Case(identity=[grant(**where("Null", "aws:PrincipalTag/team", "false"))]),
    "all of no values": Case(identity=[grant(**where("ForAllValues:StringEquals", "aws:PrincipalTag/team", "shop"))]),
    "any of no values": Case(identity=[grant(**where("ForAnyValue:StringEquals", "aws:PrincipalTag/team", "shop"))]),
    "who asks, by ARN": Case(identity=[grant(**where("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/trial-*"))]),
    "who asks, by another ARN": Case(
        identity=[grant(**where("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/other-*"))]
    ),
    "who asks, by ARN as text": Case(
        identity=[grant(**where("StringLike", "aws:PrincipalArn", "arn:aws:iam::*:user/trial-*"))]
    ),
    "who asks, by account": Case(identity=[grant(**where("StringEquals", "aws:PrincipalAccount", ACCOUNT))]),
    "who asks, by another account": Case(
        identity=[grant(**where("StringEquals", "aws:PrincipalAccount", "444444444444"))]
    ),
    "who asks, by kind": Case(identity=[grant(**where("StringEquals", "aws:PrincipalType", "User"))]),
    "who asks, by name": Case(identity=[grant(**where("StringEquals", "aws:username", "trial-user"))]),
    "who asks, by another name": Case(identity=[grant(**where("StringEquals", "aws:username", "another"))]),
    "the region": Case(identity=[grant(**where("StringEquals", "aws:RequestedRegion", REGION))]),
    "another region": Case(identity=[grant(**where("StringEquals", "aws:RequestedRegion", "us-east-1"))]),
    "an address": Case(identity=[grant(**where("IpAddress", "aws:SourceIp", "127.0.0.0/8"))]),
    "another address": Case(identity=[grant(**where("IpAddress", "aws:SourceIp", "10.0.0.0/8"))]),
    "not an address": Case(identity=[grant(**where("NotIpAddress", "aws:SourceIp", "10.0.0.0/8"))]),
    "no TLS": Case(identity=[grant(**where("Bool", "aws:SecureTransport", "false"))]),
    "a refusal without TLS": Case(identity=[grant(), refuse(**where("Bool", "aws:SecureTransport", "false"))]),
    "two keys, of which one fits": Case(
        identity=[
            grant(
                Condition={
                    "StringEquals": {"aws:PrincipalAccount": ACCOUNT, "aws:RequestedRegion": "us-east-1"},
                }
            )
        ]
    ),
    "one of two values": Case(
        identity=[grant(**where("StringEquals", "aws:PrincipalAccount", "444444444444", ACCOUNT))]
    ),
    "neither of two values": Case(
        identity=[grant(**where("StringNotEquals", "aws:PrincipalAccount", "444444444444", ACCOUNT))]
    ),
    "a variable in a resource": Case(
        identity=[grant(READ, "arn:aws:secretsmanager:*:${aws:PrincipalAccount}:secret:trial/own-*")]
    ),
    "a variable in a resource that does not fit": Case(
        identity=[grant(READ, "arn:aws:secretsmanager:*:*:secret:${aws:username}/own-*")]
    ),
    "a boundary around it": Case(identity=[grant()], boundary=[grant("secretsmanager:*", "*")]),
    "outside of the boundary": Case(identity=[grant()], boundary=[grant("s3:*", "*")]),
    "a boundary alone": Case(boundary=[grant("*", "*")]),
    "a boundary's refusal": Case(identity=[grant()], boundary=[grant("*", "*"), refuse()]),
    "a role": Case(as_role=True, identity=[grant()]),
    "a role that nothing allows": Case(as_role=True),
    "a role of another name": Case(
        as_role=True, identity=[grant(**where("ArnEquals", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/another"))]
    ),
    "a role by its name": Case(
        as_role=True,
        identity=[grant(**where("ArnEquals", "aws:PrincipalArn", f"arn:aws:iam::{ACCOUNT}:role/trial-role"))],
    ),
    "a session around it": Case(as_role=True, identity=[grant("*", "*")], session=[grant()]),
    "outside of the session": Case(as_role=True, identity=[grant()], session=[grant("s3:*", "*")]),
    "a session's refusal": Case(as_role=True, identity=[grant()], session=[grant("*", "*"), refuse()]),
    "a session alone": Case(as_role=True, session=[grant("*", "*")]),
    "the secret's policy grants": Case(resource=[grant(READ, "*", Principal={"AWS": "ME"})]),
    "the secret's policy grants to a role": Case(as_role=True, resource=[grant(READ, "*", Principal={"AWS": "ME"})]),
    "the secret's policy refuses": Case(identity=[grant()], resource=[refuse(Principal="*")]),
    "the secret's policy refuses others": Case(
        identity=[grant()], resource=[refuse(Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/trial-holder"})]
    ),
    "the secret's policy refuses all but one": Case(
        identity=[grant()],
        resource=[refuse(Principal="*", **where("ArnNotEquals", "aws:PrincipalArn", "ME"))],
    ),
    "another account is trusted": Case(identity=[_TAKE], trust=[_trusted("arn:aws:iam::444444444444:root")]),
    "a trusted user": Case(trust=[_trusted("ME")]),
    "a trusted user who is refused it": Case(identity=[refuse("sts:AssumeRole")], trust=[_trusted("ME")]),
    "another user is trusted": Case(identity=[_TAKE], trust=[_trusted(f"arn:aws:iam::{ACCOUNT}:user/trial-holder")]),
    "the account is trusted, and its user allowed": Case(
        identity=[_TAKE], trust=[_trusted(f"arn:aws:iam::{ACCOUNT}:root")]
    ),
    "the account is trusted, and its user not allowed": Case(trust=[_trusted(f"arn:aws:iam::{ACCOUNT}:root")]),
    "a service is trusted": Case(
        identity=[_TAKE],
        trust=[{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    ),
    "trust by a condition that does not fit": Case(
        identity=[_TAKE], trust=[{**_trusted("ME"), **where("StringEquals", "sts:ExternalId", "shop")}]
    ),
    "trust that is refused": Case(identity=[_TAKE], trust=[_trusted("ME"), {**_trusted("ME"), "Effect": "Deny"}]),
    "a key that leaves it to the account, and a user who is allowed": Case(
        identity=[grant("kms:Encrypt", "*")], key=[_key(f"arn:aws:iam::{ACCOUNT}:root")]
    ),
    "a key that leaves it to the account, and a user who is not": Case(key=[_key(f"arn:aws:iam::{ACCOUNT}:root")]),
    "a key of its own, and a user who is allowed": Case(
        identity=[grant("kms:Encrypt", "*")], key=[_key(f"arn:aws:iam::{ACCOUNT}:user/trial-holder")]
    ),
    "a key that grants to the user": Case(key=[_key("ME")]),
    "a key that refuses": Case(
        identity=[grant("kms:Encrypt", "*")],
        key=[_key(f"arn:aws:iam::{ACCOUNT}:root"), {**_key("ME"), "Effect": "Deny"}],
    ),
    "the secret's policy leaves it to the account": Case(
        resource=[grant(READ, "*", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"})]
    ),
}


def drawn(seed: int) -> Case:
    """Return a case whose policies are drawn at random out of forms that the emulator knows."""
    random = Random(seed)

    def statement() -> dict[str, Any]:
        effect = random.choice(("Allow", "Allow", "Allow", "Deny"))
        actions = random.choice(
            (READ, DESCRIBE, "*", "secretsmanager:*", "secretsmanager:Get*", "s3:*", [READ, "s3:GetObject"])
        )
        resources = random.choice(
            ("OWN", "OTHER", "*", ["OWN", "OTHER"], "arn:aws:secretsmanager:*:*:secret:trial/o*-??????")
        )
        condition = random.choice(
            (
                {},
                {},
                where("StringEquals", "aws:PrincipalAccount", ACCOUNT),
                where("StringNotEquals", "aws:PrincipalAccount", ACCOUNT),
                where("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:user/trial-*"),
            )
        )
        return {
            "Effect": effect,
            random.choice(("Action", "Action", "NotAction")): actions,
            random.choice(("Resource", "Resource", "NotResource")): resources,
            **condition,
        }

    return Case(
        identity=[statement() for _ in range(random.randint(1, 3))],
        boundary=[statement() for _ in range(random.randint(1, 2))] if random.random() < 0.2 else None,
        action=random.choice((READ, DESCRIBE)),
        own=random.random() < 0.7,
    )


def modelled(case: Case, secrets: Mapping[str, str]) -> str:
    """Return what the model says, in the words of an answer."""
    arn = f"arn:aws:iam::{ACCOUNT}:" + ("role/trial-role" if case.as_role else "user/trial-user")
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/trial-role/exitgate" if case.as_role else ""
    known = {
        "aws:principalarn": (arn,),
        "aws:principalaccount": (ACCOUNT,),
        "aws:principaltype": ("AssumedRole" if case.as_role else "User",),
        "aws:requestedregion": (REGION,),
        "aws:sourceip": ("127.0.0.1",),
        "aws:securetransport": ("false",),
        **({} if case.as_role else {"aws:username": ("trial-user",)}),
    }

    def documents(statements: Statements | None) -> Any:
        if statements is None:
            return None
        if not statements:
            return ()
        return (read_document("policy", json.loads(_filled(policy(*statements), secrets, arn))),)

    action, resource, own_policy = _asked(case, secrets)
    policies = Policies(
        identity=documents(case.identity),
        boundary=documents(case.boundary),
        session=documents(case.session),
        resource=documents(own_policy) or (),
        guarded=case.trust is not None or case.key is not None,
    )
    request = Request(
        principal=Principal(arn=arn, session=session, account=ACCOUNT),
        action=action,
        resource=resource,
        context=Context(values=known),
    )
    found = decide(request, policies).verdict
    return {Verdict.ALLOWED: ANSWERED, Verdict.DENIED: REFUSED, Verdict.UNKNOWN: "unknown"}[found]


def _asked(case: Case, made: Mapping[str, str]) -> tuple[str, str, Statements]:
    """Return the action, the ARN, and the policy of what it is asked of."""
    if case.trust is not None:
        return "sts:AssumeRole", made["ROLE"], case.trust
    if case.key is not None:
        return "kms:Encrypt", made["KEY"], case.key
    return case.action, made["OWN" if case.own else "OTHER"], (case.resource or ()) if case.own else ()


def _filled(text: str, secrets: Mapping[str, str], me: str) -> str:
    return (
        text.replace('"OWN"', f'"{secrets["OWN"]}"')
        .replace('"OTHER"', f'"{secrets["OTHER"]}"')
        .replace('"ME"', f'"{me}"')
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """An account of an emulator with two secrets, a user and a role."""

    emulator: Emulator
    secrets: Mapping[str, str]
    """``OWN``, ``OTHER``, ``ROLE`` and ``KEY`` to their ARNs."""
    user: Identity
    holder: Identity
    role: str

    def answer(self, case: Case) -> str:
        """Give who asks these policies, make the call, and return what came back."""
        me = self.role if case.as_role else self.user.arn
        with ExitStack() as kept:
            self._give(case, me, kept)
            if case.trust is not None:
                return REFUSED if self.user.assume(self.role) is None else ANSWERED
            asking = self._session(case) if case.as_role else self.user
            action, resource, _ = _asked(case, self.secrets)
            return asking.answer(CALLS[action], resource)

    def _give(self, case: Case, me: str, kept: ExitStack) -> None:
        iam, secrets = self.emulator.client("iam", ACCOUNT), self.emulator.client("secretsmanager", ACCOUNT)
        kind, name = ("role", "trial-role") if case.as_role else ("user", "trial-user")
        named = {f"{kind.title()}Name": name}
        if case.identity:
            text = _filled(policy(*case.identity), self.secrets, me)
            getattr(iam, f"put_{kind}_policy")(**named, PolicyName="trial", PolicyDocument=text)
            kept.callback(getattr(iam, f"delete_{kind}_policy"), **named, PolicyName="trial")
        if case.boundary is not None:
            text = _filled(policy(*case.boundary), self.secrets, me)
            arn = iam.create_policy(PolicyName="trial-boundary", PolicyDocument=text)["Policy"]["Arn"]
            kept.callback(iam.delete_policy, PolicyArn=arn)
            getattr(iam, f"put_{kind}_permissions_boundary")(**named, PermissionsBoundary=arn)
            kept.callback(getattr(iam, f"delete_{kind}_permissions_boundary"), **named)
        if case.trust is not None:
            trusting = {"RoleName": "trial-role"}
            before = iam.get_role(**trusting)["Role"]["AssumeRolePolicyDocument"]
            text = _filled(policy(*case.trust), self.secrets, me)
            iam.update_assume_role_policy(**trusting, PolicyDocument=text)
            kept.callback(iam.update_assume_role_policy, **trusting, PolicyDocument=json.dumps(read_policy(before)))
        if case.key is not None:
            text = _filled(policy(*case.key), self.secrets, me)
            self.emulator.client("kms", ACCOUNT).put_key_policy(
                KeyId=self.secrets["KEY"], PolicyName="default", Policy=text
            )
        if case.resource is not None:
            text = _filled(policy(*case.resource), self.secrets, me)
            secrets.put_resource_policy(SecretId=self.secrets["OWN"], ResourcePolicy=text)
            kept.callback(secrets.delete_resource_policy, SecretId=self.secrets["OWN"])

    def _session(self, case: Case) -> Identity:
        arguments = {"RoleArn": self.role, "RoleSessionName": "exitgate"}
        if case.session is not None:
            arguments["Policy"] = _filled(policy(*case.session), self.secrets, self.role)
        told = self.emulator.client("sts", self.holder.key, self.holder.secret).assume_role(**arguments)["Credentials"]
        return Identity(
            name="trial-role",
            arn=self.role,
            key=told["AccessKeyId"],
            secret=told["SecretAccessKey"],
            token=told["SessionToken"],
            connect=self.emulator.client,
        )


@contextmanager
def staged(emulator: Emulator) -> Iterator[Stage]:
    """Make secrets, a user and a role, and remove them at the end of the block."""
    client = emulator.client("secretsmanager", ACCOUNT)
    with ExitStack() as kept:
        secrets = {}
        for key, name in (("OWN", "trial/own"), ("OTHER", "trial/other")):
            secrets[key] = client.create_secret(Name=name, SecretString="x")["ARN"]
            kept.callback(client.delete_secret, SecretId=name, ForceDeleteWithoutRecovery=True)
        user = kept.enter_context(throwaway_user(emulator.client, ACCOUNT, "trial-user"))
        holder = kept.enter_context(
            throwaway_user(emulator.client, ACCOUNT, "trial-holder", allowed("sts:AssumeRole", "*"))
        )
        trust = policy({"Effect": "Allow", "Principal": {"AWS": holder.arn}, "Action": "sts:AssumeRole"})
        role = kept.enter_context(throwaway_role(emulator.client, ACCOUNT, "trial-role", trust))
        secrets["ROLE"] = role
        kms = emulator.client("kms", ACCOUNT)
        secrets["KEY"] = kms.create_key()["KeyMetadata"]["Arn"]
        yield Stage(emulator=emulator, secrets=secrets, user=user, holder=holder, role=role)

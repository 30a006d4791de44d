"""What an emulator can do, tried out at its start in accounts that nothing else uses: what it says of itself is not believed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from exitgate.errors import ProvisionError, one_line
from exitgate.provision.emulator.endpoint import SPARE

_NAME: Final = "exitgate-probe"
_NO_IMAGE: Final = "exitgate.invalid/no-such-image:0"
_REFUSALS: Final = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "UnauthorizedOperation",
        "AuthorizationError",
        "AuthorizationErrorException",
    }
)
"""What services answer where IAM says no. Source: their API references, "Common errors"."""

Connect = Callable[..., Any]
"""Makes a client of a service for an account, or for an access key with its secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What was seen of an emulator."""

    keeps_accounts_apart: bool
    """What one account has, another neither sees nor is hindered by."""
    enforces_iam: bool
    """A user without any right is refused."""
    believes_no_image: bool
    """A task of an image that does not exist is not called RUNNING."""

    @property
    def limits(self) -> tuple[str, ...]:
        """What can't be seen on it, in words."""
        told = (
            (
                self.enforces_iam,
                "the emulator refuses nobody: no decision of IAM is seen",
            ),
            (
                self.believes_no_image,
                "the emulator calls a task running whose image does not exist: no task runs on it",
            ),
        )
        return tuple(words for can, words in told if not can)


def is_refusal(error: Any) -> bool:
    """Say whether a service refused a call by IAM, and not for another reason."""
    return error.response.get("Error", {}).get("Code") in _REFUSALS


def probe(connect: Connect, accounts: Sequence[str] = SPARE) -> Capabilities:
    """Try out what the emulator does.

    Args:
        connect: Makes clients.
        accounts: Two or more in which it may be tried; what is made there is taken back.

    Raises:
        ProvisionError: if it does not answer the simplest questions, or mixes up accounts: then nothing on it means anything.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        apart = _keeps_accounts_apart(connect, accounts[0], accounts[1])
        seen = Capabilities(
            keeps_accounts_apart=apart,
            enforces_iam=_refuses(connect, accounts[0]),
            believes_no_image=not _runs_nothing(connect, accounts[0]),
        )
    except (BotoCoreError, ClientError, ResponseParserError, KeyError, IndexError) as error:
        raise ProvisionError(
            "emulator of AWS",
            got=one_line(f"{type(error).__name__}: {error}", 300),
            expected="answers to the first calls of a run",
            action="Another version of it may be installed; `exitgate sweep --cache` has it installed anew.",
        ) from error
    if not seen.keeps_accounts_apart:
        raise ProvisionError(
            "emulator of AWS",
            got="one account sees what another has",
            expected="accounts that are apart: two of them are applied to at once",
            action="Use the version that emulator.toml pins.",
        )
    return seen


def _keeps_accounts_apart(connect: Connect, *accounts: str) -> bool:
    """Make a log group of one name in both, and delete it in one."""
    logs = [connect("logs", account) for account in accounts]
    own = [connect("sts", account).get_caller_identity()["Account"] for account in accounts]
    logs[0].create_log_group(logGroupName=_NAME)
    try:
        unseen = not logs[1].describe_log_groups(logGroupNamePrefix=_NAME)["logGroups"]
        if unseen:
            logs[1].create_log_group(logGroupName=_NAME)
            logs[1].delete_log_group(logGroupName=_NAME)
        kept = len(logs[0].describe_log_groups(logGroupNamePrefix=_NAME)["logGroups"]) == 1
    finally:
        _forget(logs[0])
    return own == [*accounts] and unseen and kept


def _forget(logs: Any) -> None:
    """Take the log group back; where accounts are mixed up, it went with the other one."""
    from botocore.exceptions import ClientError

    try:
        logs.delete_log_group(logGroupName=_NAME)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "ResourceNotFoundException":
            raise


def _refuses(connect: Connect, account: str) -> bool:
    from botocore.exceptions import ClientError

    iam = connect("iam", account)
    iam.create_user(UserName=_NAME)
    made = iam.create_access_key(UserName=_NAME)["AccessKey"]
    key = made["AccessKeyId"]
    try:
        connect("ec2", key, made["SecretAccessKey"]).describe_vpcs()
        refused = False
    except ClientError as error:
        # Not any error: who can't be authenticated is refused by those, too, who grant everything to everybody else.
        refused = is_refusal(error)
    iam.delete_access_key(UserName=_NAME, AccessKeyId=key)
    iam.delete_user(UserName=_NAME)
    return refused


def _runs_nothing(connect: Connect, account: str) -> bool:
    """Say whether a task of no image is called running."""
    ecs = connect("ecs", account)
    ecs.create_cluster(clusterName=_NAME)
    definition = ecs.register_task_definition(
        family=_NAME, containerDefinitions=[{"name": "none", "image": _NO_IMAGE, "memory": 16, "essential": True}]
    )["taskDefinition"]["taskDefinitionArn"]
    tasks = ecs.run_task(cluster=_NAME, taskDefinition=definition, count=1)["tasks"]
    arns = [each["taskArn"] for each in tasks]
    seen = ecs.describe_tasks(cluster=_NAME, tasks=arns)["tasks"] if arns else []
    for arn in arns:
        ecs.stop_task(cluster=_NAME, task=arn)
    ecs.deregister_task_definition(taskDefinition=definition)
    ecs.delete_cluster(cluster=_NAME)
    return any(each.get("lastStatus") == "RUNNING" for each in seen)

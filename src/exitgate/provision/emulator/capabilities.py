"""What an emulator can do, tried out at its start in accounts that nothing else uses: what it says of itself is not believed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from exitgate.errors import ProvisionError, one_line

_FIRST, _SECOND = "910000000001", "910000000002"
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


def probe(connect: Connect) -> Capabilities:
    """Try out what the emulator does.

    Raises:
        ProvisionError: if it does not answer the simplest questions, or mixes up accounts: then nothing on it means anything.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        apart = _keeps_accounts_apart(connect)
        seen = Capabilities(
            keeps_accounts_apart=apart,
            enforces_iam=_refuses(connect),
            believes_no_image=not _runs_nothing(connect),
        )
    except (BotoCoreError, ClientError, KeyError, IndexError) as error:
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


def _keeps_accounts_apart(connect: Connect) -> bool:
    """Make a log group of one name in both, and delete it in one."""
    logs = [connect("logs", account) for account in (_FIRST, _SECOND)]
    own = [connect("sts", account).get_caller_identity()["Account"] for account in (_FIRST, _SECOND)]
    logs[0].create_log_group(logGroupName=_NAME)
    unseen = not logs[1].describe_log_groups(logGroupNamePrefix=_NAME)["logGroups"]
    logs[1].create_log_group(logGroupName=_NAME)
    logs[1].delete_log_group(logGroupName=_NAME)
    kept = len(logs[0].describe_log_groups(logGroupNamePrefix=_NAME)["logGroups"]) == 1
    logs[0].delete_log_group(logGroupName=_NAME)
    return own == [_FIRST, _SECOND] and unseen and kept


def _refuses(connect: Connect) -> bool:
    from botocore.exceptions import ClientError

    iam = connect("iam", _FIRST)
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


def _runs_nothing(connect: Connect) -> bool:
    """Say whether a task of no image is called running."""
    ecs = connect("ecs", _FIRST)
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

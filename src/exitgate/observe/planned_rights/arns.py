"""ARNs of planned resources: real where they follow from names, and elsewhere made up in the shape of real ones.

What is made up, such as a key's id, is the same wherever the plan refers to it. So policies that name a resource by reference meet
that resource, and no other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Final

from exitgate.observe.terraform import Reference, Resource, Stack, Value
from exitgate.observe.terraform.resources import texts
from exitgate.rights import hidden

SUFFIX: Final = "AbCdEf"
"""Six characters, as AWS puts behind the name of a secret."""
_ARN: Final = re.compile(r"arn:aws[a-z-]*:[a-z0-9-]+:([a-z]{2}(?:-[a-z]+)+-\d)?:(\d{12}):")
_NOBODY: Final = "000000000000"
_SHAPES: Final[dict[str, tuple[str, str]]] = {
    "aws_sqs_queue": ("arn:aws:sqs:{region}:{account}:{0}", "name"),
    "aws_sns_topic": ("arn:aws:sns:{region}:{account}:{0}", "name"),
    "aws_s3_bucket": ("arn:aws:s3:::{0}", "bucket"),
    "aws_ecr_repository": ("arn:aws:ecr:{region}:{account}:repository/{0}", "name"),
    "aws_cloudwatch_log_group": ("arn:aws:logs:{region}:{account}:log-group:{0}", "name"),
    "aws_dynamodb_table": ("arn:aws:dynamodb:{region}:{account}:table/{0}", "name"),
    "aws_lambda_function": ("arn:aws:lambda:{region}:{account}:function:{0}", "function_name"),
    "aws_ecs_cluster": ("arn:aws:ecs:{region}:{account}:cluster/{0}", "name"),
    "aws_ecs_task_definition": ("arn:aws:ecs:{region}:{account}:task-definition/{0}:1", "family"),
    "aws_db_instance": ("arn:aws:rds:{region}:{account}:db:{0}", "identifier"),
    "aws_secretsmanager_secret": ("arn:aws:secretsmanager:{region}:{account}:secret:{0}-" + SUFFIX, "name"),
    "aws_ssm_parameter": ("arn:aws:ssm:{region}:{account}:parameter/{0}", "name"),
}
_NAMED_BY: Final = {"aws_s3_bucket": "bucket", "aws_lambda_function": "function_name", "aws_db_instance": "identifier"}


class Arns:
    """The ARNs of a stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._index = {each.address: number for number, each in enumerate(stack.resources)}
        self._known: dict[str, Resource] = {each.address: each for each in stack.resources}
        found = [
            match for each in stack.resources for text in texts(dict(each.values)) for match in _ARN.finditer(text)
        ]
        accounts = Counter(match.group(2) for match in found if match.group(2) != _NOBODY)
        given = [each.value for each in stack.variables if re.fullmatch(r"\d{12}", each.value)]
        self.account = given[0] if given else accounts.most_common(1)[0][0] if accounts else _NOBODY
        """The stack's account; made up where nothing names one."""
        regions = Counter(match.group(1) for match in found if match.group(1) and "named" not in match.group(1))
        self.region = regions.most_common(1)[0][0] if regions else "xx-unknown-1"
        names = sorted(stack.names, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, names))) if names else None

    def of(self, resource: Resource) -> str:
        """Return the ARN of a resource; hidden where none can be made up."""
        if resource.type == "aws_kms_key":
            return f"arn:aws:kms:{self.region}:{self.account}:key/{self._key_id(resource)}"
        if resource.type in ("aws_iam_role", "aws_iam_policy", "aws_iam_user"):
            kind = resource.type.removeprefix("aws_iam_")
            path = resource.get("path")
            return f"arn:aws:iam::{self.account}:{kind}{path if isinstance(path, str) else '/'}{self.name(resource)}"
        shape = _SHAPES.get(resource.type)
        if shape is None:
            return hidden(f"{resource.address} arn")
        name = resource.get(shape[1])
        told = name.lstrip("/") if isinstance(name, str) else hidden(f"{resource.address} {shape[1]}")
        return shape[0].format(told, region=self.region, account=self.account)

    def name(self, resource: Resource) -> str:
        """Return the name of a resource; hidden where it is not known."""
        name = resource.get(_NAMED_BY.get(resource.type, "name"))
        return name if isinstance(name, str) else hidden(f"{resource.address} name")

    def text(self, value: Value) -> str | None:
        """Return a text, or what a reference stands for; None for anything else."""
        if isinstance(value, Reference):
            return self._meant(value.address, value.attribute)
        if not isinstance(value, str):
            return None
        return self._names.sub(self._replace, value) if self._names else value

    def all(self) -> tuple[str, ...]:
        """Return every ARN that is known or made up."""
        return tuple(self.of(each) for each in self._stack.resources if each.type in _ANY)

    def find(self, arn: str) -> Resource | None:
        """Return the planned resource that has an ARN."""
        return next((each for each in self._stack.resources if each.type in _ANY and self.of(each) == arn), None)

    def _replace(self, found: re.Match[str]) -> str:
        return self._meant(*self._stack.names[found.group()])

    def _meant(self, address: str, attribute: str) -> str:
        resource = self._known.get(address)
        if resource is None:
            return hidden(f"{address} {attribute}")
        by: dict[str, Callable[[Resource], str]] = {"arn": self.of, "name": self.name, "key_id": self._key_id}
        ids: dict[str, Callable[[Resource], str]] = {
            "aws_secretsmanager_secret": self.of,
            "aws_sns_topic": self.of,
            "aws_kms_key": self._key_id,
            "aws_sqs_queue": lambda each: hidden(f"{each.address} url"),
            "aws_iam_policy": self.of,
        }
        if attribute == "id":
            return ids.get(resource.type, self.name)(resource)
        return by[attribute](resource) if attribute in by else hidden(f"{address} {attribute}")

    def _key_id(self, resource: Resource) -> str:
        return f"{self._index.get(resource.address, 0):08x}-0000-4000-8000-000000000000"


_ANY: Final = frozenset({*_SHAPES, "aws_kms_key", "aws_iam_role", "aws_iam_policy", "aws_iam_user"})

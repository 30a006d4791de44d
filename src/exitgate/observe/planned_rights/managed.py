"""Policies of AWS's own that roles are given by name, as far as they are written down here; others are not known.

Source: AWS managed policy reference guide.
"""

from __future__ import annotations

from typing import Any, Final

_PREFIX: Final = "arn:aws:iam::aws:policy/"
_EXECUTION: Final = (
    *(
        "ecr:GetAuthorizationToken",
        "ecr:BatchCheckLayerAvailability",
        "ecr:GetDownloadUrlForLayer",
        "ecr:BatchGetImage",
    ),
    *("logs:CreateLogStream", "logs:PutLogEvents"),
)


def _allowing(*actions: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [statement]}


MANAGED: Final[dict[str, dict[str, Any]]] = {
    f"{_PREFIX}AdministratorAccess": _allowing("*"),
    f"{_PREFIX}IAMFullAccess": _allowing(
        "iam:*", "organizations:DescribeAccount", "organizations:DescribeOrganization"
    ),
    f"{_PREFIX}AmazonS3FullAccess": _allowing("s3:*", "s3-object-lambda:*"),
    f"{_PREFIX}AmazonSQSFullAccess": _allowing("sqs:*"),
    f"{_PREFIX}AmazonSNSFullAccess": _allowing("sns:*"),
    f"{_PREFIX}service-role/AmazonECSTaskExecutionRolePolicy": _allowing(*_EXECUTION),
    f"{_PREFIX}service-role/AWSLambdaBasicExecutionRole": _allowing(
        "logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"
    ),
}

"""Actions from which requests are drawn, with the resource that each is about: the common ones and those that hurt most.

Source: Service Authorization Reference.
"""

from __future__ import annotations

from typing import Final

ACTIONS: Final[dict[str, tuple[str, ...]]] = {
    # A made-up resource of the service, to the actions on it.
    "arn:aws:s3:::exitgate-drawn/key": ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion"),
    "arn:aws:s3:::exitgate-drawn": ("s3:ListBucket", "s3:PutBucketPolicy", "s3:DeleteBucket", "s3:GetBucketAcl"),
    "arn:aws:secretsmanager:{region}:{account}:secret:exitgate-drawn-AbCdEf": (
        *("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:DeleteSecret"),
        *("secretsmanager:DescribeSecret", "secretsmanager:UpdateSecret", "secretsmanager:PutResourcePolicy"),
    ),
    "arn:aws:ssm:{region}:{account}:parameter/exitgate-drawn": (
        *("ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath", "ssm:PutParameter"),
    ),
    "arn:aws:kms:{region}:{account}:key/00000000-0000-4000-8000-00000000d4a3": (
        *("kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey", "kms:CreateGrant", "kms:ScheduleKeyDeletion"),
        "kms:PutKeyPolicy",
    ),
    "arn:aws:sqs:{region}:{account}:exitgate-drawn": (
        *("sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:PurgeQueue", "sqs:DeleteQueue"),
    ),
    "arn:aws:sns:{region}:{account}:exitgate-drawn": ("sns:Publish", "sns:Subscribe", "sns:DeleteTopic"),
    "arn:aws:dynamodb:{region}:{account}:table/exitgate-drawn": (
        *("dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:DeleteTable"),
    ),
    "arn:aws:ecr:{region}:{account}:repository/exitgate-drawn": (
        *("ecr:BatchGetImage", "ecr:PutImage", "ecr:GetDownloadUrlForLayer", "ecr:BatchDeleteImage"),
        *("ecr:BatchCheckLayerAvailability", "ecr:SetRepositoryPolicy"),
    ),
    "arn:aws:logs:{region}:{account}:log-group:exitgate-drawn:log-stream:drawn": (
        *("logs:PutLogEvents", "logs:CreateLogStream", "logs:GetLogEvents", "logs:DeleteLogStream"),
    ),
    "arn:aws:logs:{region}:{account}:log-group:exitgate-drawn": ("logs:DeleteLogGroup", "logs:CreateLogGroup"),
    "arn:aws:iam::{account}:role/exitgate-drawn": (
        *("iam:PassRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRole"),
        *("iam:CreateRole", "iam:GetRole", "sts:AssumeRole", "iam:DeleteRolePermissionsBoundary"),
    ),
    "arn:aws:iam::{account}:user/exitgate-drawn": (
        *("iam:CreateUser", "iam:CreateAccessKey", "iam:AttachUserPolicy", "iam:CreateLoginProfile"),
    ),
    "arn:aws:iam::{account}:policy/exitgate-drawn": ("iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion"),
    "arn:aws:lambda:{region}:{account}:function:exitgate-drawn": (
        *("lambda:InvokeFunction", "lambda:CreateFunction", "lambda:UpdateFunctionCode"),
    ),
    "arn:aws:ec2:{region}:{account}:instance/i-0123456789abcdef0": ("ec2:RunInstances", "ec2:TerminateInstances"),
    "arn:aws:rds:{region}:{account}:db:exitgate-drawn": ("rds:DeleteDBInstance", "rds:ModifyDBInstance"),
    "arn:aws:rds-db:{region}:{account}:dbuser:db-EXITGATE/drawn": ("rds-db:connect",),
    "arn:aws:ecs:{region}:{account}:task/exitgate-drawn/0": ("ecs:RunTask", "ecs:ExecuteCommand", "ecs:StopTask"),
    "*": (
        *("ecr:GetAuthorizationToken", "ec2:DescribeInstances", "s3:ListAllMyBuckets", "sts:GetSessionToken"),
        *("ecs:RegisterTaskDefinition", "secretsmanager:ListSecrets", "ec2:AuthorizeSecurityGroupIngress"),
        *("organizations:LeaveOrganization", "iam:ListRoles", "kms:CreateKey", "cloudtrail:StopLogging"),
    ),
}
ALL_ACTIONS: Final = tuple(dict.fromkeys(action for several in ACTIONS.values() for action in several))

"""Faults of 3.3.C.3 that show where IAM is enforced: what a role is refused, what it gets beyond its needs, who gets the role."""

from __future__ import annotations

from typing import Final

from exitgate.faults.infrastructure.editing import added, fault, replaced

_ROLES: Final = "infra/modules/service/roles.tf"
_TRUSTED: Final = '    Statement = [{\n      Sid       = "OwnTasks"\n'
_ACCOUNT_TRUSTED: Final = """    Statement = [{
      Sid       = "Account"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${var.account_id}:root" }
      Action    = "sts:AssumeRole"
      }, {
      Sid       = "OwnTasks"
"""
_STATEMENT: Final = """
resource "aws_iam_role_policy" "tried" {{
  name   = "tried"
  role   = aws_iam_role.{role}.id
  policy = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Sid = "Tried", Effect = "{effect}", Action = "{action}", Resource = "*" }}]
  }})
}}
"""

FAULTS = (
    fault(
        "3.3.C.3 needed-allowed",
        "sign-in-refused",
        "a refusal hits the sign-in to the registry, so that no image can be pulled",
        added(_ROLES, _STATEMENT.format(role="execution", effect="Deny", action="ecr:GetAuthorizationToken")),
        location=_ROLES,
        message="aws_iam_role.execution is refused ecr:GetAuthorizationToken on *",
    ),
    fault(
        "3.3.C.3 needed-allowed",
        "secrets-refused",
        "a refusal hits the secrets that ECS hands to the service",
        added(_ROLES, _STATEMENT.format(role="execution", effect="Deny", action="secretsmanager:*")),
        location=_ROLES,
        message="aws_iam_role.execution is refused secretsmanager:GetSecretValue on",
        of_a_service_with="postgres",
        also=frozenset({"3.3.B.3.1"}),
    ),
    fault(
        "3.3.C.3 others-refused",
        "execution-role-lists-buckets",
        "the execution role may list all buckets of the account",
        added(_ROLES, _STATEMENT.format(role="execution", effect="Allow", action="s3:ListAllMyBuckets")),
        location=_ROLES,
        message="aws_iam_role.execution is let through to s3:ListAllMyBuckets on *",
    ),
    fault(
        "3.3.C.3 others-refused",
        "task-role-reads-secrets",
        "the task role may read every secret",
        added(_ROLES, _STATEMENT.format(role="task", effect="Allow", action="secretsmanager:GetSecretValue")),
        location=_ROLES,
        message="aws_iam_role.task is let through to secretsmanager:GetSecretValue on",
        also=frozenset({"3.3.B.3.2"}),
    ),
    fault(
        "3.3.C.3 trust-enforced",
        "roles-for-the-account",
        "whoever may assume roles at all in the account gets the service's",
        replaced(_ROLES, _TRUSTED, _ACCOUNT_TRUSTED),
        location=_ROLES,
        message="is taken on by a user of the account",
        also=frozenset({"3.3.B.3.1"}),
    ),
)

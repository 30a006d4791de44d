"""Faults of 3.3.B.3.1, 3.3.B.3.2 and 3.3.C.3 that show when all policies are decided together."""

from __future__ import annotations

from exitgate.faults.infrastructure.editing import added, fault, replaced

_ROLES = "infra/modules/service/roles.tf"
_KEYS = "infra/modules/keys/main.tf"
_READABLE = '"${local.arn.secretsmanager}:secret:${secret}-??????"'
_GRANT = """
resource "aws_iam_role_policy" "more" {{
  name   = "more"
  role   = aws_iam_role.{role}.id
  policy = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Sid = "More", Effect = "{effect}", Action = {actions}, Resource = "{resource}" }}]
  }})
}}
"""
_BOUNDARY = """
resource "aws_iam_policy" "boundary" {
  name = "${local.full_name}-boundary"
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "ecr:*", Resource = "*" }]
  })
}

resource "aws_iam_role" "execution" {
  permissions_boundary = aws_iam_policy.boundary.arn
"""
_ALL_RIGHTS = frozenset({"3.3.C.3"})
_CONDITIONS = """      Condition = {
        StringEquals = { "aws:SourceAccount" = var.account_id }
        ArnLike      = { "aws:SourceArn" = "${local.arn.ecs}:*" }
      }
"""

FAULTS = (
    fault(
        "3.3.B.3.1 secrets-limited",
        "secrets-of-all",
        "the execution role may read every secret of the account",
        replaced(_ROLES, _READABLE, '"${local.arn.secretsmanager}:secret:*"'),
        location=_ROLES,
        message="is allowed secretsmanager:GetSecretValue on",
        of_a_service_with="postgres",
        also=_ALL_RIGHTS,
    ),
    fault(
        "3.3.B.3.1 secrets-limited",
        "secrets-without-suffix",
        "the six characters that AWS appends to a secret's name were forgotten",
        replaced(_ROLES, _READABLE, '"${local.arn.secretsmanager}:secret:${secret}"'),
        location=_ROLES,
        message="is denied secretsmanager:GetSecretValue on",
        of_a_service_with="postgres",
        also=_ALL_RIGHTS,
    ),
    fault(
        "3.3.B.3.1 secrets-limited",
        "secrets-key-closed",
        "the key of the secrets is open to another service than Secrets Manager",
        replaced(_KEYS, '"secretsmanager.${var.region}.amazonaws.com"', '"rds.${var.region}.amazonaws.com"'),
        location=_ROLES,
        message="is denied kms:Decrypt on",
        of_a_service_with="postgres",
    ),
    fault(
        "3.3.B.3.2 others-denied",
        "key-open-to-all",
        "the key of all data lets everybody in the account decrypt",
        replaced(
            _KEYS,
            "statements  = []",
            'statements  = [{ Sid = "Everybody", Effect = "Allow", Principal = { AWS = "*" }, Action = ["kms:Decrypt"], '
            'Resource = "*" }]',
        ),
        location=_KEYS,
        message="statement Everybody",
        also=_ALL_RIGHTS,
    ),
    fault(
        "3.3.B.3.2 others-denied",
        "task-role-reads-exports",
        "the task role may read a bucket that nobody spoke of",
        added(
            _ROLES,
            _GRANT.format(
                role="task", effect="Allow", actions='["s3:GetObject"]', resource="arn:aws:s3:::customer-exports/*"
            ),
        ),
        location=_ROLES,
        message="is allowed s3:GetObject on arn:aws:s3:::customer-exports/exitgate-drawn",
        also=_ALL_RIGHTS,
    ),
    fault(
        "3.3.B.3.2 others-denied",
        "task-role-tomorrows-actions",
        "the task role is allowed whatever a service will ever offer",
        added(
            _ROLES,
            _GRANT.format(role="task", effect="Allow", actions='["sqs:*"]', resource="arn:aws:sqs:*:*:jobs"),
        ),
        location=_ROLES,
        message="is allowed sqs:",
        also=_ALL_RIGHTS,
    ),
    fault(
        "3.3.C.3 decisions-modelled",
        "boundary-too-narrow",
        "a boundary leaves the execution role nothing but images",
        replaced(_ROLES, 'resource "aws_iam_role" "execution" {\n', _BOUNDARY.lstrip()),
        location=_ROLES,
        message="is denied logs:",
        also=frozenset({"3.3.B.3.1"}),
    ),
    fault(
        "3.3.C.3 decisions-modelled",
        "pull-refused",
        "a refusal that was meant for others hits the execution role",
        added(
            _ROLES,
            _GRANT.format(role="execution", effect="Deny", actions='["ecr:BatchGetImage"]', resource="*"),
        ),
        location=_ROLES,
        message="is denied ecr:BatchGetImage",
    ),
    fault(
        "3.3.C.3 decisions-modelled",
        "log-right-forgotten",
        "the right to write logs was forgotten",
        replaced(_ROLES, '["logs:CreateLogStream", "logs:PutLogEvents"]', '["logs:CreateLogStream"]'),
        location=_ROLES,
        message="is denied logs:PutLogEvents",
    ),
    fault(
        "3.3.C.3 decisions-modelled",
        "role-that-hands-on-roles",
        "the task role may give a function any role",
        added(
            _ROLES,
            _GRANT.format(
                role="task",
                effect="Allow",
                actions='["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]',
                resource="*",
            ),
        ),
        location=_ROLES,
        message="can give itself more rights by",
        also=frozenset({"3.3.B.3.2"}),
    ),
    fault(
        "3.3.C.3 decisions-modelled",
        "deputy-of-anybody",
        "tasks of any account may have the roles: both conditions are gone",
        replaced(_ROLES, _CONDITIONS, ""),
        location=_ROLES,
        message="a confused deputy",
        also=frozenset({"3.3.B.3.1"}),
    ),
)

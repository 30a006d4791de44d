"""Faults of 3.3.B.3.1 to 3.3.B.3.3: trust, rights and shared roles."""

from __future__ import annotations

from exitgate.faults.infrastructure.editing import added, fault, replaced

_ROLES = "infra/modules/service/roles.tf"
_SERVICE = "infra/modules/service/main.tf"
_GRANT = """
resource "aws_iam_role_policy" "task" {{
  name   = "more"
  role   = aws_iam_role.task.id
  policy = jsonencode({{
    Version   = "2012-10-17"
    Statement = [{{ Effect = "Allow", {what}, Resource = "*" }}]
  }})
}}
"""

FAULTS = (
    fault(
        "3.3.B.3.1 trust-limited",
        "role-for-machines",
        "EC2 instances may take on the execution role",
        replaced(
            _ROLES, 'Service = "ecs-tasks.amazonaws.com"', 'Service = ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]'
        ),
        location=_ROLES,
        message="may be taken on by others than ECS tasks",
        also=frozenset({"3.3.C.3"}),
    ),
    fault(
        "3.3.B.3.1 trust-limited",
        "role-for-everybody",
        "an account's users may take on the execution role beside ECS",
        replaced(_ROLES, 'Service = "ecs-tasks.amazonaws.com" }', 'Service = "ecs-tasks.amazonaws.com", AWS = "*" }'),
        location=_ROLES,
        message="may be taken on by others than ECS tasks",
        also=frozenset({"3.3.C.3"}),
    ),
    fault(
        "3.3.B.3.1 trust-limited",
        "confused-deputy",
        "tasks of any account may have the role: the condition on the source's ARN is gone",
        replaced(_ROLES, '        ArnLike      = { "aws:SourceArn" = "${local.arn.ecs}:*" }\n', ""),
        location=_ROLES,
        message="no condition on aws:sourcearn",
    ),
    fault(
        "3.3.B.3.2 within-need",
        "task-role-wildcard",
        "the task role is allowed all of S3",
        added(_ROLES, _GRANT.format(what='Action = "s3:*"')),
        location=_ROLES,
        message="is allowed s3:* on *",
        also=frozenset({"3.3.C.3"}),
    ),
    fault(
        "3.3.B.3.2 within-need",
        "task-role-not-action",
        "the task role is allowed everything but IAM",
        added(_ROLES, _GRANT.format(what='NotAction = "iam:*"')),
        location=_ROLES,
        message="all but iam:* by NotAction",
        also=frozenset({"3.3.C.3"}),
    ),
    fault(
        "3.3.B.3.2 within-need",
        "task-role-administrator",
        "a managed policy of AWS makes the task role an administrator",
        added(
            _ROLES,
            '\nresource "aws_iam_role_policy_attachment" "task" {\n  role       = aws_iam_role.task.name\n'
            '  policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"\n}\n',
        ),
        location=_ROLES,
        message="all of the managed policy",
        also=frozenset({"3.3.C.3"}),
    ),
    fault(
        "3.3.B.3.2 within-need",
        "task-role-in-a-list",
        "a managed policy is attached to a list of roles, and the task role is one of them",
        added(
            _ROLES,
            '\nresource "aws_iam_policy_attachment" "task" {\n  name       = "more"\n'
            '  roles      = [aws_iam_role.task.name]\n  policy_arn = "arn:aws:iam::aws:policy/PowerUserAccess"\n}\n',
        ),
        location=_ROLES,
        message="all of the managed policy arn:aws:iam::aws:policy/PowerUserAccess",
    ),
    fault(
        "3.3.B.3.1 trust-limited",
        "account-of-anybody",
        "the condition on the source's account takes any account",
        replaced(_ROLES, '{ "aws:SourceAccount" = var.account_id }', '{ "aws:SourceAccount" = "*" }'),
        location=_ROLES,
        message="no condition on aws:sourceaccount",
    ),
    fault(
        "3.3.B.3.3 own-role",
        "task-role-starts-tasks",
        "the execution role is the task role too",
        replaced(
            _SERVICE,
            "task_role_arn            = aws_iam_role.task.arn",
            "task_role_arn            = aws_iam_role.execution.arn",
        ),
        location=_SERVICE,
        message="is a role of",
        also=frozenset({"3.3.B.3.2", "3.3.C.3"}),
    ),
    fault(
        "3.3.B.3.3 own-role",
        "task-role-missing",
        "the task definition has no task role",
        replaced(_SERVICE, "  task_role_arn            = aws_iam_role.task.arn\n", ""),
        location=_SERVICE,
        message="has no task_role_arn",
        also=frozenset({"3.3.B.3.2"}),
    ),
    fault(
        "3.3.B.3.3 own-role",
        "execution-role-of-code",
        "ECS starts the tasks with the role of their code",
        replaced(
            _SERVICE,
            "execution_role_arn       = aws_iam_role.execution.arn",
            "execution_role_arn       = aws_iam_role.task.arn",
        ),
        location=_SERVICE,
        message="is a role of",
        also=frozenset({"3.3.B.3.1", "3.3.C.3"}),
    ),
)

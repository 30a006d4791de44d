"""The known ways from some permissions to more: each a set of actions that together are as good as what they lead to.

Source: Rhino Security Labs, "AWS IAM Privilege Escalation: Methods and Mitigation", with the later ones for ECS, CodeBuild,
SageMaker and Systems Manager.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """A way to more rights."""

    name: str
    actions: tuple[str, ...]
    """All of them are needed."""
    passes_to: str = ""
    """The service that is handed a role, where one is: it has to trust the service, and the rights are that role's."""


PASS: Final = "iam:PassRole"  # noqa: S105 - an action
DIRECT: Final = (
    Escalation(name="a new version of a policy", actions=("iam:CreatePolicyVersion",)),
    Escalation(name="another version of a policy", actions=("iam:SetDefaultPolicyVersion",)),
    Escalation(name="another user's access key", actions=("iam:CreateAccessKey",)),
    Escalation(name="another user's password", actions=("iam:CreateLoginProfile",)),
    Escalation(name="another user's password, changed", actions=("iam:UpdateLoginProfile",)),
    Escalation(name="a policy attached to a user", actions=("iam:AttachUserPolicy",)),
    Escalation(name="a policy attached to a group", actions=("iam:AttachGroupPolicy",)),
    Escalation(name="a policy attached to a role", actions=("iam:AttachRolePolicy",)),
    Escalation(name="a policy written for a user", actions=("iam:PutUserPolicy",)),
    Escalation(name="a policy written for a group", actions=("iam:PutGroupPolicy",)),
    Escalation(name="a policy written for a role", actions=("iam:PutRolePolicy",)),
    Escalation(name="a user put into a group", actions=("iam:AddUserToGroup",)),
    Escalation(name="a role's trust", actions=("iam:UpdateAssumeRolePolicy",)),
    Escalation(name="a role's boundary taken away", actions=("iam:DeleteRolePermissionsBoundary",)),
    Escalation(name="a role's boundary put aside", actions=("iam:PutRolePermissionsBoundary",)),
    Escalation(name="a key's policy", actions=("kms:PutKeyPolicy",)),
    Escalation(name="the code of a function", actions=("lambda:UpdateFunctionCode",)),
    Escalation(name="the layers of a function", actions=("lambda:UpdateFunctionConfiguration",)),
    Escalation(name="a development endpoint's keys", actions=("glue:UpdateDevEndpoint",)),
    Escalation(name="a command on a machine", actions=("ssm:SendCommand",)),
    Escalation(name="a session on a machine", actions=("ssm:StartSession",)),
    Escalation(name="a command in a task", actions=("ecs:ExecuteCommand",)),
)
PASSING: Final = (
    Escalation(name="a machine with a role", actions=(PASS, "ec2:RunInstances"), passes_to="ec2.amazonaws.com"),
    Escalation(
        name="a function with a role",
        actions=(PASS, "lambda:CreateFunction", "lambda:InvokeFunction"),
        passes_to="lambda.amazonaws.com",
    ),
    Escalation(
        name="a function with a role, started by events",
        actions=(PASS, "lambda:CreateFunction", "lambda:CreateEventSourceMapping"),
        passes_to="lambda.amazonaws.com",
    ),
    Escalation(
        name="a task with a role",
        actions=(PASS, "ecs:RegisterTaskDefinition", "ecs:RunTask"),
        passes_to="ecs-tasks.amazonaws.com",
    ),
    Escalation(
        name="a service of tasks with a role",
        actions=(PASS, "ecs:RegisterTaskDefinition", "ecs:UpdateService"),
        passes_to="ecs-tasks.amazonaws.com",
    ),
    Escalation(
        name="a stack with a role",
        actions=(PASS, "cloudformation:CreateStack"),
        passes_to="cloudformation.amazonaws.com",
    ),
    Escalation(name="a development endpoint", actions=(PASS, "glue:CreateDevEndpoint"), passes_to="glue.amazonaws.com"),
    Escalation(
        name="a job of Glue", actions=(PASS, "glue:CreateJob", "glue:StartJobRun"), passes_to="glue.amazonaws.com"
    ),
    Escalation(
        name="a pipeline of data",
        actions=(PASS, "datapipeline:CreatePipeline", "datapipeline:PutPipelineDefinition"),
        passes_to="datapipeline.amazonaws.com",
    ),
    Escalation(
        name="a project of CodeStar", actions=(PASS, "codestar:CreateProject"), passes_to="codestar.amazonaws.com"
    ),
    Escalation(
        name="a build with a role",
        actions=(PASS, "codebuild:CreateProject", "codebuild:StartBuild"),
        passes_to="codebuild.amazonaws.com",
    ),
    Escalation(
        name="a notebook with a role",
        actions=(PASS, "sagemaker:CreateNotebookInstance", "sagemaker:CreatePresignedNotebookInstanceUrl"),
        passes_to="sagemaker.amazonaws.com",
    ),
)
ADMIN: Final = (
    # What nobody but an administrator may all do.
    *("iam:CreateUser", "iam:AttachUserPolicy", "iam:CreateAccessKey", "s3:DeleteBucket", "ec2:TerminateInstances"),
    *("organizations:LeaveOrganization", "kms:ScheduleKeyDeletion", "exitgate:AnythingElse"),
)

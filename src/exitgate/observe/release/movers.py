"""Commands and actions that move traffic to another version: a table of what is known."""

from __future__ import annotations

import re
from collections.abc import Sequence

_PROGRAMS: dict[str, tuple[str, ...]] = {
    "aws": (
        r"ecs (?:update-service(?:-primary-task-set)?|create-service|create-task-set|update-task-set|deploy|run-task|start-task)",
        r"elbv2 (?:modify-listener|modify-rule|create-rule|create-listener|register-targets|set-rule-priorities)",
        r"deploy (?:create-deployment|continue-deployment|push)",
        r"codepipeline start-pipeline-execution",
        r"codebuild start-build",
        r"route53 change-resource-record-sets",
        r"cloudfront (?:update-distribution|create-distribution)",
        r"lambda (?:update-function-code|update-alias|publish-version|create-function|invoke)",
        r"apprunner (?:start-deployment|update-service|create-service)",
        r"cloudformation (?:deploy|create-stack|update-stack|execute-change-set)",
        r"elasticbeanstalk (?:update-environment|create-environment|swap-environment-cnames)",
        r"eks update-kubeconfig",
        r"s3 (?:sync|cp|mv)",
        r"ssm (?:send-command|start-automation-execution)",
    ),
    "terraform": (r"(?:\S+ )*(?:apply|destroy)(?: |$)",),
    "tofu": (r"(?:\S+ )*(?:apply|destroy)(?: |$)",),
    "terragrunt": (r"(?:\S+ )*(?:apply|destroy|run-all|apply-all)(?: |$)",),
    "pulumi": (r"(?:\S+ )*(?:up|update|destroy)(?: |$)",),
    "cdk": (r"(?:\S+ )*(?:deploy|destroy)(?: |$)",),
    "sam": (r"(?:\S+ )*(?:deploy|sync)(?: |$)",),
    "serverless": (r"(?:\S+ )*(?:deploy|rollback|remove)(?: |$)",),
    "sls": (r"(?:\S+ )*(?:deploy|rollback|remove)(?: |$)",),
    "copilot": (r"(?:\S+ )*(?:deploy|job run)(?: |$)",),
    "ecspresso": (r"(?:\S+ )*(?:deploy|rollback|scale|refresh|run|register)(?: |$)",),
    "ecs-deploy": (r"",),
    "ecs": (r"(?:deploy|scale|run|update|cron)(?: |$)",),
    "kubectl": (r"(?:\S+ )*(?:apply|create|replace|patch|set|rollout|scale|delete|run|edit)(?: |$)",),
    "helm": (r"(?:\S+ )*(?:upgrade|install|rollback|uninstall)(?: |$)",),
    "helmfile": (r"(?:\S+ )*(?:apply|sync)(?: |$)",),
    "argocd": (r"(?:\S+ )*(?:sync|rollback|set)(?: |$)",),
    "flux": (r"(?:\S+ )*(?:reconcile|resume)(?: |$)",),
    "eb": (r"(?:deploy|swap|clone)(?: |$)",),
    "gh": (r"workflow run", r"api (?:\S+ )*\S*/dispatches"),
}
"""Program to what its arguments begin with, options before a subcommand included."""
_QUESTIONS = re.compile(r"(?:^| )(?:--help|help|--dry-run(?:=\S+)?|--generate-cli-skeleton|-h)(?: |$)")
_ACTIONS = re.compile(
    r"^(?:aws-actions/(?:amazon-ecs-deploy-task-definition|amazon-ecs-deploy-express-service|aws-cloudformation-github-deploy"
    r"|aws-codebuild-run-build|aws-lambda-deploy)"
    r"|azure/(?:k8s-deploy|webapps-deploy)|google-github-actions/deploy-\S+|pulumi/actions|einaregilsson/beanstalk-deploy"
    r"|benc-uk/workflow-dispatch|peter-evans/repository-dispatch|dflook/(?:terraform|tofu)-apply|\S+/(?:ecs|eks)-deploy\S*)@",
    re.IGNORECASE,
)
_RUNNERS = frozenset({"npx", "pnpx", "bunx", "uvx", "exec", "dlx", "--", "-y", "--yes"})
_AWS_OPTIONS = re.compile(
    r"^(?:--(?:region|profile|output|endpoint-url|query|color|cli-read-timeout)(?:=\S+| \S+)|--\S+) "
)


def moves_traffic(words: Sequence[str]) -> bool:
    """Say whether a command, without what wraps it, is known to bring another version before users."""
    rest = list(words)
    while rest and rest[0] in {"npx", "pnpx", "bunx", "uvx", "pnpm", "yarn", "npm"}:
        rest = rest[1:]
        while rest and rest[0] in _RUNNERS:
            rest = rest[1:]
    if not rest:
        return False
    program = rest[0].rpartition("/")[2]
    arguments = " ".join(rest[1:])
    if program not in _PROGRAMS or _QUESTIONS.search(arguments):
        return False
    while program == "aws" and (option := _AWS_OPTIONS.match(f"{arguments} ")):
        arguments = arguments[option.end() :]
    return any(re.match(pattern, arguments) for pattern in _PROGRAMS[program])


def action_moves_traffic(uses: str) -> bool:
    """Say whether a used action is known to do so."""
    return _ACTIONS.match(uses) is not None

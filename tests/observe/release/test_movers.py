"""What is known to move traffic, and what only looks as if it did."""

from __future__ import annotations

import pytest

from exitgate.observe.release.movers import action_moves_traffic, moves_traffic


@pytest.mark.parametrize(
    "command",
    [
        "aws ecs update-service --service s",
        "aws --region eu-central-1 ecs update-service",
        "aws --output=json --profile p deploy create-deployment",
        "/usr/local/bin/aws elbv2 modify-listener",
        "terraform -chdir=infra apply -auto-approve",
        "tofu apply plan",
        "npx cdk deploy --all",
        "npx --yes serverless deploy",
        "pnpm exec cdk deploy",
        "kubectl -n shop set image deployment/web web=x",
        "helm upgrade --install web ./chart",
        "ecspresso deploy --config e.yml",
        "gh workflow run deploy.yml",
        "pulumi up --yes",
    ],
)
def test_known(command: str) -> None:
    assert moves_traffic(command.split())


@pytest.mark.parametrize(
    "command",
    [
        "aws ecs describe-services --services s",
        "aws ecs wait services-stable",
        "aws sts get-caller-identity",
        "terraform plan",
        "terraform apply --help",
        "helm upgrade web --dry-run",
        "kubectl get pods",
        "npx cdk synth",
        "npm ci",
        "echo aws ecs update-service",
        "npx",
        "",
    ],
)
def test_harmless(command: str) -> None:
    assert not moves_traffic(command.split())


def test_actions() -> None:
    assert action_moves_traffic("aws-actions/amazon-ecs-deploy-task-definition@v2")
    assert not action_moves_traffic("actions/checkout@v4")

"""Faults of the checks that read an applied stack back: code that changes by a call of its own what it has just declared.

No plan tells of such a call. Who runs one in an apply has a stack that is other than its code; a plan afterwards names only
what it looks at, and never what is there beside it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from exitgate.faults.fault import FaultSite, Inject
from exitgate.faults.infrastructure.editing import added, each_of, fault

_SERVICE: Final = "infra/modules/service/main.tf"
_CLUSTER: Final = "infra/modules/cluster/main.tf"
_BALANCER: Final = "infra/modules/balancer/main.tf"
_DATABASE: Final = "infra/modules/database/main.tf"
_CACHE: Final = "infra/modules/cache/main.tf"
_BROKER: Final = "infra/modules/broker/main.tf"
_ROLES: Final = "infra/modules/service/roles.tf"
_ROOT: Final = "infra"
_LIFE: Final = frozenset({"3.3.reproducible", "3.3.drift", "3.3.destroy"})
"""What else shows that something takes part in an apply that no plan has."""
_PROGRAM: Final = "infra/call"
_CALL: Final = '''"""Calls the API of AWS once, as the account's root: SERVICE PATH-OR-TARGET CONTENT-TYPE BODY."""
import datetime
import hashlib
import hmac
import os
import sys
import urllib.parse
import urllib.request

service, target, kind, body = sys.argv[1:]
path = target if target.startswith("/") else "/"
host = os.environ["AWS_ENDPOINT_URL"].partition("://")[2].strip("/")
now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
scope = f"{now[:8]}/eu-central-1/{service}/aws4_request"
hashed = lambda text: hashlib.sha256(text.encode()).hexdigest()
where = urllib.parse.quote(urllib.parse.quote(path))
asked = "\\n".join(["POST", where, "", f"host:{host}", f"x-amz-date:{now}", "", "host;x-amz-date", hashed(body)])
key = b"AWS4emulator"
for part in scope.split("/"):
    key = hmac.new(key, part.encode(), "sha256").digest()
signed = "\\n".join(["AWS4-HMAC-SHA256", now, scope, hashed(asked)])
signature = hmac.new(key, signed.encode(), "sha256").hexdigest()
request = urllib.request.Request(os.environ["AWS_ENDPOINT_URL"].rstrip("/") + path, body.encode(), {
    "Content-Type": kind,
    "X-Amz-Date": now,
    "Authorization": f"AWS4-HMAC-SHA256 Credential={os.environ['ACCOUNT']}/{scope}, "
    f"SignedHeaders=host;x-amz-date, Signature={signature}",
    **({"X-Amz-Target": target} if path == "/" and target else {}),
})
# Past the proxy that keeps a run from reaching anybody else.
print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30).status)
'''
_QUERY: Final = "application/x-www-form-urlencoded"
_ECS: Final = ("ecs", "AmazonEC2ContainerServiceV20141113.{}", "application/x-amz-json-1.1")
_ORDERS: Final = '  count = endswith(local.full_name, "-orders") ? 1 : 0\n'
_ALLOW_ALL: Final = (
    'urlencode(jsonencode({ Version = "2012-10-17", '
    'Statement = [{ Effect = "Allow", Action = "s3:*", Resource = "*" }] }))'
)


def _write_program(site: FaultSite) -> None:
    (site.root / _PROGRAM).write_text(_CALL, encoding="utf-8")


def _calling(
    module: str, after: str, arn: str, call: tuple[str, str, str], body: str, *, only: str = "", name: str = "call"
) -> Inject:
    """Return what adds a call to a module.

    Args:
        module: The file.
        after: The resource that has to stand.
        arn: An expression of an ARN, of which the account is taken.
        call: Service, target or path, and type of the body.
        body: An expression of the body.
        only: A line that limits it to one instance of the module.
        name: What the call goes by in the module.
    """
    service, target, kind = call
    block = f"""
resource "terraform_data" "{name}" {{
{only}  depends_on = [{after}]

  provisioner "local-exec" {{
    interpreter = ["python3", "${{path.root}}/call", "{service}", "{target}", "{kind}"]
    command     = {body}
    environment = {{ ACCOUNT = split(":", {arn})[4] }}
  }}
}}
"""
    return each_of(_write_program, added(module, block))


def _ecs(operation: str) -> tuple[str, str, str]:
    return _ECS[0], _ECS[1].format(operation), _ECS[2]


def _query(service: str) -> tuple[str, str, str]:
    return service, "", _QUERY


_DEFINITION: Final = """jsonencode({
      family = "%s", networkMode = "awsvpc", cpu = "256", memory = "512", requiresCompatibilities = ["FARGATE"]
      containerDefinitions = [{ name = var.name, image = local.repository, essential = true }]
    })"""

_FAULTS: Final = (
    fault(
        "3.3.B.1.1 applied",
        "cluster-moved-to-spot",
        "a call after the apply gives the cluster capacity that may be taken away at any time",
        _calling(
            _CLUSTER,
            "aws_ecs_cluster_capacity_providers.this",
            "aws_ecs_cluster.this.arn",
            _ecs("PutClusterCapacityProviders"),
            "jsonencode({ cluster = var.name, capacityProviders = "
            '["FARGATE_SPOT"], defaultCapacityProviderStrategy = [{ capacityProvider = "FARGATE_SPOT", weight = 1 }] })',
        ),
        location=_CLUSTER,
        message="aws_ecs_cluster_capacity_providers.this.capacity_providers does not stand as planned",
    ),
    fault(
        "3.3.B.1.1 applied",
        "service-stopped-by-call",
        "a call after the apply takes all tasks from a service, and the code ignores their count",
        _calling(
            _SERVICE,
            "aws_ecs_service.this",
            "aws_ecs_service.this.id",
            _ecs("UpdateService"),
            "jsonencode({ cluster = var.cluster_arn, service = var.name, desiredCount = 0 })",
            only=_ORDERS,
        ),
        location=_SERVICE,
        message="aws_ecs_service.this.desired_count does not stand as planned",
    ),
    fault(
        "3.3.B.1.2 applied",
        "health-check-moved-by-call",
        "a call after the apply moves a target group's health check to a page that always answers",
        _calling(
            _SERVICE,
            "aws_lb_target_group.this",
            "aws_lb_target_group.this.arn",
            _query("elasticloadbalancing"),
            '"Action=ModifyTargetGroup&Version=2015-12-01&HealthCheckPath=%2F'
            '&TargetGroupArn=${urlencode(aws_lb_target_group.this.arn)}"',
            only=_ORDERS,
        ),
        location="infra/modules/service/routing.tf",
        message="aws_lb_target_group.this.health_check does not stand as planned",
    ),
    fault(
        "3.3.B.1.3 applied",
        "old-tls-by-call",
        "a call after the apply lets old TLS in",
        _calling(
            _BALANCER,
            "aws_lb_listener.https",
            "aws_lb.this.arn",
            _query("elasticloadbalancing"),
            '"Action=ModifyListener&Version=2015-12-01&SslPolicy=ELBSecurityPolicy-2016-08'
            '&ListenerArn=${urlencode(aws_lb_listener.https.arn)}"',
        ),
        location=_BALANCER,
        message="aws_lb_listener.https.ssl_policy does not stand as planned",
    ),
    fault(
        "3.3.B.2.1 applied",
        "backups-cut-by-call",
        "a call after the apply has the databases' backups kept for a day",
        _calling(
            _DATABASE,
            "aws_db_instance.this",
            "aws_db_instance.this.arn",
            _query("rds"),
            '"Action=ModifyDBInstance&Version=2014-10-31&BackupRetentionPeriod=1&ApplyImmediately=true'
            '&DBInstanceIdentifier=${var.name}"',
        ),
        location=_DATABASE,
        message="aws_db_instance.this.backup_retention_period does not stand as planned",
    ),
    fault(
        "3.3.B.2.2 applied",
        "second-cache-by-call",
        "a call after the apply makes one more Redis, without encryption",
        _calling(
            _CACHE,
            "aws_elasticache_replication_group.this",
            "aws_elasticache_replication_group.this.arn",
            _query("elasticache"),
            '"Action=CreateReplicationGroup&Version=2015-02-02&ReplicationGroupId=spare'
            '&ReplicationGroupDescription=spare&Engine=redis&CacheNodeType=cache.t4g.small&NumCacheClusters=1"',
        ),
        location=_ROOT,
        message="there is one more than planned: aws_elasticache_replication_group spare",
    ),
    fault(
        "3.3.B.2.3 applied",
        "second-broker-by-call",
        "a call after the apply makes one more broker, open to the internet",
        _calling(
            _BROKER,
            "aws_mq_broker.this",
            "aws_mq_broker.this.arn",
            ("mq", "/v1/brokers", "application/json"),
            'jsonencode({ brokerName = "spare", engineType = "RABBITMQ", engineVersion = "3.13", publiclyAccessible = true, '
            'hostInstanceType = "mq.m5.large", deploymentMode = "SINGLE_INSTANCE", autoMinorVersionUpgrade = true, '
            'users = [{ username = "spare", password = "spare-of-a-fault" }] })',
        ),
        location=_ROOT,
        message="there is one more than planned: aws_mq_broker spare",
    ),
    fault(
        "3.3.B.3.1 applied",
        "execution-role-widened-by-call",
        "a call after the apply gives an execution role a policy that no code has",
        _calling(
            _ROLES,
            "aws_iam_role_policy.execution",
            "aws_iam_role.execution.arn",
            _query("iam"),
            '"Action=PutRolePolicy&Version=2010-05-08&PolicyName=by-call&RoleName=${aws_iam_role.execution.name}'
            f'&PolicyDocument=${{{_ALLOW_ALL}}}"',
            only=_ORDERS,
        ),
        location=_ROOT,
        message="there is one more than planned: aws_iam_role_policy reference-shop-orders-execution by-call",
        of_a_service_with="postgres",
    ),
    fault(
        "3.3.B.3.2 applied",
        "task-role-widened-by-call",
        "a call after the apply gives a task role a policy that no code has",
        _calling(
            _ROLES,
            "aws_iam_role.task",
            "aws_iam_role.task.arn",
            _query("iam"),
            '"Action=PutRolePolicy&Version=2010-05-08&PolicyName=by-call&RoleName=${aws_iam_role.task.name}'
            f'&PolicyDocument=${{{_ALLOW_ALL}}}"',
            only=_ORDERS,
        ),
        location=_ROOT,
        message="there is one more than planned: aws_iam_role_policy reference-shop-orders-task by-call",
    ),
    fault(
        "3.3.B.3.3 applied",
        "task-role-lost-by-call",
        "a call after the apply has a service run a task definition without a task role",
        each_of(
            _calling(
                _SERVICE,
                "aws_ecs_service.this",
                "aws_ecs_service.this.id",
                _ecs("RegisterTaskDefinition"),
                _DEFINITION % "by-call",
                only=_ORDERS,
            ),
            _calling(
                _SERVICE,
                "terraform_data.call",
                "aws_ecs_service.this.id",
                _ecs("UpdateService"),
                'jsonencode({ cluster = var.cluster_arn, service = var.name, taskDefinition = "by-call" })',
                only=_ORDERS,
                name="next",
            ),
        ),
        location=_SERVICE,
        message="runs a task definition with another task role than the planned one",
        also=frozenset({"3.3.B.1.1", "3.3.C.1"}),
    ),
    fault(
        "3.3.C.1 registered",
        "definition-registered-by-call",
        "a call after the apply registers one more revision of a task definition, of an image that nobody pinned",
        _calling(
            _SERVICE,
            "aws_ecs_task_definition.this",
            "aws_ecs_task_definition.this.arn",
            _ecs("RegisterTaskDefinition"),
            _DEFINITION % "${var.definition.family}",
            only=_ORDERS,
        ),
        location=_ROOT,
        message="there is one more than planned: aws_ecs_task_definition",
    ),
    fault(
        "3.3.C.1 registered",
        "definition-taken-back-by-call",
        "a call after the apply takes a task definition back, so that no task can be started from it",
        _calling(
            _SERVICE,
            "aws_ecs_service.this",
            "aws_ecs_service.this.id",
            _ecs("DeregisterTaskDefinition"),
            "jsonencode({ taskDefinition = aws_ecs_task_definition.this.arn })",
            only=_ORDERS,
        ),
        location=_SERVICE,
        message="aws_ecs_task_definition.this is planned, and the account has none",
    ),
    fault(
        "3.3.C.1 registered",
        "definition-of-another-family-by-call",
        "a call after the apply registers a task definition that no code has, of an image that nobody pinned",
        _calling(
            _SERVICE,
            "aws_ecs_task_definition.this",
            "aws_ecs_task_definition.this.arn",
            _ecs("RegisterTaskDefinition"),
            _DEFINITION % "by-call",
            only=_ORDERS,
        ),
        location=_ROOT,
        message="there is one more than planned: aws_ecs_task_definition",
    ),
)

FAULTS = tuple(replace(each, also=each.also | _LIFE) for each in _FAULTS)

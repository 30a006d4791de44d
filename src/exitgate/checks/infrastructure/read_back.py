"""What stands in the account right after an apply, by the API of AWS, is what was planned: no less, nothing else, and no more.

Sources: the plan of 3.3.B and 3.3.C; the API references of ECS, Elastic Load Balancing, RDS, ElastiCache, Amazon MQ and IAM.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from exitgate.checks.infrastructure.databases import Stores, names_service
from exitgate.errors import PrerequisiteMissing, one_line
from exitgate.finding import Finding
from exitgate.observe.applied import PlannedTask, ReadBack, ReadResource
from exitgate.target import Workload

_LONGEST: Final = 160
_CLUSTER: Final = ("aws_ecs_cluster", "aws_ecs_cluster_capacity_providers", "aws_ecs_service")
_BALANCER: Final = ("aws_lb", "aws_lb_listener", "aws_lb_listener_rule", "aws_lb_target_group")
_LISTENER: Final = "aws_lb_listener"
_TLS: Final = frozenset({"certificate_arn", "ssl_policy"})
_ROLE: Final = ("aws_iam_role", "aws_iam_role_policy", "aws_iam_role_policy_attachment")
_TASK: Final = "aws_ecs_task_definition"


def changed_clusters(read: ReadBack) -> list[Finding]:
    """Name where the cluster, its capacity or a service of it does not stand as planned."""
    return _compared(read, read.of_type(*_CLUSTER), needed=("aws_ecs_cluster", "aws_ecs_service"))


def changed_balancers(read: ReadBack) -> list[Finding]:
    """Name where a balancer, a listener, a rule or a target group does not stand as planned; certificates are another rule's."""
    return _compared(read, read.of_type(*_BALANCER), needed=_BALANCER[:2], without=_TLS)


def changed_listeners(read: ReadBack) -> list[Finding]:
    """Name where a listener does not stand with the planned certificate, security policy and actions."""
    return _compared(read, read.of_type(_LISTENER), needed=(_LISTENER,))


def changed_databases(read: ReadBack, service: Workload, stores: Stores) -> list[Finding]:
    """Name where a service's database does not stand as planned, or it has one more."""
    databases = read.of_type("aws_db_instance")
    own = [each for each in databases if names_service(service.name, each.name, each.address)]
    if service.name not in stores:
        # It stores nothing, so nothing is planned; what stands under its name is one too many.
        return [*_findings(read, own)]
    # What nobody planned, and what names no service, may be anybody's.
    strays = [
        each
        for each in databases
        if not each.address and not any(names_service(name, each.name) for name in stores) and each not in own
    ]
    return _compared(read, [*own, *strays], needed=("aws_db_instance",))


def changed_caches(read: ReadBack) -> list[Finding]:
    """Name where a Redis does not stand as planned."""
    kind = "aws_elasticache_replication_group"
    return _compared(read, read.of_type(kind), needed=(kind,))


def changed_brokers(read: ReadBack) -> list[Finding]:
    """Name where a broker does not stand as planned, in what is kept of it."""
    return _compared(read, read.of_type("aws_mq_broker"), needed=("aws_mq_broker",))


def changed_execution_roles(read: ReadBack, workload: Workload) -> list[Finding]:
    """Name where a workload's execution role has not the planned trust and policies, or has others."""
    return _changed_role(read, _task_of(read, workload).execution_role, f"execution role of {workload.name}")


def changed_task_roles(read: ReadBack, service: Workload) -> list[Finding]:
    """Name where a service's task role has not the planned trust and policies, or has others."""
    return _changed_role(read, _task_of(read, service).task_role, f"task role of {service.name}")


def foreign_roles(read: ReadBack, service: Workload) -> list[Finding]:
    """Say where the ECS service runs a task definition that does not carry the planned task role."""
    task = _task_of(read, service)
    if not task.task_role:
        raise _nothing(read, f"task role of {service.name}")
    standing = {each.name: each.of.get("task", "") for each in read.of_type(_TASK) if each.stands}
    services = [each for each in read.of_type("aws_ecs_service") if each.of.get("planned") == task.arn]
    if not services:
        raise _nothing(read, f"ECS service of {service.name}")
    return [
        Finding(
            location=read.place(each),
            message=f"{each.address} runs a task definition with another task role than the planned one",
            expected=task.task_role,
            got=f"{standing.get(runs) or 'none'}, of {runs or 'no task definition'}",
            remedy="Let nothing but the code decide which task definition the service runs.",
        )
        for each in services
        for runs in [each.of.get("task_definition", "")]
        if standing.get(runs) != task.task_role
    ]


def changed_definitions(read: ReadBack) -> list[Finding]:
    """Name where a planned task definition is not registered as planned, or another one is beside it."""
    return _compared(read, read.of_type(_TASK), needed=(_TASK,))


def _changed_role(read: ReadBack, arn: str, what: str) -> list[Finding]:
    if not arn:
        raise _nothing(read, what)
    name = arn.rpartition("/")[2]
    own = [each for each in read.of_type(*_ROLE) if each.of.get("role") == name]
    if not any(each.type == _ROLE[0] and each.address for each in own):
        raise _nothing(read, f"{what}, {name},")
    # An attachment is there or is not: it has no attribute beside what it goes by.
    _refuse_silence(read, [each for each in own if each.type in _ROLE[:2]])
    return [*_findings(read, own)]


def _task_of(read: ReadBack, workload: Workload) -> PlannedTask:
    found = [each for each in read.tasks if workload.container_name in each.containers]
    if len(found) != 1:
        raise PrerequisiteMissing(
            f"stack {read.stack}",
            got=f"{len(found)} planned task definitions with the container {workload.container_name}",
            expected="one",
            action="Plan a task definition for the workload, so that its roles can be told.",
        )
    return found[0]


def _compared(
    read: ReadBack,
    resources: Sequence[ReadResource],
    *,
    needed: Sequence[str],
    without: Collection[str] = (),
) -> list[Finding]:
    for kind in needed:
        if not any(each.type == kind and each.address for each in resources):
            raise _nothing(read, kind)
    _refuse_silence(read, [each for each in resources if each.type in needed])
    return [*_findings(read, resources, without)]


def _refuse_silence(read: ReadBack, resources: Sequence[ReadResource]) -> None:
    """Refuse to judge where something stands of which not one attribute could be compared: it would be met unseen."""
    for each in resources:
        if each.address and each.stands and not each.compared:
            raise PrerequisiteMissing(
                f"stack {read.stack}",
                got=f"no attribute of {each.address} that the code sets and the API keeps",
                expected="one at least, to compare",
                action="Name an endpoint that keeps it.",
            )


def _findings(read: ReadBack, resources: Sequence[ReadResource], without: Collection[str] = ()) -> Iterator[Finding]:
    for each in resources:
        if not each.address:
            yield Finding(
                location=read.root,
                message=f"there is one more than planned: {each.type} {each.name}",
                expected="what the code plans, and nothing else",
                got="no block of the code plans it",
                remedy="Declare it in the code, or take away what makes it past the code.",
            )
        elif not each.stands:
            yield Finding(
                location=read.place(each),
                message=f"{each.address} is planned, and the account has none",
                expected=f"{each.type} {each.name}",
                got="nothing by that name",
                remedy="Look what takes it away after the apply, or overwrites it: two blocks may write the same.",
            )
        for one in each.compared:
            if not one.kept and one.attribute not in without:
                yield Finding(
                    location=read.place(each),
                    message=f"{each.address}.{one.attribute} does not stand as planned",
                    expected=one_line(one.planned, _LONGEST),
                    got=one_line(one.read, _LONGEST),
                    remedy="Let one place of the code decide it, and nothing beside the code.",
                )


def _nothing(read: ReadBack, what: str) -> PrerequisiteMissing:
    return PrerequisiteMissing(
        f"stack {read.stack}",
        got=f"no {what} that is planned and applied",
        expected="something to read back",
        action="Declare it in the code, or see what [infrastructure.emulated] variables leave out.",
    )

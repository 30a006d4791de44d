"""What escapes a plan, changes by itself, hides changes or opens the lock; and where nothing of it can be told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.checks import infrastructure as rules
from exitgate.checks.infrastructure.escapes import JUDGED
from exitgate.errors import PrerequisiteMissing
from exitgate.observe.terraform import UNKNOWN, Escape, Infrastructure, Resource, Value, Variable
from tests.checks.infrastructure.plans import clean, planned, resource
from tests.checks.infrastructure.test_rules import CASES

PROGRAM = Escape(address="terraform_data.x", what="a provisioner local-exec", location="infra/main.tf:3")
CALL = Escape(address="uuid()", what="another value with each plan", location="infra/main.tf:4")
LOCK = Variable(name="open", default="False", value="False", location="infra/variables.tf:1")


def with_stack(*resources: Resource, **fields: object) -> Infrastructure:
    plan = planned(*resources)
    return replace(plan, stacks=(replace(plan.stacks[0], **fields),))  # type: ignore[arg-type]


def test_what_no_plan_shows_is_found_with_its_place() -> None:
    (found,) = rules.escaping_code(with_stack(outside=(PROGRAM,)))
    assert found.location == "infra/main.tf:3"
    assert found.message.startswith("terraform_data.x brings a provisioner local-exec into an apply")
    assert rules.escaping_code(planned(*clean().values())) == []


def test_a_call_that_gives_another_value_is_found() -> None:
    (found,) = rules.changing_values(with_stack(chances=(CALL,)))
    assert (found.location, found.got) == ("infra/main.tf:4", "uuid()")
    assert rules.changing_values(planned(*clean().values())) == []


@pytest.mark.parametrize(
    ("address", "values", "count"),
    [
        ("random_pet.x", {"keepers": None}, 1),
        ("random_pet.x", {"keepers": {}}, 1),
        ("random_pet.x", {"keepers": {"a": "b"}}, 0),
        ("random_pet.x", {"keepers": UNKNOWN}, 0),
        ("time_static.x", {}, 1),
        ("time_static.x", {"triggers": {"a": "b"}}, 0),
    ],
)
def test_what_is_drawn_has_keepers(address: str, values: dict[str, Value], count: int) -> None:
    assert len(rules.changing_values(planned(resource(address, **values)))) == count


def test_a_module_that_nobody_read_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match=r"module.far: its code"):
        rules.changing_values(with_stack(unread=("module.far",)))


OWNED = {("aws_ecs_service", "desired_count")}


@pytest.mark.parametrize(
    ("address", "ignores", "hidden"),
    [
        ("aws_db_instance.x", ("backup_retention_period", "tags"), ["backup_retention_period"]),
        ("aws_ecs_service.x", ("desired_count",), []),
        ("aws_ecs_service.x", ("desired_count", "load_balancer"), ["load_balancer"]),
        ("aws_iam_role_policy.x", ("all",), ["everything", "everything"]),
        ("aws_db_instance.x", ("engine_version",), []),
        ("aws_db_instance.x", (), []),
        ("aws_sqs_queue.x", ("all",), []),
    ],
)
def test_what_hides_changes(address: str, ignores: tuple[str, ...], hidden: list[str]) -> None:
    found = rules.hidden_changes(planned(replace(resource(address), ignores=ignores)), OWNED)
    assert [each.got.removeprefix("ignore_changes of ") for each in found] == hidden


NAMES = {
    "cluster_identifier",
    "database_name",
    "replication_group_id",
    "arn",
    "name",
    "family",
    "cluster_name",
    "db_name",
    "engine",
    "role_name",
    "type",
    "gateway_id",
    "transit_encryption_mode",
}
"""What says which one something is, or is looked at where it is written alone: a change of it makes another resource."""


def test_what_a_rule_looks_at_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[tuple[str, str]] = set()
    get = Resource.get

    def noting(self: Resource, *keys: str | int) -> Value:
        seen.add((self.type, str(keys[0])))
        return get(self, *keys)

    monkeypatch.setattr(Resource, "get", noting)
    for case in CASES:
        assert case[1](planned(*clean().values())) == []
    unwatched = sorted({(kind, key) for kind, key in seen if key not in NAMES and key not in JUDGED.get(kind, ())})
    # A listener has actions of its own name, and is asked for those of rules as well; versions only ever rise.
    assert unwatched == [("aws_db_instance", "engine_version"), ("aws_lb_listener", "action")]


@pytest.mark.parametrize(
    ("lock", "words"),
    [
        (replace(LOCK, default="True"), "is not false by default"),
        (replace(LOCK, default=""), "is not false by default"),
        (replace(LOCK, value="True"), "a file of the target sets the lock"),
        (replace(LOCK, name="other"), "has no variable open"),
    ],
)
def test_a_lock_is_closed_unless_somebody_opens_it(lock: Variable, words: str) -> None:
    assert rules.open_locks(with_stack(variables=(LOCK,)), "open") == []
    (found,) = rules.open_locks(with_stack(variables=(lock,)), "open")
    assert words in found.message


def test_no_lock_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="no lock_variable"):
        rules.open_locks(planned(), None)

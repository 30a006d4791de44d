"""The target: what is read from a sound exitgate.toml, and how it is held against files, names and the gate."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.catalogue import SubjectKind
from exitgate.errors import TargetError
from exitgate.target import Target, Traffic, check_against, load_target
from tests.builders import check, control, gate
from tests.target_folder import EXCLUSION, SOUND, WAIVER, changed, line, place, refusal


def test_a_sound_target_is_read_whole(tmp_path: Path) -> None:
    target = load_target(place(tmp_path, SOUND))
    assert target.directory == tmp_path
    assert target.name == "shop"
    assert [each.name for each in target.workloads] == ["billing", "orders", "web"]
    assert target.workload("billing").environment == {"LOG_LEVEL": "debug"}
    assert target.workload("orders").environment == {}
    assert target.workload("web").port == 8082
    assert target.policy.containers is not None
    assert target.source == SOUND


def test_what_is_not_given_has_its_default(tmp_path: Path) -> None:
    target = load_target(place(tmp_path, SOUND))
    orders = target.workload("orders")
    assert (orders.context, orders.stage, orders.build_args, orders.health_path) == (".", None, {}, "/healthz")
    assert orders.start_timeout_s == 30
    assert orders.container_name == "orders"
    assert not target.configuration.target.rehearsal
    assert not target.configuration.target.materialise
    assert target.configuration.substitute == {}


@pytest.mark.parametrize("value", ["start_timeout_s = 600", "start_timeout_s = 0.1", "health_path = '/'"])
def test_a_value_at_the_edge_of_what_is_allowed_is_taken(tmp_path: Path, value: str) -> None:
    assert (
        load_target(place(tmp_path, changed("port = 8080", f"port = 65535\n{value}"))).workload("orders").port == 65535
    )


def test_a_port_may_be_the_first_one(tmp_path: Path) -> None:
    assert load_target(place(tmp_path, changed("port = 8080", "port = 1"))).workload("orders").port == 1


def test_a_workload_may_have_another_name_in_its_task_definition(tmp_path: Path) -> None:
    text = changed("port = 8080", 'port = 8080\ncontainer = "app"')
    assert load_target(place(tmp_path, text)).workload("orders").container_name == "app"


def test_a_workload_may_be_run_by_a_compose_file(tmp_path: Path) -> None:
    text = changed('task_definition = "deploy/orders.json"', 'compose = "deploy/compose.yaml"')
    place(tmp_path, text)
    assert "compose = 'deploy/compose.yaml', which is not there" in refusal(tmp_path).got
    (tmp_path / "deploy/compose.yaml").write_text("services: {}", encoding="utf-8")
    orders = load_target(tmp_path).workload("orders")
    assert (orders.compose, orders.task_definition) == ("deploy/compose.yaml", None)


def test_subjects_are_named_by_kind_and_sorted(tmp_path: Path) -> None:
    target = load_target(place(tmp_path, SOUND))
    assert {kind.value: list(target.subjects(kind)) for kind in SubjectKind} == {
        "target": ["shop"],
        "service": ["billing", "orders"],
        "frontend": ["cart", "shell"],
        "workload": ["billing", "orders", "web"],
    }


def test_a_front_end_without_a_container_is_no_workload(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="cart"):
        load_target(place(tmp_path, SOUND)).workload("cart")


def test_a_front_end_and_its_own_container_may_share_a_name(tmp_path: Path) -> None:
    target = load_target(place(tmp_path, changed('name = "web"', 'name = "shell"')))
    assert target.workload("shell").port == 8082


def test_a_target_may_have_no_service_at_all(tmp_path: Path) -> None:
    target = load_target(place(tmp_path, '[target]\nname = "shop"\n'))
    assert list(target.subjects(SubjectKind.WORKLOAD)) == []


def test_waivers_and_exclusions_are_read(tmp_path: Path) -> None:
    text = f"{SOUND}{WAIVER}expires = 2027-03-31\n{EXCLUSION.replace('3.2.A.2', '3.2.C.1')}"
    target = load_target(place(tmp_path, text))
    assert [each.expires.isoformat() for each in target.waivers] == ["2027-03-31"]
    assert [each.control for each in target.exclusions] == ["3.2.C.1"]


def test_a_key_is_located_by_its_line_and_what_is_absent_by_what_encloses_it(tmp_path: Path) -> None:
    target = load_target(place(tmp_path, SOUND))
    assert target.locate("policy", "containers", "gid_range") == f"exitgate.toml:{line(SOUND, 'gid_range')}"
    assert target.locate("policy", "containers", "allow_setuid") == f"exitgate.toml:{line(SOUND, '[policy')}"


def test_the_policy_digest_covers_rules_waivers_and_exclusions_and_nothing_else(tmp_path: Path) -> None:
    waived = f"{SOUND}{WAIVER}expires = 2027-03-31\n"
    texts = [
        SOUND,
        SOUND.replace("65535", "65534"),
        waived,
        waived.replace("Ada", "Bob"),
        waived.replace("2027-03-31", "2027-04-01"),
        SOUND + EXCLUSION,
    ]
    digests = [load_target(place(tmp_path, text)).policy_digest for text in texts]
    assert len(set(digests)) == len(texts)
    for same in (changed("port = 8080", "port = 9090"), "# rules\n" + SOUND.replace(", 65535", ",\n 65535")):
        assert load_target(place(tmp_path, same)).policy_digest == digests[0]


# ---- Files and names ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong", "kind"),
    [
        ('dockerfile = "apps/orders/Dockerfile"', 'dockerfile = "apps/orders/Dockerfil"', "file"),
        ('dockerfile = "apps/billing/Dockerfile"', 'dockerfile = "apps/billing"', "file"),
        ('task_definition = "deploy/web.json"', 'task_definition = "deploy/wbe.json"', "file"),
        ('path = "apps/orders"', 'path = "apps/order"', "folder"),
        ('path = "apps/cart"', 'path = "apps/cart/Dockerfile"', "folder"),
        ("port = 8081", 'context = "ctx"\nport = 8081', "folder"),
    ],
)
def test_a_file_that_is_not_there_is_named_with_its_line(tmp_path: Path, right: str, wrong: str, kind: str) -> None:
    text = changed(right, wrong)
    error = refusal(place(tmp_path, text))
    named = wrong.split("\n", maxsplit=1)[0]
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, named)}"
    assert error.got == f"{named.replace(chr(34), chr(39))}, which is not there"
    assert error.expected == f"a {kind} of the target, committed"


@pytest.mark.parametrize("outside", ["..", "/etc", "apps/../..", "../shop", "apps/outside"])
@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("path", "apps/billing"),
        ("dockerfile", "apps/billing/Dockerfile"),
        ("task_definition", "deploy/billing.json"),
    ],
)
def test_a_path_that_leaves_the_target_is_refused_with_its_line(
    tmp_path: Path, key: str, given: str, outside: str
) -> None:
    text = changed(f'{key} = "{given}"', f'{key} = "{outside}"')
    (place(tmp_path, text) / "apps" / "outside").symlink_to("/etc")
    error = refusal(tmp_path)
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, f'{key} =', 2)}"
    assert error.got == f"{key} = {outside!r}"
    assert error.expected == "a path inside the target"


def test_a_build_context_outside_of_the_target_is_refused(tmp_path: Path) -> None:
    text = changed("port = 8082", 'port = 8082\ncontext = "../"')
    assert refusal(place(tmp_path, text)).subject.endswith(f":{line(text, 'context')}")


def test_a_folder_whose_name_starts_like_the_targets_is_outside(tmp_path: Path) -> None:
    folder, twin = tmp_path / "shop", tmp_path / "shop-twin"
    folder.mkdir()
    twin.mkdir()
    place(folder, changed('path = "apps/orders"', 'path = "../shop-twin"'))
    assert refusal(folder).expected == "a path inside the target"


def test_a_link_that_stays_inside_may_be_named(tmp_path: Path) -> None:
    folder = place(tmp_path, changed('path = "apps/orders"', 'path = "link"'))
    (folder / "link").symlink_to("apps/orders")
    assert load_target(folder).workload("orders").path == "link"


def test_a_target_that_is_reached_by_a_link_is_taken(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    place(tmp_path / "real", SOUND)
    (tmp_path / "link").symlink_to("real")
    assert load_target(tmp_path / "link").name == "shop"


@pytest.mark.parametrize(
    "value", [r"apps\u0000orders", "loop", "a" * 300], ids=["zero character", "endless link", "endless name"]
)
def test_a_path_that_no_file_system_takes_is_refused_with_its_line(tmp_path: Path, value: str) -> None:
    folder = place(tmp_path, changed('path = "apps/orders"', f'path = "{value}"'))
    (folder / "loop").symlink_to("loop")
    assert refusal(folder).subject.endswith(f"exitgate.toml:{line(SOUND, 'path')}")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('name = "billing"', 'name = "orders"'),
        ('name = "cart"', 'name = "shell"'),
        ('name = "cart"', 'name = "billing"'),
        ('name = "web"', 'name = "orders"'),
        ('name = "cart"', 'name = "web"'),
    ],
)
def test_a_name_that_stands_twice_is_refused_with_both_lines(tmp_path: Path, right: str, wrong: str) -> None:
    text = changed(right, wrong)
    error = refusal(place(tmp_path, text))
    name = wrong.split('"')[1]
    assert error.got == f"a second subject named {name!r}"
    assert error.subject == f"{tmp_path}/exitgate.toml:{line(text, wrong, 2)}"
    assert error.expected == f"unique names (the first is in line {line(text, wrong)})"


# ---- Against the gate ---------------------------------------------------------------------------------------------

GATE = gate(
    control("3.2.A.2", check("one", needs=Assurance.DECLARED), check("two", needs=Assurance.EXECUTED)),
    requirements=[control("3.2.lock", check(needs=Assurance.DECLARED), criterion="gate", dimension="R")],
)


def refused_by_the_gate(target: Target) -> TargetError:
    with pytest.raises(TargetError) as caught:
        check_against(target, GATE)
    assert len(str(caught.value).splitlines()) == 1
    return caught.value


@pytest.mark.parametrize(
    "more",
    [
        "",
        f"{WAIVER}expires = 2027-03-31\n",
        EXCLUSION,
        EXCLUSION.replace("3.2.A.2", "3.2.lock"),
        '[policy.assurance]\n"3.2.A.2" = "executed"\n',
        '[policy.assurance]\n"3.2.A.2" = "live"\n"3.2.lock" = "declared"\n',
    ],
)
def test_what_a_target_says_of_controls_that_there_are_is_taken(tmp_path: Path, more: str) -> None:
    target = load_target(place(tmp_path, SOUND + more))
    check_against(target, GATE)
    assert target.source.endswith(more)


@pytest.mark.parametrize(
    ("more", "mark"),
    [
        (f"{WAIVER}expires = 2027-03-31\n", 'control = "3.2.A.9"'),
        (EXCLUSION, 'control = "3.2.A.9"'),
        ('[policy.assurance]\n"3.2.lock" = "live"\n"3.2.A.2" = "live"\n', '"3.2.A.9"'),
    ],
    ids=["waiver", "exclusion", "demand"],
)
def test_a_control_that_the_gate_does_not_have_is_refused_with_its_line(tmp_path: Path, more: str, mark: str) -> None:
    text = SOUND + more.replace("3.2.A.2", "3.2.A.9")
    error = refused_by_the_gate(load_target(place(tmp_path, text)))
    assert "'3.2.A.9'" in error.got
    assert error.expected == "a control of gate"
    assert error.subject.endswith(f"exitgate.toml:{line(text, mark)}")


@pytest.mark.parametrize(
    ("demand", "got", "least"),
    [
        ('"3.2.A.2" = "emulated"', "3.2.A.2 = 'emulated'", "executed"),
        ('"3.2.lock" = "live"\n"3.2.A.2" = "declared"', "3.2.A.2 = 'declared'", "executed"),
    ],
)
def test_a_demand_below_the_catalogues_highest_is_refused_with_its_line(
    tmp_path: Path, demand: str, got: str, least: str
) -> None:
    text = f"{SOUND}[policy.assurance]\n{demand}\n"
    error = refused_by_the_gate(load_target(place(tmp_path, text)))
    assert error.subject.endswith(f"exitgate.toml:{text.count(chr(10))}")
    assert error.got == got
    assert error.expected == f"at least {least!r}, which the catalogue asks for"


def test_a_demand_for_a_level_that_is_none_is_refused_at_once(tmp_path: Path) -> None:
    error = refusal(place(tmp_path, f'{SOUND}[policy.assurance]\n"3.2.A.2" = "seen"\n'))
    assert "'seen' is no assurance level" in error.expected


def test_no_vulnerability_database_stands_in_unless_the_target_says_so(tmp_path: Path) -> None:
    assert load_target(place(tmp_path, SOUND)).configuration.vulnerability_database.substitute is False
    text = f"{SOUND}[vulnerability_database]\nsubstitute = true\n"
    assert load_target(place(tmp_path, text)).configuration.vulnerability_database.substitute is True


def test_a_misspelt_key_of_the_vulnerability_database_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match=r"exitgate.toml:\d+: .*substitutes"):
        load_target(place(tmp_path, f"{SOUND}[vulnerability_database]\nsubstitutes = true\n"))


def test_where_the_pipeline_is_kept_has_defaults(tmp_path: Path) -> None:
    pipeline = load_target(place(tmp_path, SOUND)).configuration.pipeline
    assert pipeline.workflows == (".github/workflows/ci.yml",)
    assert (pipeline.rulesets, pipeline.default_branch, pipeline.package_manager) == ((), "main", None)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ('workflows = ["ci.yml"]', "pipeline.workflows"),
        ('workflows = [".github/workflows/sub/ci.yml"]', "pipeline.workflows"),
        ("workflows = []", "pipeline.workflows"),
        ('rulesets = ["/etc/passwd"]', "pipeline.rulesets"),
        ('rulesets = ["a/../../b.json"]', "leads out of the target"),
        ('ruleset = ["a.json"]', "pipeline.ruleset"),
        ('package_manager = "bun"', "pipeline.package_manager"),
    ],
)
def test_a_pipeline_that_github_would_not_read_is_refused(tmp_path: Path, keys: str, words: str) -> None:
    error = refusal(place(tmp_path, f"{SOUND}[pipeline]\n{keys}\n"))
    assert words in error.got
    assert error.subject.endswith(f":{SOUND.count(chr(10)) + 2}")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"body": ""}, "follow without a body"),
        ({"save": {}}, "with save = {}"),
        ({"save": {"order": "id", "more": "x"}}, "'more'"),
        ({"follow": ""}, "follow = ''"),
    ],
)
def test_what_is_followed_is_a_write_and_says_what_it_saves(changes: dict[str, object], words: str) -> None:
    told = {"name": "place", "path": "/o", "body": "{}", "save": {"order": "id"}, "follow": "/o/$order"}
    Traffic.model_validate(told)
    with pytest.raises(ValueError, match=re.escape(words)):
        Traffic.model_validate({**told, **changes})

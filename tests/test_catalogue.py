"""The catalogue of a gate: the shipped one, and what is said of a broken one."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from exitgate.assurance import Assurance
from exitgate.catalogue import Gate, SubjectKind, load_gate
from exitgate.errors import CatalogueError
from tests.builders import check, control, gate

GATE3 = Path(__file__).parent.parent / "gates" / "gate3"

SOUND = """\
schema_version = 1

[gate]
id = "gate9"
title = "A gate"
summary = "Asks."

[[criterion]]
id = "containers"
task = "9.1"
title = "Containers"
module = "test_containers.py"

[[criterion]]
id = "pipeline"
task = "9.2"
title = "Pipeline"
module = "test_pipeline.py"

[[control]]
id = "9.1.A.1"
criterion = "containers"
dimension = "A"
title = "First"
rationale = "Why."
remediation = "How."
[[control.check]]
id = "policy-declared"
subject = "target"
needs = "declared"
says = "It is declared."
[[control.check]]
id = "seen"
subject = "workload"
needs = "executed"
says = "It is seen."

[[control]]
id = "9.2.B.1"
criterion = "pipeline"
dimension = "B"
title = "Second"
rationale = "Why."
remediation = "How."
[[control.check]]
id = "seen"
subject = "service"
needs = "modelled"
says = "It is seen."

[[requirement]]
id = "9.lock"
criterion = "gate"
title = "Lock"
rationale = "Why."
remediation = "How."
[[requirement.check]]
id = "locked"
subject = "target"
needs = "live"
says = "It is locked."
"""


def changed(right: str, wrong: str, count: int = 1) -> str:
    assert right in SOUND
    return SOUND.replace(right, wrong, count)


def load(folder: Path, text: str | bytes) -> Gate:
    (folder / "gate.toml").write_bytes(text.encode() if isinstance(text, str) else text)
    return load_gate(folder)


def refusal(folder: Path, text: str | bytes) -> CatalogueError:
    with pytest.raises(CatalogueError) as caught:
        load(folder, text)
    assert len(str(caught.value).splitlines()) == 1
    assert str(folder) in caught.value.subject
    return caught.value


def test_a_sound_catalogue_is_read_whole_and_in_order(tmp_path: Path) -> None:
    read = load(tmp_path, SOUND)
    assert (read.id, read.title, read.summary, read.directory) == ("gate9", "A gate", "Asks.", tmp_path)
    assert [criterion.id for criterion in read.criteria] == ["containers", "pipeline"]
    assert read.criteria[0].module == "test_containers.py"
    assert [each.id for each in read.controls] == ["9.1.A.1", "9.2.B.1"]
    assert [each.id for each in read.everything] == ["9.1.A.1", "9.2.B.1", "9.lock"]
    assert [each.dimension for each in read.everything] == ["A", "B", "R"]
    declared, seen = read.controls[0].checks
    assert (declared.id, declared.subject, declared.needs) == (
        "policy-declared",
        SubjectKind.TARGET,
        Assurance.DECLARED,
    )
    assert (seen.id, seen.subject, seen.needs, seen.says) == (
        "seen",
        SubjectKind.WORKLOAD,
        Assurance.EXECUTED,
        "It is seen.",
    )


def test_a_control_needs_the_highest_level_of_its_checks(tmp_path: Path) -> None:
    assert [each.needs for each in load(tmp_path, SOUND).everything] == [
        Assurance.EXECUTED,
        Assurance.MODELLED,
        Assurance.LIVE,
    ]


def test_a_check_may_need_what_a_run_is_given(tmp_path: Path) -> None:
    text = changed(
        'needs = "executed"\nsays = "It is seen."', 'needs = "live"\ngiven = "github-repository"\nsays = "It is seen."'
    )
    read = load(tmp_path, text)
    assert [each.given for each in read.controls[0].checks] == [None, "github-repository"]
    assert read.controls[0].needs is Assurance.DECLARED


def test_a_control_has_a_check_that_every_run_owes(tmp_path: Path) -> None:
    text = changed('needs = "modelled"', 'needs = "modelled"\ngiven = "github-repository"')
    assert "no check that every run owes" in str(refusal(tmp_path, text))


def test_nothing_else_can_be_given(tmp_path: Path) -> None:
    assert "given" in str(refusal(tmp_path, changed('needs = "modelled"', 'needs = "modelled"\ngiven = "gitlab"')))


def test_a_catalogue_may_do_without_requirements(tmp_path: Path) -> None:
    assert load(tmp_path, SOUND[: SOUND.index("[[requirement]]")]).requirements == ()


def test_the_smallest_catalogue_has_one_criterion_and_one_control_with_one_check(tmp_path: Path) -> None:
    text = SOUND[: SOUND.index("[[requirement]]")]
    for start, end in (
        ('[[criterion]]\nid = "containers"', '[[criterion]]\nid = "p'),
        ('[[control]]\nid = "9.1', '[[control]]\nid = "9.2'),
    ):
        text = text[: text.index(start)] + text[text.index(end) :]
    read = load(tmp_path, text.replace('title = "A gate"', 'title = "A"'))
    assert (len(read.criteria), len(read.everything), len(read.controls[0].checks)) == (1, 1, 1)


def test_a_folder_without_a_catalogue_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match="can't be read"):
        load_gate(tmp_path)


def test_a_catalogue_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    assert "can't be read" in refusal(tmp_path, b"\xff\xfe").got


def test_a_syntax_error_names_its_line(tmp_path: Path) -> None:
    assert "line 4" in refusal(tmp_path, changed('id = "gate9"', "id = gate9")).got


@pytest.mark.parametrize(
    ("right", "wrong", "line"),
    [
        ("schema_version = 1", "schema_version = 2", 1),
        ("schema_version = 1\n", "", 1),
        ('id = "gate9"', 'id = "Gate9"', 4),
        ('summary = "Asks."', 'summary = ""', 6),
        ('module = "test_pipeline.py"', 'module = "../test_pipeline.py"', 18),
        ('module = "test_pipeline.py"', 'module = "pipeline.py"', 18),
        ('id = "9.2.B.1"', 'id = "9.2 B"', 39),
        ('dimension = "B"', 'dimension = "R"', 41),
        ('dimension = "B"', 'dimension = "B"\nweight = 1', 42),
        ('id = "policy-declared"', 'id = "Policy"', 28),
        ('id = "policy-declared"', 'id = "policy--declared"', 28),
        ('subject = "service"', 'subject = "services"', 47),
        ('needs = "modelled"', 'needs = "seen"', 48),
        ('needs = "live"', "needs = 5", 60),
        ('says = "It is locked."', 'says = ""', 61),
        ('remediation = "How."\n[[requirement.check]]', "[[requirement.check]]", 51),
    ],
)
def test_each_mistake_is_refused_with_its_line(tmp_path: Path, right: str, wrong: str, line: int) -> None:
    assert refusal(tmp_path, changed(right, wrong)).subject == f"{tmp_path}/gate.toml:{line}"


@pytest.mark.parametrize("kind", ["control", "requirement"])
def test_a_control_without_a_check_is_refused(tmp_path: Path, kind: str) -> None:
    end = SOUND.index("[[control.check]]") if kind == "control" else SOUND.index("[[requirement.check]]")
    assert f"{kind}.0" in refusal(tmp_path, SOUND[:end] + "check = []\n").got


def test_a_catalogue_without_controls_is_refused(tmp_path: Path) -> None:
    assert "'control'" in refusal(tmp_path, SOUND[: SOUND.index("[[control]]")]).got


@pytest.mark.parametrize(
    ("right", "wrong", "name"),
    [
        ('id = "9.2.B.1"', 'id = "9.1.A.1"', "9.1.A.1"),
        ('id = "9.lock"', 'id = "9.1.A.1"', "9.1.A.1"),
        ('id = "seen"', 'id = "policy-declared"', "9.1.A.1"),
    ],
)
def test_an_id_that_stands_twice_is_refused(tmp_path: Path, right: str, wrong: str, name: str) -> None:
    error = refusal(tmp_path, changed(right, wrong))
    assert error.subject.endswith(name)
    assert error.expected == "unique ids"


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('id = "pipeline"', 'id = "containers"'), ('module = "test_pipeline.py"', 'module = "test_containers.py"')],
)
def test_a_criterion_that_stands_twice_is_refused(tmp_path: Path, right: str, wrong: str) -> None:
    refusal(tmp_path, changed(right, wrong).replace('criterion = "pipeline"', 'criterion = "containers"'))


def test_two_controls_may_have_checks_of_one_name(tmp_path: Path) -> None:
    assert [len(each.checks) for each in load(tmp_path, SOUND).controls] == [2, 1]


@pytest.mark.parametrize("wrong", ["pipelines", "gate"])
def test_a_control_belongs_to_a_listed_criterion_and_not_to_the_gate(tmp_path: Path, wrong: str) -> None:
    error = refusal(tmp_path, changed('criterion = "pipeline"', f'criterion = "{wrong}"'))
    assert error.subject.endswith("9.2.B.1")
    assert error.got == f"criterion {wrong!r}"
    assert error.expected == "one of containers, pipeline"


@pytest.mark.parametrize(("criterion", "taken"), [("pipeline", True), ("gate", True), ("other", False)])
def test_a_requirement_belongs_to_a_criterion_or_to_the_gate(tmp_path: Path, criterion: str, taken: bool) -> None:
    text = changed('criterion = "gate"', f'criterion = "{criterion}"')
    if taken:
        assert load(tmp_path, text).requirements[0].criterion == criterion
    else:
        assert refusal(tmp_path, text).expected == "one of containers, gate, pipeline"


ASKED = gate(control("a", check("one"), check("two")), requirements=[control("r", check("three"), dimension="R")])


def test_controls_requirements_and_checks_are_found_by_id() -> None:
    assert ASKED.control("a").id == "a"
    assert ASKED.control("r").dimension == "R"
    assert ASKED.check("a", "two").id == "two"
    assert ASKED.check("r", "three").id == "three"


def test_a_control_that_is_not_there_is_refused() -> None:
    with pytest.raises(CatalogueError, match="no control 'b'"):
        ASKED.control("b")
    with pytest.raises(CatalogueError, match="no control 'b'"):
        ASKED.check("b", "one")


def test_a_check_of_another_control_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(CatalogueError, match="no check 'three'; expected one of one, two"):
        ASKED.check("a", "three")


def test_gate_3_has_its_58_controls_each_in_its_dimension_and_criterion() -> None:
    shipped = load_gate(GATE3)
    assert len(shipped.controls) == 58
    tasks = {criterion.id: criterion.task for criterion in shipped.criteria}
    for each in shipped.controls:
        assert re.match(rf"{re.escape(tasks[each.criterion])}\.{each.dimension}\.\d", each.id)


def test_gate_3_has_controls_of_every_dimension_under_every_criterion() -> None:
    shipped = load_gate(GATE3)
    counts = Counter((each.criterion, each.dimension) for each in shipped.controls)
    assert set(counts) == {(criterion.id, dimension) for criterion in shipped.criteria for dimension in "ABC"}


def test_gate_3_stands_in_plan_order() -> None:
    shipped = load_gate(GATE3)
    order = [
        (each.id.split(".")[:2], each.dimension, [int(part) for part in each.id.split(".")[3:]])
        for each in shipped.controls
    ]
    assert order == sorted(order)


def test_what_is_left_to_a_thorough_run_is_dear(tmp_path: Path) -> None:
    both = changed('id = "policy-declared"', 'id = "policy-declared"\ndear = true\nthorough = true')
    assert [each.thorough for each in load(tmp_path, both).controls[0].checks] == [True, False]
    alone = changed('id = "policy-declared"', 'id = "policy-declared"\nthorough = true')
    assert refusal(tmp_path, alone).expected == "dear = true beside thorough = true"


def test_gate_3_leaves_no_control_that_needs_a_run_without_a_check_that_every_run_makes() -> None:
    for each in load_gate(GATE3).everything:
        executed = [check for check in each.checks if check.needs >= Assurance.EXECUTED and check.given is None]
        assert not executed or [check.id for check in executed if not check.thorough], each.id

"""Jobs in an order in which each comes after all that it needs, whatever the file's order is; cycles end too."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.github.node import Node
from exitgate.github.workflow import Job, Workflow


def workflow(needs: dict[str, list[str]]) -> Workflow:
    def node(text: str) -> Node:
        return Node(value=text, path="ci.yml", line=1, first_line=1)

    jobs = {name: Job(id=name, place="ci.yml:1", needs=tuple(map(node, each))) for name, each in needs.items()}
    return Workflow(path="ci.yml", source=node(""), jobs=jobs)


NAMES = [f"job-{number}" for number in range(9)]


@settings(max_examples=150, deadline=None)
@given(st.permutations(NAMES), st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)), max_size=20))
def test_each_job_comes_after_those_that_it_needs(order: list[str], pairs: list[tuple[str, str]]) -> None:
    needs: dict[str, list[str]] = {name: [] for name in order}
    for one, other in pairs:
        if one < other:
            needs[other].append(one)
    found = [job.id for job in workflow(needs).in_order()]
    assert sorted(found) == sorted(order)
    assert all(found.index(need) < found.index(name) for name, each in needs.items() for need in each)


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from([*NAMES, "nobody"]), max_size=3)))
def test_cycles_and_unknown_names_end(needs: dict[str, list[str]]) -> None:
    assert sorted(job.id for job in workflow(needs).in_order()) == sorted(needs)


def test_jobs_without_needs_stay_in_the_file_s_order() -> None:
    assert [job.id for job in workflow({"b": [], "a": [], "c": ["a"]}).in_order()] == ["b", "a", "c"]

"""What of an event the author of a change decides, alone and as a part of what is looked at as a whole."""

from __future__ import annotations

import pytest

from exitgate.github.authored import chosen_by_the_author
from exitgate.github.node import Node
from exitgate.github.workflow import Workflow

PULL = "github.event.pull_request"
WORKFLOW = Workflow(path="ci.yml", source=Node(value="", path="ci.yml", line=1, first_line=1))


@pytest.mark.parametrize(
    "name",
    [
        f"{PULL}.title",
        f"{PULL}.user.login",
        f"{PULL}.labels.*.name",
        f"{PULL}.head.repo.fork",
        f"{PULL}.head.repo.full_name",
        f"{PULL}.head.repo",
        f"{PULL}.author_association",
        f"{PULL}.milestone",
        f"{PULL}.milestone.title",
        f"{PULL}.head",
        PULL,
        "github.event",
        "github",
    ],
)
def test_it_is_the_author_s(name: str) -> None:
    assert chosen_by_the_author([name], WORKFLOW) == (name,)


@pytest.mark.parametrize(
    "name",
    [
        f"{PULL}.base.ref",
        f"{PULL}.number",
        f"{PULL}.headless",
        f"{PULL}.milestones",
        "github.event.action",
        "github.ref_protected",
        "matrix.node",
    ],
)
def test_it_is_not(name: str) -> None:
    assert chosen_by_the_author([name], WORKFLOW) == ()

"""What to do: equal remedies once, with every place, links to source only where asked for, and one command for all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from exitgate.record import Record
from exitgate.reporting.html import render_html
from exitgate.reporting.html.links import source_link
from exitgate.reporting.html.work import actions_of
from tests.reporting.pages import Page
from tests.reporting.records import FINDING, NOT_MET, WAIVED, mixed_record

SOURCE = "https://git.example/team/shop/blob/{commit}/{path}#L{line}"


@pytest.fixture(scope="module")
def mixed() -> Record:
    return mixed_record()


def test_equal_remedies_stand_once_with_every_place(mixed: Record) -> None:
    control = next(each for each in mixed.controls if each.id == NOT_MET)
    findings = (FINDING, replace(FINDING, location="apps/b/Dockerfile:2"), replace(FINDING, remedy="Do that."))
    check = control.checks[0].model_copy(update={"findings": findings})
    actions = actions_of([control.model_copy(update={"checks": (check,)})])
    assert [(each.remedy, list(each.places)) for each in actions] == [
        ("Set USER.", ["apps/a/Dockerfile:31", "apps/b/Dockerfile:2"]),
        ("Do that.", ["apps/a/Dockerfile:31"]),
    ]
    assert actions[0].controls == (NOT_MET,)


def test_what_is_waived_is_nothing_to_do(mixed: Record) -> None:
    assert WAIVED not in {control for action in actions_of(mixed.controls) for control in action.controls}


def test_one_command_runs_all_of_it_again(mixed: Record) -> None:
    said = " ".join(Page(render_html(mixed))["to-do"].text.split())
    assert f"exitgate run gate3 --control {NOT_MET} --control 3.3.B.2.1" in said


def test_places_are_linked_where_the_source_is_given(mixed: Record) -> None:
    page = Page(render_html(mixed, source=SOURCE))
    links = {link.text: link.attributes["href"] for link in page["to-do"].all("a")}
    assert links["apps/a/Dockerfile:31"] == (
        f"https://git.example/team/shop/blob/{mixed.target.commit}/apps/a/Dockerfile#L31"
    )
    assert not [link for link in Page(render_html(mixed)).root.all("a") if "https" in link.attributes["href"]]


@pytest.mark.parametrize(
    ("location", "link"),
    [
        ("a b/c#.html:3", "https://x.example/a%20b/c%23.html"),
        ("../a:3", None),
        ("a//b:3", None),
        ("javascript:alert(1)", None),
        ("image:/bin/su", None),
        ("a", None),
        ("a\u202eb:3", None),
        ('a"b:3', None),
        ("{commit}:3", "https://x.example/%7Bcommit%7D"),
    ],
)
def test_only_files_of_the_target_are_linked(mixed: Record, location: str, link: str | None) -> None:
    assert source_link("https://x.example/{path}", mixed)(location) == link


def test_a_commit_made_for_the_run_can_not_be_looked_up(mixed: Record) -> None:
    made = mixed.model_copy(update={"target": mixed.target.model_copy(update={"materialised": True})})
    assert source_link(SOURCE, made)("a:1") is None

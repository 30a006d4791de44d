"""What a target may accept for a while: by its rules, of what there is, and never by who wrote it."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from exitgate.acceptance import notices, refuse_improper, refuse_self_approved
from exitgate.catalogue import SubjectKind
from exitgate.errors import TargetError
from exitgate.provision.authors import authors_of
from exitgate.provision.git import git, succeeded
from exitgate.target import Target, load_target
from tests.builders import check, control, gate
from tests.target_folder import SOUND, place

TODAY = datetime.date(2026, 11, 26)
GATE = gate(
    control("3.2.A.2", check()),
    control("3.2.B.1", check(subject=SubjectKind.SERVICE)),
    control("3.2.C.1", check(subject=SubjectKind.FRONTEND)),
)


def entry(kind: str = "waiver", **more: Any) -> str:
    told = {
        "control": "3.2.B.1",
        "owner": "Bo",
        "reason": "r",
        "approver": "Ada",
        "expires": datetime.date(2026, 12, 1),
    }
    lines = [
        f"{key} = {value.isoformat() if isinstance(value, datetime.date) else repr(value)}"
        for key, value in {**told, **more}.items()
    ]
    return "\n".join([f"[[{kind}]]", *lines, ""])


def target(folder: Path, *texts: str) -> Target:
    return load_target(place(folder, SOUND + "\n".join(texts)))


RULES = '[policy.waivers]\nlongest_days = 30\nnever = ["3.2.A.2"]\napprovers = ["Ada", "Cy"]\n'


@pytest.mark.parametrize("rules", ["", RULES])
def test_a_proper_waiver_is_taken(tmp_path: Path, rules: str) -> None:
    refuse_improper(target(tmp_path, rules, entry(subject="orders")), GATE, TODAY)
    refuse_improper(target(tmp_path, rules, entry(finding="CVE-2026-1")), GATE, TODAY)
    refuse_improper(target(tmp_path, rules, entry("not_applicable", control="3.2.C.1")), GATE, TODAY)


@pytest.mark.parametrize(
    ("text", "got", "key"),
    [
        (entry(subject="nobody"), "about which 3.2.B.1 says nothing", "subject"),
        (entry(control="3.2.C.1", subject="orders"), "about which 3.2.C.1 says nothing", "subject"),
        (RULES + entry(control="3.2.A.2", subject="shop"), "never lets go", "control"),
        (RULES + entry("not_applicable", control="3.2.A.2"), "never lets go", "control"),
        (RULES + entry(subject="orders", expires=datetime.date(2026, 12, 27)), "2026-12-27", "expires"),
        (RULES + entry("not_applicable", expires=datetime.date(2027, 1, 1)), "2027-01-01", "expires"),
        (RULES + entry(subject="orders", approver="Dee"), "Dee", "approver"),
        (RULES + entry(), "a waiver of all that 3.2.B.1 may find", "control"),
    ],
)
def test_an_improper_one_is_refused_at_its_line(tmp_path: Path, text: str, got: str, key: str) -> None:
    whole = SOUND + text
    with pytest.raises(TargetError) as refusal:
        refuse_improper(target(tmp_path, text), GATE, TODAY)
    lines = whole.split("\n")
    expected = next(n for n, line in enumerate(lines, 1) if line.startswith(f"{key} =") and n > SOUND.count("\n"))
    assert got in refusal.value.got
    assert refusal.value.subject == f"exitgate.toml:{expected}"


def test_the_last_day_that_the_rules_allow_is_allowed(tmp_path: Path) -> None:
    last = TODAY + datetime.timedelta(days=30)
    refuse_improper(target(tmp_path, RULES, entry(subject="orders", expires=last)), GATE, TODAY)


def test_what_has_run_out_is_told_and_no_mistake(tmp_path: Path) -> None:
    found = target(tmp_path, entry(subject="orders"), entry("not_applicable", control="3.2.C.1"))
    assert notices(found, datetime.date(2026, 12, 1)) == []
    told = notices(found, datetime.date(2026, 12, 2))
    assert [each.split(": ", 1)[1] for each in told] == [
        "the waiver of 3.2.B.1 ended on 2026-12-01; it excuses nothing",
        "the exclusion of 3.2.C.1 ended on 2026-12-01; it excuses nothing",
    ]


def test_who_wrote_an_entry_does_not_approve_it(tmp_path: Path) -> None:
    found = target(
        tmp_path, entry(subject="orders"), entry("not_applicable", control="3.2.C.1", approver="cy@example.com")
    )
    refuse_self_approved(found, {})
    refuse_self_approved(found, {("waiver", 0): frozenset({"Bo"}), ("not_applicable", 0): frozenset({"Ada"})})
    for authors in ({("waiver", 0): frozenset({"ada", "x"})}, {("not_applicable", 0): frozenset({"Cy@example.com"})}):
        with pytest.raises(TargetError, match="who wrote this entry"):
            refuse_self_approved(found, authors)


def committed(root: Path, name: str, text: str) -> None:
    (root / "exitgate.toml").write_text(text, encoding="utf-8")
    succeeded(git(root, "add", "--all"), root)
    author = f"--author={name} <{name.lower()}@example.com>"
    succeeded(git(root, "commit", "--quiet", "--message", "x", author), root)


def test_git_tells_who_wrote_which_entry(tmp_path: Path) -> None:
    succeeded(git(tmp_path, "init", "--quiet"), tmp_path)
    place(tmp_path, SOUND)
    committed(tmp_path, "Ada", SOUND + entry(subject="orders"))
    committed(tmp_path, "Bo", SOUND + entry(subject="orders") + entry(control="3.2.A.2"))
    found = load_target(tmp_path)
    wrote = [authors_of(tmp_path, "exitgate.toml", *found.lines_accepted("waiver", index)) for index in (0, 1)]
    assert wrote == [{"Ada", "ada@example.com"}, {"Bo", "bo@example.com"}]
    assert authors_of(tmp_path, "nowhere.toml", 1, 2) == frozenset()


def test_a_file_of_waivers_holds_them_all(tmp_path: Path) -> None:
    named = SOUND.replace('name = "shop"\n', 'name = "shop"\nwaivers = "gates/waivers.toml"\n', 1)
    (tmp_path / "gates").mkdir()
    file = tmp_path / "gates/waivers.toml"
    file.write_text(f"# ours\n{entry(subject='nobody')}", encoding="utf-8")
    found = load_target(place(tmp_path, named))
    assert [each.control for each in found.waivers] == ["3.2.B.1"]
    with pytest.raises(TargetError) as refusal:
        refuse_improper(found, GATE, TODAY)
    assert refusal.value.subject == "gates/waivers.toml:8"
    assert found.policy_digest != load_target(place(tmp_path, SOUND)).policy_digest


@pytest.mark.parametrize(
    ("content", "more", "got"),
    [
        (None, "", "can't be read"),
        ("[[waiver]]\ncontrol = 3\n", "", "control = 3"),
        ("no toml", "", "can't be read"),
        (entry(), entry(), "waivers or exclusions here and in gates/waivers.toml"),
    ],
)
def test_a_bad_file_of_waivers_is_one_clear_line(tmp_path: Path, content: str | None, more: str, got: str) -> None:
    named = SOUND.replace('name = "shop"\n', 'name = "shop"\nwaivers = "gates/waivers.toml"\n', 1)
    (tmp_path / "gates").mkdir()
    if content is not None:
        (tmp_path / "gates/waivers.toml").write_text(content, encoding="utf-8")
    with pytest.raises(TargetError) as refusal:
        load_target(place(tmp_path, named + more))
    assert got in str(refusal.value)
    assert "\n" not in str(refusal.value)

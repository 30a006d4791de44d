"""The error tree, and the one sentence that every error is."""

from __future__ import annotations

import pickle

import pytest

from exitgate import errors
from exitgate.errors import ExitgateError, PrerequisiteMissing, TargetError, one_line

KINDS = [
    errors.TargetError,
    errors.CatalogueError,
    errors.ProvisionError,
    errors.ObservationError,
    errors.EvidenceError,
    errors.UsageError,
    errors.PrerequisiteMissing,
]


def make(kind: type[ExitgateError]) -> ExitgateError:
    return kind("exitgate.toml:12", got="port 0", expected="a port from 1", action="Mend that line.")


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_subject_got_expected_and_action_in_one_line(kind: type[ExitgateError]) -> None:
    assert str(make(kind)) == "exitgate.toml:12: port 0; expected a port from 1. Mend that line."


def test_every_error_is_of_one_tree_and_no_kind_is_another() -> None:
    assert all(kind.__bases__ == (ExitgateError,) for kind in KINDS)


@pytest.mark.parametrize("part", ["subject", "got", "expected", "action"])
@pytest.mark.parametrize("hostile", ["a\nb", "a\r\nb", "a\x1b[31mb", "a\u2028b", "a\u202eb", "a\x00b", "a\x85b"])
def test_no_part_of_an_error_breaks_its_line_or_steers_a_terminal(part: str, hostile: str) -> None:
    parts = {"subject": "s", "got": "g", "expected": "e", "action": "a", part: hostile}
    text = str(TargetError(parts.pop("subject"), **parts))
    assert len(text.splitlines()) == 1
    assert text.isprintable()


@pytest.mark.parametrize("part", ["subject", "got", "expected", "action"])
def test_a_long_part_of_an_error_is_cut_and_leaves_the_others_whole(part: str) -> None:
    parts = {"subject": "<subject>", "got": "<got>", "expected": "<expected>", "action": "<action>"}
    text = str(TargetError(**{**parts, part: "x" * 5000}))  # type: ignore[arg-type]
    assert len(text) < 600
    assert all(word in text for name, word in parts.items() if name != part)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_crosses_from_worker_to_controller(kind: type[ExitgateError]) -> None:
    before = make(kind)
    after = pickle.loads(pickle.dumps(before))
    assert type(after) is kind
    assert str(after) == str(before)
    assert (after.subject, after.got, after.expected, after.action) == (
        "exitgate.toml:12",
        "port 0",
        "a port from 1",
        "Mend that line.",
    )


def test_what_is_blocked_names_what_blocks_it_and_keeps_it_across_processes() -> None:
    error = PrerequisiteMissing("image", got="none", expected="one", action="Build it.", blocked_by="3.2.C.1")
    assert str(error) == "blocked by 3.2.C.1: image: none; expected one. Build it."
    assert pickle.loads(pickle.dumps(error)).blocked_by == "3.2.C.1"


def test_what_is_missing_on_its_own_is_not_called_blocked() -> None:
    error = PrerequisiteMissing("git", got="none", expected="one", action="Install it.")
    assert error.blocked_by == ""
    assert str(error).startswith("git: ")


def test_white_space_is_folded() -> None:
    assert one_line("  a\t\tb \n\n c  ") == "a b c"


def test_text_of_just_the_limit_is_left_whole_and_one_more_is_cut() -> None:
    assert one_line("x" * 10, 10) == "x" * 10
    assert one_line("x" * 11, 10) == "x" * 9 + "…"


def test_text_is_measured_after_folding() -> None:
    assert one_line("a" + " " * 50 + "b", 3) == "a b"


def test_letters_of_other_scripts_are_kept() -> None:
    assert one_line("größe 大小") == "größe 大小"

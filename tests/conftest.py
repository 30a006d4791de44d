"""Shared set-up of exitgate's own tests, and what they show to be wrong and is not mended yet."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

KNOWN = {
    "test_lines_of_a_here_document_are_no_instructions": "here-documents of a Dockerfile are not parsed yet",
    "test_a_control_that_is_waived_and_excluded_is_shown_where": "the line of a contradiction between tables is not found yet",
    "test_a_control_that_is_excluded_twice_is_named_where": "the line of a contradiction between tables is not found yet",
    "test_a_text_of_several_lines_holds_no_key_and_no_table": "texts of several lines are not skipped when a line is looked for",
}
"""Test name, or the start of it, to what is wrong. Each has to fail: one that passes is to be taken out of here."""

SOCKETS = ("test_no_socket_of_ours_stays_open_where_nothing_answers", "test_what_answers_and_is_no_engine_is_missing")
"""The Docker SDK leaves a socket to the garbage collector where its constructor fails; when that warns is chance."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is known to be wrong."""
    for item in items:
        for name, reason in KNOWN.items():
            if item.name.startswith(name):
                item.add_marker(pytest.mark.xfail(reason=reason, strict=True))
        if item.name.startswith(SOCKETS):
            item.add_marker(pytest.mark.xfail(reason="a socket that the Docker SDK leaves open", strict=False))

"""SQL scripts: where statements end."""

from __future__ import annotations

import pytest

from exitgate.errors import ProvisionError
from exitgate.observe.migrations.statements import statements
from exitgate.provision.databases import Databases


def test_statements_end_at_semicolons_that_are_neither_quoted_nor_commented() -> None:
    script = "a; b 'x;y'; -- c;\nd $$ ; $$; e \"f;g\" /* ; */ h"
    assert [(each.text, each.line) for each in statements(script)] == [
        ("a", 1),
        ("b 'x;y'", 1),
        ("d $$ ; $$", 2),
        ('e "f;g" /* ; */ h', 2),
    ]


def test_rules_see_no_comment_and_no_string() -> None:
    assert [each.bare for each in statements("DELETE /* all */ FROM a\n WHERE b = 'DROP;'")] == [
        "DELETE FROM a WHERE b = ''"
    ]


@pytest.mark.parametrize("script", ["", "-- nothing\n", ";;", "/* open"])
def test_nothing_is_no_statement(script: str) -> None:
    assert statements(script) == ()


def test_a_database_that_was_not_made_here_is_never_connected_to() -> None:
    databases = Databases(None, None, "role", "word")  # type: ignore[arg-type]
    for refused in (databases.connect, databases.disconnect, databases.url):
        with pytest.raises(ProvisionError, match="one that this run did not make"):
            refused("production")

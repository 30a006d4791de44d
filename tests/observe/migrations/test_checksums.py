"""Which applied migrations are not the committed ones, by their checksums."""

from __future__ import annotations

import hashlib

import pytest

from exitgate.observe.migrations.checksums import edited
from exitgate.observe.migrations.files import Migration
from exitgate.observe.migrations.tool import Applied

TEXT = "CREATE TABLE a (i int);\nSELECT 1;\n"
COMMITTED = (Migration(name="1", path="m/1", sql=TEXT),)


def applied(content: bytes, *, name: str = "1", finished: bool = True) -> tuple[Applied, ...]:
    return (Applied(name=name, finished=finished, checksum=hashlib.sha256(content).hexdigest()),)


@pytest.mark.parametrize(
    "content",
    [TEXT.encode(), TEXT.replace("\n", "\r\n").encode(), b"\xef\xbb\xbf" + TEXT.encode()],
    ids=["as it is", "with CRLF", "with a byte order mark"],
)
def test_the_same_text_is_no_other_migration(content: bytes) -> None:
    assert edited(COMMITTED, applied(content)) == ()


def test_another_text_is_told() -> None:
    assert edited(COMMITTED, applied(TEXT.encode() + b"-- edited\n")) == ("1",)


def test_what_did_not_finish_is_not_committed_or_has_no_checksum_is_not_judged() -> None:
    assert edited(COMMITTED, applied(b"x", finished=False)) == ()
    assert edited(COMMITTED, applied(b"x", name="2")) == ()
    assert edited(COMMITTED, (Applied(name="1", finished=True),)) == ()
    assert edited((), ()) == ()

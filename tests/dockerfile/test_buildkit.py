"""Our parser and BuildKit's own, side by side on texts that are put together at random."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.dockerfile import Instruction
from exitgate.dockerfile.lines import take_apart

buildkit = pytest.importorskip("dockerfile", reason="BuildKit's parser has no wheel for this machine")

PIECES = (
    *("FROM a", "FROM a AS b", "RUN x", "COPY a b", "ADD z q", "USER y", "ENV A=b ", "ENV A b", "ARG X=1", "LABEL a=b"),
    *("ENTRYPOINT ", "CMD ", "ONBUILD ", "HEALTHCHECK NONE", "EXPOSE 1", "run "),
    *("\n", "\n", "\n", "\r\n", "\\\n", "\\ \n", "`\n", "\\", "`", " ", "\t", "\x0b", "\x0c", "\u3000", "\ufeff"),
    *("# c\n", "# escape=`\n", "#syntax=x\n", "# esc=`\n"),
    *("<<EOF", "<<-EOF", "<<'E F'", '<<"EOF"', "3<<EOF", "<<<", "<", "EOF\n", "\tEOF\n", "EOF", "E F\n"),
    *("--from=b ", "--mount=type=bind,from='a b' ", "-- ", '"', "'", "$A", "${A:-b}", '["a", "b"]', "[1]", "é", " && "),
)
LISTS = ("ADD", "COPY", "FROM")


def ours(found: Instruction) -> tuple[Any, ...]:
    flags = tuple(f"--{name}={value}".rstrip("=") for name, value in found.flags)
    documents = [(each.name, each.content) for each in found.here_documents]
    return found.line, found.name, flags, documents, found.words if found.name in LISTS else ()


def theirs(found: Any) -> tuple[Any, ...]:
    flags = tuple(each.rstrip("=") for each in found.flags)
    documents = [(each.name, each.content.replace("\r\n", "\n")) for each in found.heredocs]
    return found.start_line, found.cmd.upper(), flags, documents, found.value if found.cmd.upper() in LISTS else ()


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=16).map("".join))
def test_what_buildkit_takes_apart_we_take_apart_alike(text: str) -> None:
    try:
        expected = [theirs(each) for each in buildkit.parse_string(text) if each.cmd]
    except buildkit.GoParseError:
        return
    assert [ours(each) for each in take_apart(text, "Dockerfile")[1]] == expected


@pytest.mark.parametrize(
    "value", ['["a", "b"]', '["a"] && b', '[ "a" , "b" ]', "['a']", "[a]", '["a"', "[1]", "a [", "[]"]
)
@pytest.mark.parametrize("name", ["CMD", "ENTRYPOINT", "RUN"])
def test_what_is_exec_form_to_buildkit_is_exec_form_to_us(name: str, value: str) -> None:
    try:
        (expected,) = buildkit.parse_string(f"{name} {value}\n")
    except buildkit.GoParseError:
        return
    assert (Instruction(line=1, name=name, value=value).exec_form is not None) is expected.json

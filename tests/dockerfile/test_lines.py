"""A Dockerfile's text, taken apart by BuildKit's rules."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exitgate.dockerfile import HereDocument, Instruction, effects_of, parse_dockerfile
from exitgate.dockerfile.lines import take_apart
from exitgate.errors import ObservationError


def rows(text: str) -> list[tuple[int, str, str]]:
    return [(each.line, each.name, each.value) for each in take_apart(text, "Dockerfile")[1]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM a\nRUN b", [(1, "FROM", "a"), (2, "RUN", "b")]),
        ("\ufefffrom a\r\nrun b \\\r\n c\r\nUSER 1\r\n", [(1, "FROM", "a"), (2, "RUN", "b  c"), (4, "USER", "1")]),
        ("  FROM\t a  \n\n\n", [(1, "FROM", "a")]),
        ("RUN a \\\n# comment\n\n   # another\nb\nUSER 1", [(1, "RUN", "a b"), (6, "USER", "1")]),
        ("RUN a \\ \t\n b\n", [(1, "RUN", "a  b")]),
        ("RUN a \\\\\nUSER 1\n", [(1, "RUN", "a \\\\"), (2, "USER", "1")]),
        ("RUN a \\", [(1, "RUN", "a")]),
        ("# comment \\\nFROM a\n", [(2, "FROM", "a")]),
        ("RUN a # no comment\n", [(1, "RUN", "a # no comment")]),
        ("\\\n\n", []),
        ("EXPOZE 1\n", [(1, "EXPOZE", "1")]),
    ],
)
def test_lines_become_instructions(text: str, expected: list[tuple[int, str, str]]) -> None:
    assert rows(text) == expected


@pytest.mark.parametrize(
    ("text", "escape", "syntax"),
    [
        ("FROM a\n", "\\", ""),
        ("# escape=`\nFROM a\n", "`", ""),
        ("#ESCAPE = ` \nFROM a\n", "`", ""),
        ("# syntax=docker/dockerfile:1\n# escape=`\n", "`", "docker/dockerfile:1"),
        ("# check=skip=all\n# escape=`\n", "`", ""),
        ("# a comment\n# escape=`\n", "\\", ""),
        ("\n# escape=`\n", "\\", ""),
        ("FROM a\n# escape=`\n", "\\", ""),
        ("# unknown=x\n# escape=`\n", "\\", ""),
    ],
)
def test_directives_stand_at_the_very_top(text: str, escape: str, syntax: str) -> None:
    directives, _ = take_apart(text, "Dockerfile")
    assert (directives.escape, directives.syntax) == (escape, syntax)


def test_the_escape_character_is_also_what_continues_a_line() -> None:
    assert rows("# escape=`\nRUN dir c:\\\nRUN a `\n b\n") == [(2, "RUN", "dir c:\\"), (3, "RUN", "a  b")]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("# escape=x\nFROM a\n", 1, "the escape character x"),
        ("# syntax=a\n# syntax=b\nFROM a\n", 2, "a second directive syntax"),
        ("FROM a\nRUN <<EOF\necho\n", 2, "not ended by EOF"),
        ("FROM a\nRUN <<EOF\necho\n EOF\n", 2, "not ended by EOF"),
        ("FROM a\nCOPY <<A <<B /x\na\nA\n", 2, "not ended by B"),
    ],
)
def test_what_no_builder_reads_is_an_error_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ObservationError, match=words) as caught:
        take_apart(text, "apps/Dockerfile")
    assert caught.value.subject == f"apps/Dockerfile:{line}"


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("RUN <<EOF\nUSER root\nEOF\n", [HereDocument(name="EOF", content="USER root\n")]),
        ("RUN <<-EOF\n\tx\n\tEOF\n", [HereDocument(name="EOF", content="\tx\n", strips_tabs=True)]),
        ("RUN <<'EOF'\n$x\nEOF\n", [HereDocument(name="EOF", content="$x\n", expands=False)]),
        ('RUN cat <<"E F" > /x\n\nE F\n', [HereDocument(name="E F", content="\n", expands=False)]),
        ("RUN 3<<EOF cat\nEOF\n", [HereDocument(name="EOF", content="")]),
        ("ONBUILD RUN <<EOF\nx\nEOF\n", [HereDocument(name="EOF", content="x\n")]),
        (
            "COPY <<A <<B /x\na\nA\nb\nB\n",
            [HereDocument(name="A", content="a\n"), HereDocument(name="B", content="b\n")],
        ),
        ("RUN echo <<<EOF\n", []),
        ("RUN echo a<<EOF\n", []),
        ("RUN echo '<<EOF'\n", []),
        ("RUN echo $((1 << 2))\n", []),
        ('RUN ["cat", "<<EOF"]\n', []),
        ("ENV A=<<EOF\n", []),
        ("CMD cat <<EOF\n", []),
    ],
)
def test_here_documents_belong_to_their_instruction(text: str, documents: list[HereDocument]) -> None:
    _, (found, *others) = take_apart(text + "USER 1\n", "Dockerfile")
    assert list(found.here_documents) == documents
    assert [(each.line, each.name) for each in others] == [(text.count("\n") + 1, "USER")]


@pytest.mark.parametrize(
    ("value", "flags", "rest"),
    [
        ("--from=build --chown=0:0 /a /b", (("from", "build"), ("chown", "0:0")), "/a /b"),
        ("--link a b", (("link", ""),), "a b"),
        (
            "--mount=type=bind,from='a b' --network=none x --y",
            (("mount", "type=bind,from=a b"), ("network", "none")),
            "x --y",
        ),
        ("-- --from=x a", (), "--from=x a"),
        ("a --from=b", (), "a --from=b"),
        ("", (), ""),
    ],
)
def test_flags_stand_ahead_of_the_rest(value: str, flags: tuple[tuple[str, str], ...], rest: str) -> None:
    found = Instruction(line=1, name="COPY", value=value)
    assert (found.flags, found.rest) == (flags, rest)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ('["a", "b c"]', ("a", "b c")),
        ("[]", ()),
        ("a b", None),
        ("['a']", None),
        ("[1]", None),
        ("[" * 100_000, None),
    ],
)
def test_the_exec_form_is_an_array_of_strings(value: str, words: tuple[str, ...] | None) -> None:
    assert Instruction(line=1, name="CMD", value=value).exec_form == words


def test_onbuild_holds_an_instruction() -> None:
    (found,) = take_apart("ONBUILD copy --from=x a b\n", "Dockerfile")[1]
    assert found.triggered == Instruction(line=1, name="COPY", value="--from=x a b")
    assert Instruction(line=1, name="ONBUILD", value="").triggered is None
    assert Instruction(line=1, name="RUN", value="x").triggered is None


WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="\n\r\\#`<\"'[\ufeff", exclude_categories=("Z", "C")), min_size=1
)
VALUES = st.lists(WORDS, min_size=1, max_size=5)
ENDS = st.sampled_from(["EOF", "end_of", "X"])


@st.composite
def instructions(draw: st.DrawFn) -> tuple[str, list[str], list[HereDocument]]:
    name = draw(st.sampled_from(["RUN", "COPY", "ADD", "USER", "ENV", "LABEL", "CMD", "EXPOSE"]))
    documents = []
    if name in {"RUN", "COPY", "ADD"}:
        for end in draw(st.lists(ENDS, max_size=2)):
            lines = draw(st.lists(WORDS.filter(lambda line: line not in {"EOF", "end_of", "X"}), max_size=3))
            documents.append(HereDocument(name=end, content="".join(f"{line}\n" for line in lines)))
    return name, draw(VALUES), documents


@settings(max_examples=200, deadline=None)
@given(st.lists(instructions(), max_size=8), st.sampled_from("\\`"), st.sampled_from(["\n", "\r\n"]), st.data())
def test_what_is_written_out_is_read_back(
    model: list[tuple[str, list[str], list[HereDocument]]], escape: str, end: str, data: st.DataObject
) -> None:
    lines = [f"# escape={escape}", "FROM scratch"]
    expected = [("FROM", ["scratch"], [], 2)]
    for name, words, documents in model:
        line = len(lines) + 1
        opened = [f"<<{each.name}" for each in documents]
        text = [name, *words, *opened]
        for word in text[:-1]:
            lines.append(word + " " + escape)
            if data.draw(st.booleans()):
                lines += data.draw(st.sampled_from([["# comment"], [""], ["  # a", ""]]))
        lines.append(text[-1])
        for each in documents:
            lines += [*each.content.split("\n")[:-1], each.name]
        expected.append((name, [*words, *opened], documents, line))
    found = parse_dockerfile(end.join(lines), "Dockerfile").instructions
    assert [(each.name, each.value.split(), list(each.here_documents), each.line) for each in found] == expected


SCRAPS = ("FROM ", "ARG A=", "$", "${", "}", "'", '"', "\\", "\n", "a", "ENV ", "<<E", ":-", " AS ", "COPY --from=")


@settings(max_examples=500, deadline=None)
@given(st.text() | st.lists(st.sampled_from(SCRAPS)).map("".join))
def test_no_text_makes_it_stumble(text: str) -> None:
    try:
        found = parse_dockerfile(text, "Dockerfile")
    except ObservationError:
        return
    stages = found.stages({})
    for stage in stages.all:
        assert effects_of(stages, stages.chain(stage)).program
        assert stages.origin(stage)

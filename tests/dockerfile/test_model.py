"""Where things stand in a Dockerfile."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.dockerfile import Dockerfile, read_dockerfile
from exitgate.errors import ObservationError

STAGED = """\
# syntax=docker/dockerfile:1
ARG NODE=node:22
ARG RUNTIME="gcr.example/distroless:nonroot"
ARG EMPTY
FROM --platform=$BUILDPLATFORM ${NODE} AS Build
WORKDIR /app
RUN npm ci && \\
    # a comment in between
    npm run build
USER node

FROM scratch as files
COPY . /

from $RUNTIME
COPY --from=build /app /app
USER 10001:10001
HEALTHCHECK CMD ["/check"]
USER 10002
"""


def read(folder: Path, text: str | bytes) -> Dockerfile:
    (folder / "Dockerfile").write_bytes(text.encode() if isinstance(text, str) else text)
    return read_dockerfile(folder, "Dockerfile")


def test_each_instruction_stands_at_its_first_line_under_its_name_in_capitals(tmp_path: Path) -> None:
    rows = [(each.line, each.name) for each in read(tmp_path, STAGED).instructions]
    assert rows == [
        (2, "ARG"),
        (3, "ARG"),
        (4, "ARG"),
        (5, "FROM"),
        (6, "WORKDIR"),
        (7, "RUN"),
        (10, "USER"),
        (12, "FROM"),
        (13, "COPY"),
        (15, "FROM"),
        (16, "COPY"),
        (17, "USER"),
        (18, "HEALTHCHECK"),
        (19, "USER"),
    ]


def test_base_images_are_resolved_with_defaults_and_come_from_outside_alone(tmp_path: Path) -> None:
    found = read(tmp_path, STAGED).base_images({})
    assert found == ((5, "node:22"), (15, "gcr.example/distroless:nonroot"))


def test_a_build_argument_takes_the_place_of_its_default(tmp_path: Path) -> None:
    found = read(tmp_path, STAGED).base_images({"NODE": "node:24", "OTHER": "x"})
    assert found[0] == (5, "node:24")
    assert found[1] == (15, "gcr.example/distroless:nonroot")


@pytest.mark.parametrize(
    ("reference", "resolved"),
    [
        ("node:22", "node:22"),
        ("${NODE}", "node:22"),
        ("$NODE", "node:22"),
        ("${NODE:-other:1}", "node:22"),
        ("${NONE:-other:1}", "other:1"),
        ("${NONE-other:1}", "other:1"),
        ("${NODE}-slim", "node:22-slim"),
        ("registry:5000/$NODE", "registry:5000/node:22"),
        ("node@sha256:" + "0" * 64, "node@sha256:" + "0" * 64),
    ],
)
def test_a_reference_is_resolved_as_the_builder_does(tmp_path: Path, reference: str, resolved: str) -> None:
    assert read(tmp_path, f"ARG NODE=node:22\nFROM {reference}\n").base_images({}) == ((2, resolved),)


def test_a_stage_is_no_image_whatever_its_case_but_only_from_its_definition_on(tmp_path: Path) -> None:
    text = "FROM build\nFROM node AS Build\nFROM BUILD AS test\nFROM test\n"
    assert read(tmp_path, text).base_images({}) == ((1, "build"), (2, "node"))


def test_an_image_that_is_used_twice_is_named_twice(tmp_path: Path) -> None:
    assert read(tmp_path, "FROM node\nFROM node\n").base_images({}) == ((1, "node"), (2, "node"))


def test_an_argument_that_is_declared_in_a_stage_is_no_default(tmp_path: Path) -> None:
    assert read(tmp_path, "ARG A=1\nFROM node\nARG B=2\n").defaults == {"A": "1"}


def test_an_argument_with_an_open_quote_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ObservationError):
        read(tmp_path, "ARG NOTE=it's\nFROM node\n")


def test_one_line_may_declare_several_arguments(tmp_path: Path) -> None:
    found = read(tmp_path, "ARG NODE=node:22 RUNTIME=distroless\nFROM $NODE\nFROM $RUNTIME\n")
    assert found.base_images({}) == ((2, "node:22"), (3, "distroless"))


@pytest.mark.parametrize(
    ("stage", "first", "last"),
    [(None, 15, 19), ("build", 5, 10), ("Build", 5, 10), ("files", 12, 13), ("nowhere", 15, 19)],
)
def test_the_deployed_stage_is_the_last_one_unless_one_is_named(
    tmp_path: Path, stage: str | None, first: int, last: int
) -> None:
    own = read(tmp_path, STAGED).deployed(stage)
    assert own[0].name == "FROM"
    assert (own[0].line, own[-1].line) == (first, last)


def test_an_image_named_like_the_stage_is_not_taken_for_it(tmp_path: Path) -> None:
    own = read(tmp_path, "FROM node AS web\nUSER 1\nFROM web\nUSER 2\n").deployed("web")
    assert [each.line for each in own] == [1, 2]


@pytest.mark.parametrize(
    ("name", "stage", "line"),
    [
        ("USER", None, 19),
        ("HEALTHCHECK", None, 18),
        ("USER", "build", 10),
        ("HEALTHCHECK", "build", 5),
        ("USER", "files", 12),
        ("CMD", None, 15),
    ],
)
def test_an_instruction_is_located_at_its_last_place_in_the_stage_else_at_the_stage(
    tmp_path: Path, name: str, stage: str | None, line: int
) -> None:
    assert read(tmp_path, STAGED).locate(name, stage) == f"Dockerfile:{line}"


def test_without_any_stage_all_is_located_in_the_first_line() -> None:
    empty = Dockerfile(path="x/Dockerfile", defaults={}, instructions=())
    assert empty.deployed(None) == ()
    assert empty.locate("USER") == "x/Dockerfile:1"


def test_lines_of_a_here_document_are_no_instructions(tmp_path: Path) -> None:
    text = "FROM node\nRUN python3 <<EOF\nfrom os import sep\nEOF\nCOPY <<CONF /etc/nginx.conf\nuser nginx;\nCONF\nUSER 10001\n"
    read_back = read(tmp_path, text)
    assert read_back.base_images({}) == ((1, "node"),)
    assert [each.line for each in read_back.instructions if each.name == "USER"] == [8]


def test_a_dockerfile_below_a_folder_keeps_its_path(tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "Dockerfile.prod").write_text("FROM node\n", encoding="utf-8")
    found = read_dockerfile(tmp_path, "apps/Dockerfile.prod")
    assert found.locate("USER") == "apps/Dockerfile.prod:1"


def test_a_dockerfile_is_read_and_left_as_it_is(tmp_path: Path) -> None:
    read(tmp_path, STAGED)
    assert (tmp_path / "Dockerfile").read_text(encoding="utf-8") == STAGED
    assert len(list(tmp_path.iterdir())) == 1


def test_lines_that_end_as_on_windows_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "FROM node\r\nUSER 1\r\n").locate("USER") == "Dockerfile:2"


def test_a_dockerfile_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match="can't be read"):
        read_dockerfile(tmp_path, "Dockerfile")


def test_a_dockerfile_that_is_not_utf_8_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match="can't be read"):
        read(tmp_path, b"FROM node # \xff\n")


@pytest.mark.parametrize("text", ["", "# nothing\n", "USER 10001\n", "{}\n"])
def test_a_file_without_a_stage_is_no_dockerfile(tmp_path: Path, text: str) -> None:
    with pytest.raises(ObservationError, match="no FROM"):
        read(tmp_path, text)

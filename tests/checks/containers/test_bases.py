"""Rules on the images that deployed ones are made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from exitgate.checks.containers import foreign_bases, undeclared_bases
from exitgate.dockerfile import parse_dockerfile
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from exitgate.target import load_target
from tests.checks.containers.builders import policy
from tests.target_folder import SOUND, place

GOOD = "sha256:" + "0a" * 32
NEXT = "sha256:" + "0b" * 32
LISTED = [
    {"repository": "gcr.io/distroless/nodejs22", "tag": "nonroot*", "digests": [GOOD]},
    {"repository": "node", "tag": "22-*", "digests": [NEXT]},
]
BASE = f"gcr.io/distroless/nodejs22:nonroot@{GOOD}"


def judge(*lines: str, stage: str | None = None, **build_args: str) -> list[Finding]:
    return foreign_bases(parse_dockerfile("\n".join(lines), "Dockerfile"), policy(base_image=LISTED), build_args, stage)


@pytest.mark.parametrize(
    "lines",
    [
        (f"FROM {BASE}",),
        (f"FROM gcr.io/distroless/nodejs22@{GOOD}",),
        (f"FROM gcr.io/distroless/nodejs22:nonroot-amd64@{GOOD}",),
        (f"FROM docker.io/library/node:22-slim@{NEXT}",),
        (f"FROM index.docker.io/node@{NEXT}",),
        (f"ARG BASE={BASE}", "FROM $BASE"),
        ("FROM whatever AS build", "RUN x", f"FROM {BASE}", "COPY --from=build /app /usr/local/bin/app /"),
        (f"FROM {BASE} AS build", "RUN x", f"FROM {BASE}", "COPY --from=build / /"),
        (f"FROM {BASE} AS base", "FROM base AS run", "FROM run"),
        ("FROM scratch",),
        ("FROM scratch AS x", "FROM x"),
        (f"FROM {BASE}", f"COPY --from=node:22-slim@{NEXT} /a /b"),
        (f"FROM {BASE}", f"RUN --mount=from=node@{NEXT},target=/x y"),
    ],
)
def test_what_is_listed_is_no_finding(lines: tuple[str, ...]) -> None:
    assert judge(*lines) == []


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (("FROM gcr.io/distroless/nodejs22:nonroot",), 1, "the base image of the deployed stage has no digest"),
        ((f"FROM {BASE.replace(GOOD, NEXT)}",), 1, "has a digest that the policy does not list"),
        ((f"FROM gcr.io/distroless/nodejs22:debug@{GOOD}",), 1, "has the tag debug"),
        ((f"FROM alpine@{'sha256:' + '1' * 64}",), 1, "from a repository that the policy does not list: alpine"),
        ((f"FROM mirror.example/node@{GOOD}",), 1, "its digest is on the list, of gcr.io/distroless/nodejs22"),
        (("ARG BASE", "FROM $BASE"), 2, "can't be told from the Dockerfile"),
        (("FROM ${BASE#x}",), 1, "can't be told from the Dockerfile"),
        (("FROM Node:22",), 1, "has no valid name"),
        (("FROM node AS base", f"FROM {BASE} AS other", "FROM base"), 1, "has no digest"),
        ((f"FROM {BASE}", "COPY --from=busybox /a /b"), 2, "an image from which the deployed stage copies is from"),
        (
            (f"FROM {BASE}", "RUN --mount=from=busybox,target=/x y"),
            2,
            "an image that the deployed stage mounts is from",
        ),
        ((f"FROM {BASE}", "COPY --from=$X /a /b"), 2, "an image from which the deployed stage copies can't be told"),
        ((f"FROM {BASE}", "ONBUILD COPY --from=busybox /a /b"), 2, "an image from which the deployed stage copies"),
        (
            ("FROM busybox AS b", "RUN x", f"FROM {BASE}", "COPY --from=b / /"),
            4,
            "the image of a stage whose / the deployed stage takes whole is from a repository",
        ),
        (
            ("FROM busybox AS b", "RUN x", f"FROM {BASE}", "COPY --from=b /usr/lib/* /usr/lib/"),
            4,
            "whose /usr/lib the deployed stage takes whole is from a repository",
        ),
        (
            (
                "FROM busybox AS a",
                "RUN x",
                "FROM scratch AS b",
                "COPY --from=a / /",
                f"FROM {BASE}",
                "COPY --from=b . /",
            ),
            4,
            "whose / the deployed stage takes whole is from a repository",
        ),
        (
            ("FROM busybox AS b", f"FROM {BASE}", "COPY --from=b /a /b"),
            3,
            "an image from which the deployed stage copies",
        ),
        (
            (f"FROM {BASE} AS a", "COPY --from=busybox /a /b", "FROM a"),
            2,
            "an image from which the deployed stage copies",
        ),
    ],
)
def test_what_is_not_listed_is_a_finding_where_it_stands(lines: tuple[str, ...], line: int, message: str) -> None:
    (finding,) = judge(*lines)
    assert finding.location == f"Dockerfile:{line}"
    assert message in finding.message


def test_a_reference_that_is_written_by_a_variable_is_shown_both_ways() -> None:
    (finding,) = judge("ARG BASE=alpine:3", "FROM ${BASE}")
    assert finding.got == "alpine:3, written ${BASE}"


def test_build_arguments_of_the_target_are_heeded() -> None:
    assert judge("ARG BASE=alpine:3", "FROM $BASE", BASE=BASE) == []
    assert len(judge(f"ARG BASE={BASE}", "FROM $BASE", BASE="alpine:3")) == 1


def test_the_stage_that_is_named_is_the_one_that_is_judged() -> None:
    lines = (f"FROM {BASE} AS run", "FROM alpine AS test")
    assert judge(*lines, stage="run") == []
    assert len(judge(*lines)) == 1
    with pytest.raises(ObservationError, match="no stage nowhere"):
        judge(*lines, stage="nowhere")


def test_every_image_has_a_finding_of_its_own() -> None:
    found = judge("FROM alpine", "COPY --from=busybox /a /b", "COPY --from=busybox /c /d")
    assert [each.location for each in found] == ["Dockerfile:1", "Dockerfile:2", "Dockerfile:3"]


def test_what_each_builder_chooses_for_itself_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="TARGETARCH is set by the builder"):
        judge("FROM node-$TARGETARCH")
    assert len(judge("FROM node-$TARGETARCH", "COPY --from=busybox /a /b")) == 1
    assert len(judge("FROM node-$TARGETARCH", TARGETARCH="arm64")) == 1


def test_without_a_list_nothing_is_judged() -> None:
    with pytest.raises(PrerequisiteMissing) as caught:
        foreign_bases(parse_dockerfile(f"FROM {BASE}", "Dockerfile"), policy(), {})
    assert caught.value.blocked_by == "3.2.A.1"


LIST = f'\n[[policy.containers.base_image]]\nrepository = "node"\ntag = "22"\ndigests = ["{GOOD}"]\n'


@pytest.mark.parametrize(
    ("text", "got"),
    [
        (SOUND + LIST, None),
        (SOUND, "[policy.containers] without one"),
        (SOUND.partition("[policy.")[0], "no such table"),
    ],
)
def test_base_images_have_to_be_listed(tmp_path: Path, text: str, got: str | None) -> None:
    found = undeclared_bases(load_target(place(tmp_path, text)))
    assert [each.got for each in found] == ([got] if got else [])
    assert all(each.location.startswith("exitgate.toml:") for each in found)


@pytest.mark.parametrize("syntax", ["docker/dockerfile:1", "mirror.example/docker/dockerfile-upstream:1.9", ""])
def test_dockers_own_frontend_may_read_the_file(syntax: str) -> None:
    assert judge(f"# syntax={syntax}" if syntax else "# a comment", f"FROM {BASE}") == []


def test_another_frontend_is_a_finding_whether_the_file_or_the_target_names_it() -> None:
    (finding,) = judge("# syntax=evil.example/frontend:1", f"FROM {BASE}")
    assert (finding.location, finding.got) == ("Dockerfile:1", "evil.example/frontend:1")
    (given,) = judge("# syntax=docker/dockerfile:1", f"FROM {BASE}", BUILDKIT_SYNTAX="evil.example/frontend")
    assert given.got == "evil.example/frontend"

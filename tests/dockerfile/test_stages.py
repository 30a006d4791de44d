"""Stages: where they come from, what they take, and what they leave behind."""

from __future__ import annotations

import pytest

from exitgate.dockerfile import Dockerfile, Effects, ImageUse, Stages, effects_of, parse_dockerfile
from exitgate.errors import ObservationError


def parse(*lines: str) -> Dockerfile:
    return parse_dockerfile("\n".join(lines), "Dockerfile")


def stages(*lines: str, **build_args: str) -> Stages:
    return parse(*lines).stages(build_args)


def base(*lines: str, **build_args: str) -> ImageUse:
    found = stages(*lines, **build_args)
    return found.origin(found.all[-1])


def effects(*lines: str, **build_args: str) -> Effects:
    found = stages(*lines, **build_args)
    return effects_of(found, found.deployed_chain(None))


def test_a_stage_tells_all_that_its_from_says() -> None:
    (first, second) = stages("FROM --platform=$BUILDPLATFORM node:22 AS Build", "RUN x", "FROM scratch").all
    assert (first.index, first.name, first.line, first.platform, first.parent) == (
        0,
        "build",
        1,
        "$BUILDPLATFORM",
        None,
    )
    assert first.image == ImageUse(line=1, how="FROM", written="node:22", text="node:22")
    assert [each.name for each in first.instructions] == ["FROM", "RUN"]
    assert (second.name, second.label, second.changes_files) == ("", "stage 1", False)
    assert second.image
    assert second.image.is_scratch


def test_a_chain_leads_to_the_image_that_it_starts_from() -> None:
    found = stages("FROM node AS base", "FROM base AS build", "FROM BASE AS run", "FROM run")
    assert [[each.index for each in found.chain(stage)] for stage in found.all] == [[0], [0, 1], [0, 2], [0, 2, 3]]
    assert found.origin(found.all[-1]).line == 1


def test_a_stage_name_stands_for_the_stage_only_after_it() -> None:
    found = stages("FROM node AS node", "FROM node", "FROM other", "FROM other AS other")
    assert [stage.parent for stage in found.all] == [None, 0, None, None]


def test_a_stage_is_named_by_a_variable() -> None:
    found = stages(
        "ARG FLAVOUR=big", "FROM a AS base-big", "FROM b AS base-small", "FROM base-$FLAVOUR", FLAVOUR="small"
    )
    assert found.all[-1].parent == 1


@pytest.mark.parametrize(
    ("lines", "build_args", "text", "unresolved"),
    [
        (("ARG A=node", "ARG B=${A}:22", "FROM $B"), {}, "node:22", ""),
        (("ARG A=node", "ARG B=${A}:22", "FROM $B"), {"A": "other"}, "other:22", ""),
        (("ARG A=node", "FROM $A"), {"A": ""}, "", "it is empty"),
        (("ARG A=", "FROM node$A"), {}, "node", ""),
        (("ARG A", "FROM $A"), {"A": "node"}, "node", ""),
        (("ARG A", "FROM $A"), {}, "", "A has no value"),
        (("ARG A", "FROM node:$A"), {}, "node:", "A has no value"),
        (("FROM $A",), {"A": "node"}, "", "A has no value"),
        (("FROM node AS x", "ARG A=1", "FROM node:$A"), {}, "node:", "A has no value"),
        (("ARG A", "ARG B=node:$A", "FROM $B"), {}, "", "B is not known: A has no value"),
        (("FROM node-$TARGETARCH",), {}, "node-", "TARGETARCH is set by the builder, each to its own"),
        (("FROM node-$TARGETARCH",), {"TARGETARCH": "arm64"}, "node-arm64", ""),
        (("ARG TARGETARCH=amd64", "FROM node-$TARGETARCH"), {}, "node-amd64", ""),
        (("ARG TARGETARCH", "FROM node-$TARGETARCH"), {}, "node-", "TARGETARCH is set by the builder, each to its own"),
        (("FROM 'node",), {}, "'node", "it has a single quote that is not closed"),
        (("FROM",), {}, "", "FROM takes an image, or an image AS a name"),
        (("FROM node as",), {}, "node", "FROM takes an image, or an image AS a name"),
        (("# escape=`", "ARG A=node", "FROM `$A"), {}, "$A", ""),
    ],
)
def test_a_reference_is_resolved_or_says_why_not(
    lines: tuple[str, ...], build_args: dict[str, str], text: str, unresolved: str
) -> None:
    found = base(*lines, **build_args)
    assert (found.text, found.unresolved) == (text, unresolved)
    assert found.builder_decides is ("set by the builder" in unresolved)


def test_an_argument_with_an_open_quote_names_its_line() -> None:
    with pytest.raises(ObservationError) as caught:
        parse("ARG A=1", 'ARG B="x', "FROM node")
    assert caught.value.subject == "Dockerfile:2"


@pytest.mark.parametrize(("name", "index"), [(None, 2), ("build", 1), ("BUILD", 1), ("0", 0)])
def test_the_deployed_stage_is_found(name: str | None, index: int) -> None:
    assert stages("FROM a AS build", "FROM b AS build", "FROM c").deployed(name).index == index


@pytest.mark.parametrize("name", ["nowhere", "3", "-1", "²"])
def test_a_deployed_stage_that_is_not_there_is_an_error(name: str) -> None:
    with pytest.raises(ObservationError, match=f"no stage {name}"):
        stages("FROM a AS build", "FROM b").deployed(name)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("COPY --from=busybox /a /b", [("busybox", "")]),
        ("COPY --from=0 /a /b", []),
        ("COPY --from=BUILD /a /b", []),
        ("COPY --from=9 /a /b", [("9", "there is no stage 9")]),
        ("COPY --from=$X /a /b", [("$X", "COPY --from takes no variables")]),
        ("COPY --from=run /a /b", [("run", "a stage can't take from itself")]),
        ("COPY --from=later /a /b", []),
        ("COPY /a /b", []),
        ("ADD --from=busybox /a /b", []),
        ("RUN --mount=type=bind,from=busybox,target=/x cp /x /y", [("busybox", "")]),
        ("RUN --mount=from=busybox,target=/x cp /x /y", [("busybox", "")]),
        ("RUN --mount=type=cache,target=/c,from=busybox x", [("busybox", "")]),
        ("RUN --mount=type=bind,from=build x", []),
        ("RUN --mount=type=secret,id=from x", []),
        ("RUN --mount=type=bind,target=/x x", []),
        ("RUN --mount=type=bind,from=$X x", [("$X", "RUN --mount takes no variables")]),
        ("RUN --mount=from=a --mount=from=b x", [("a", ""), ("b", "")]),
        ("ONBUILD COPY --from=busybox /a /b", [("busybox", "")]),
        ("COPY --from=alias /a /b", [("alpine", "")]),
        ("COPY --from=alias-of-alias /a /b", [("alpine", "")]),
    ],
)
def test_images_reach_a_chain_by_copies_and_mounts(line: str, expected: list[tuple[str, str]]) -> None:
    found = stages(
        *("FROM node AS build", "RUN x", "FROM alpine AS alias", "FROM alias AS alias-of-alias"),
        *("FROM scratch AS run", line, "FROM c AS later", "RUN x"),
    )
    images = found.images_into(found.deployed_chain("run"))
    assert [(each.text, each.unresolved) for each in images] == expected
    assert {each.line for each in images} <= {6}


def test_what_reaches_an_earlier_stage_of_the_chain_counts_and_what_reaches_another_does_not() -> None:
    found = stages("FROM a AS base", "COPY --from=x / /", "FROM a AS other", "COPY --from=y / /", "FROM base")
    assert [each.text for each in found.images_into(found.deployed_chain(None))] == ["x"]


@pytest.mark.parametrize(
    ("lines", "destination", "into_folder"),
    [
        (("FROM a", "COPY x /app/"), "/app", True),
        (("FROM a", "COPY x /app"), "/app", False),
        (("FROM a", "COPY x y /app"), "/app", True),
        (("FROM a", "COPY x //app/../b/"), "/b", True),
        (("FROM a", "WORKDIR /app", "COPY x ."), "/app", True),
        (("FROM a", "WORKDIR /app", "WORKDIR src", "COPY x ./y"), "/app/src/y", False),
        (("FROM scratch", "COPY x y"), "/y", False),
        (("FROM a", "COPY x y"), "/<the base image's working folder>/y", False),
        (("FROM a", "ENV D=/srv", "COPY x $D/y"), "/srv/y", False),
        (("FROM a", "ARG D=/srv", "COPY x $D/y"), "/srv/y", False),
        (("FROM a", "ARG D=/srv", "ENV D=/env", "ARG D=/late", "COPY x $D/y"), "/env/y", False),
        (("ARG D=/outer", "FROM a", "ARG D", "COPY x $D/y"), "/outer/y", False),
        (("ARG D=/outer", "FROM a", "COPY x $D/y"), "", False),
        (("FROM a AS b", "WORKDIR /app", "ENV D=/srv", "FROM b", "COPY x $D/y"), "/srv/y", False),
        (("FROM a", "WORKDIR $HOME/x", "COPY x y"), "/<$HOME/x>/y", False),
        (("FROM a", "COPY x $HOME/y"), "", False),
        (("FROM a", "ENV A=/a B=$A", "COPY x $B"), "", False),
        (("FROM scratch", "ENV A=/a B=$A/b", "ENV C=$A/c", "COPY x $C"), "/a/c", False),
        (("FROM a", "ENV OLD form", "COPY x /$OLD"), "/form", False),
        (("FROM a", 'COPY ["a b", "/c d/"]'), "/c d", True),
    ],
)
def test_a_copy_has_a_destination(lines: tuple[str, ...], destination: str, into_folder: bool) -> None:
    (copy,) = effects(*lines).copies
    assert (copy.destination, copy.into_folder) == (destination, into_folder)
    assert bool(copy.unresolved) is not bool(destination)


def test_a_copy_tells_its_source() -> None:
    found = effects("FROM a AS build", "FROM b", "COPY --from=build /x /y", "COPY x /", "COPY --from=c /x /z")
    assert [(each.line, each.source.stage, each.sources) for each in found.copies] == [
        (3, 0, ("/x",)),
        (4, None, ("x",)),
        (5, None, ("/x",)),
    ]
    image = found.copies[2].source.image
    assert image
    assert image.text == "c"


def test_a_copy_without_a_destination_is_none() -> None:
    assert effects("FROM a", "COPY x").copies == ()


@pytest.mark.parametrize(
    ("lines", "entrypoint", "command"),
    [
        (("FROM a",), None, None),
        (("FROM a", 'CMD ["x"]'), None, (("x",), False)),
        (("FROM a", "CMD x y"), None, (("x y",), True)),
        (("FROM a", 'ENTRYPOINT ["e"]', 'CMD ["x"]'), (("e",), False), (("x",), False)),
        (("FROM a", 'CMD ["x"]', 'ENTRYPOINT ["e"]'), (("e",), False), (("x",), False)),
        (("FROM a AS b", 'CMD ["x"]', "FROM b", 'ENTRYPOINT ["e"]'), (("e",), False), None),
        (("FROM a AS b", 'ENTRYPOINT ["e"]', "FROM b", 'CMD ["x"]'), (("e",), False), (("x",), False)),
        (("FROM a", 'ENTRYPOINT ["e"]', "ENTRYPOINT []"), ((), False), None),
        (("FROM a AS b", 'CMD ["x"]', "FROM c"), None, None),
    ],
)
def test_the_program_is_what_the_chain_leaves(lines: tuple[str, ...], entrypoint: object, command: object) -> None:
    found = effects(*lines).program
    assert [each and (each.words, each.in_shell) for each in (found.entrypoint, found.command)] == [entrypoint, command]


def test_a_program_is_started_where_workdir_says_and_looked_for_where_path_says() -> None:
    found = effects("FROM scratch", "ENV PATH=/opt/bin:/bin", "WORKDIR app").program
    assert (found.working_directory, found.search_path) == ("/app", ("/opt/bin", "/bin"))


def test_ten_thousand_lines_of_stages_are_all_there() -> None:
    lines = [f"FROM s{number} AS s{number + 1}\nCOPY --from=s{number} /a /b" for number in range(5000)]
    found = stages(*lines)
    assert len(found.all) == 5000
    assert len(found.chain(found.all[-1])) == 5000

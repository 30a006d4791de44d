"""Whether stages differ in what they hold."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exitgate.checks.containers import undivided_contents
from exitgate.dockerfile import parse_dockerfile
from exitgate.errors import ObservationError
from exitgate.finding import Finding
from exitgate.observe.built_stages import BuiltStage, read_built_stages, sources_of
from exitgate.observe.image import image_facts
from exitgate.settings import ContainerSettings
from exitgate.target import Workload
from tests.checks.containers.builders import build, dockerfile
from tests.observe.archives import Member, archive, contents, member

ELF = b"\x7fELF\x02"
MAIN = member("app/main.js", b"the program")
WORKLOAD = Workload.model_construct(name="orders", stage=None, build_args={})
NO_SOURCE = parse_dockerfile("FROM scratch", "D")
BUILT = (member("usr/bin/npm", b"x", mode=0o755), member("image/app/main.js", b"the program"))


def judge(
    deployed: tuple[Member, ...], *stages: tuple[Member, ...], settings: dict[str, Any] | None = None, **config: Any
) -> list[Finding]:
    seen = contents(archive(*deployed), **{"Entrypoint": ["/bin/node", "main.js"], "WorkingDir": "/app", **config})
    built = tuple(
        BuiltStage(label=f"stage {index}", line=index, contents=contents(archive(*each)))
        for index, each in enumerate(stages)
    )
    observed = read_built_stages(
        WORKLOAD, NO_SOURCE, image_facts(seen), ContainerSettings(**(settings or {})), lambda _: build(), lambda _: seen
    )
    return undivided_contents(seen, replace(observed, stages=built), dockerfile(), None)


def test_a_program_that_an_earlier_stage_made_with_tools_of_its_own_has_no_finding() -> None:
    assert judge((MAIN,), BUILT) == []
    assert judge((MAIN,), (member("x", b"y"),), BUILT) == []


def test_without_an_earlier_stage_there_is_a_finding() -> None:
    (finding,) = judge((MAIN,))
    assert finding.message == "the deployed stage copies from no other stage"


def test_a_deployed_stage_with_all_tools_of_the_build_is_a_finding_wherever_they_lie() -> None:
    for place in ("usr/bin/npm", "everything/usr/bin/npm"):
        (finding,) = judge((MAIN, member(place, b"x", mode=0o755)), BUILT)
        assert "holds every build tool" in finding.message
        assert finding.got == "npm"
    gcc = member("usr/bin/gcc", ELF, mode=0o755)
    assert judge((MAIN, member("usr/bin/npm", b"x")), (*BUILT, gcc)) == []


def test_an_earlier_stage_without_tools_is_a_finding() -> None:
    (finding,) = judge((MAIN,), (member("image/app/main.js", b"the program"),))
    assert finding.got == "no build tool in any of them"


def test_a_program_that_no_earlier_stage_made_is_a_finding() -> None:
    (finding,) = judge((member("app/main.js", b"another program"), member("app/x", b"the program")), BUILT)
    assert finding.message == "the deployed stage runs nothing that a stage before it made"
    assert finding.got == "/app/main.js"


@pytest.mark.parametrize(
    ("config", "settings"),
    [
        ({"Entrypoint": ["node", "/app/main.js"]}, {}),
        ({"Entrypoint": ["node", "main"]}, {}),
        ({"Entrypoint": None, "Cmd": ["/bin/sh", "-c", "exec node main.js"]}, {}),
        ({"Entrypoint": ["node"], "Cmd": ["main.js"]}, {}),
        ({"Entrypoint": ["node", "other.js"]}, {"command": ("main.js",)}),
        ({"Entrypoint": ["other"]}, {"entrypoint": ("node", "main.js")}),
        ({"WorkingDir": "/"}, {"working_directory": "/app"}),
    ],
)
def test_the_program_is_what_the_command_names_in_any_form(config: dict[str, Any], settings: dict[str, Any]) -> None:
    stranger = (member("app/main.js", b"another program"), member("app/data", b"the program"))
    (finding,) = judge(stranger, BUILT, settings=settings, **config)
    assert finding.got == "/app/main.js"


def test_of_a_server_of_the_base_image_the_files_that_it_serves_count() -> None:
    assert judge((member("site/index.html", b"the program"),), BUILT, Entrypoint=["nginx"]) == []
    (finding,) = judge((member("site/index.html", b"other"),), BUILT, Entrypoint=["nginx"])
    assert finding.got == "no file of its own"


FILE = parse_dockerfile(
    "FROM node:22 AS tools\nRUN a\nFROM node:22\nCOPY --from=tools /a /a\nFROM base:1 AS run\nCOPY --from=1 /a /a\nCOPY x /x\n",
    "D",
)


def test_stages_that_are_copied_from_are_built_by_name_or_number() -> None:
    assert [each.index for each in sources_of(FILE, {}, None)] == [1]
    assert [each.index for each in sources_of(FILE, {}, "tools")] == []
    asked: list[str] = []

    def make(stage: str) -> Any:
        asked.append(stage)
        return build()

    image = image_facts(contents(archive(MAIN)))
    read = read_built_stages(WORKLOAD, FILE, image, ContainerSettings(), make, lambda _: contents(archive(MAIN)))
    assert (asked, [(each.label, each.line) for each in read.stages]) == (["1"], [("stage 1", 3)])


def test_a_stage_that_does_not_build_alone_is_an_error() -> None:
    failed = build(image_id="", failure="it broke", failed_at="D:1")
    image = image_facts(contents(archive(MAIN)))
    with pytest.raises(ObservationError, match="stage 1 does not build alone: it broke"):
        read_built_stages(WORKLOAD, FILE, image, ContainerSettings(), lambda _: failed, lambda _: contents(archive()))

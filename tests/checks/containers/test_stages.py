"""The rule that what is deployed was built in a stage of its own."""

from __future__ import annotations

import pytest

from exitgate.checks.containers import undivided_builds
from exitgate.dockerfile import parse_dockerfile
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.finding import Finding
from tests.checks.containers.builders import task

BUILD = ("FROM node:22 AS build", "WORKDIR /app", "COPY . .", "RUN npm ci && npm run build")
RUN = ("FROM distroless", "COPY --from=build /app/dist /app/dist")


def judge(*lines: str, stage: str | None = None, **settings: object) -> list[Finding]:
    return undivided_builds(parse_dockerfile("\n".join(lines), "Dockerfile"), task(**settings), {}, stage)


def test_a_program_that_is_copied_from_a_stage_that_built_it_is_no_finding() -> None:
    assert judge(*BUILD, *RUN, 'CMD ["/app/dist/main.js"]') == []


def test_a_single_stage_is_a_finding() -> None:
    (finding,) = judge(*BUILD, 'CMD ["node", "dist/main.js"]')
    assert (finding.location, finding.message[:36]) == ("Dockerfile:1", "the Dockerfile has a single stage, w")


def test_a_stage_of_a_single_one_that_is_not_there_is_an_error() -> None:
    with pytest.raises(ObservationError):
        judge("FROM scratch", stage="run")


def test_the_stage_that_is_named_is_judged() -> None:
    lines = (
        *BUILD,
        "FROM distroless AS run",
        "COPY --from=build /app/dist /app/dist",
        'CMD ["/app/dist/x"]',
        "FROM build AS test",
    )
    assert judge(*lines, stage="run") == []
    assert "starts from stage build" in judge(*lines)[0].message


def test_the_task_definitions_own_command_goes_before_the_images() -> None:
    lines = (*BUILD, *RUN, "COPY start.sh /start.sh", 'CMD ["/app/dist/main.js"]')
    assert judge(*lines) == []
    with pytest.raises(PrerequisiteMissing, match="of which nothing tells what it starts"):
        judge(*lines, command=("/start.sh",))
    assert judge(*lines, entrypoint=("node",), command=("main.js",), working_directory="/app/dist") == []
    with pytest.raises(PrerequisiteMissing) as caught:
        judge(*lines, entrypoint=("node",))
    assert caught.value.subject.startswith("task.json:")


def test_a_program_that_the_base_image_decides_is_not_assessed() -> None:
    with pytest.raises(PrerequisiteMissing, match="neither ENTRYPOINT nor CMD"):
        judge(*BUILD, *RUN)


def test_later_copies_over_the_same_path_count() -> None:
    (finding,) = judge(*BUILD, *RUN, "COPY dist /app/dist", 'CMD ["/app/dist/main.js"]')
    assert finding.location == "Dockerfile:7"
    assert judge(*BUILD, "FROM a", "COPY dist /app/dist", RUN[1], 'CMD ["/app/dist/main.js"]') == []

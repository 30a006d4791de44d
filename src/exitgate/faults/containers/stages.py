"""Faults of 3.2.B.1.1: Dockerfiles that build and deploy in one, or have stages in form alone."""

from __future__ import annotations

from exitgate.dockerfile import Stage
from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite, Inject
from exitgate.observe.built_stages import sources_of

_CONTROL = "3.2.B.1.1"
_COMMITTED = "prebuilt"
_BUILD = "build_in_form"
_SERVER = (
    'const server = require("node:http").createServer((request, response) => response.end("ok")).listen({port}, "0.0.0.0");\n'
    'process.on("SIGTERM", () => {{ server.close(); server.closeAllConnections(); }});\n'
)
_HEALTH = (
    'require("node:http").get("http://127.0.0.1:{port}{path}", {{ timeout: 800 }}, (r) => process.exit(r.statusCode - 200))'
    '.on("timeout", () => process.exit(1)).on("error", () => process.exit(1));\n'
)

_ALL_OF_THE_BUILD = ("3.2.A.2", "3.2.A.3", "3.2.B.1.2", "3.2.B.1.3", "3.2.C.2")
"""What an image that ships its build may turn red too: privileges, size, tools, packages of development, findings of a scan."""


def _deployed(site: FaultSite) -> tuple[Stage, list[str], list[str]]:
    """Return the deployed stage, the Dockerfile's lines ahead of the first stage, and the deployed stage's own lines."""
    stages = site.dockerfile.stages(site.workload.build_args)
    stage = stages.deployed(site.workload.stage)
    if stage is not stages.all[-1] or len(stages.all) == 1:
        raise TargetError(
            site.workload.dockerfile,
            got="a deployed stage that is not the last of several",
            expected="one that a fault can do without",
            action="Prove the gate on a target that has one, e.g. the reference.",
        )
    lines = (site.root / site.workload.dockerfile).read_text(encoding="utf-8").splitlines()
    return stage, lines[: stages.all[0].line - 1], lines[stage.line - 1 :]


def _write(site: FaultSite, *lines: str) -> None:
    (site.root / site.workload.dockerfile).write_text("\n".join(lines) + "\n", encoding="utf-8")


def _commit_the_program(site: FaultSite) -> str:
    """Commit a program that needs no build, with a health check beside it; return the instruction that copies both."""
    folder, _, main = site.entrypoint[-1].rpartition("/")
    port, path = site.workload.port, site.workload.health_path
    committed = site.root / site.workload.context / _COMMITTED
    committed.mkdir()
    (committed / main).write_text(_SERVER.format(port=port), encoding="utf-8")
    (committed / "healthcheck.js").write_text(_HEALTH.format(port=port, path=path), encoding="utf-8")
    (committed / "package.json").write_text('{"type": "commonjs"}\n', encoding="utf-8")
    ignore = site.root / site.workload.context / ".dockerignore"
    if ignore.is_file():
        ignore.write_text(ignore.read_text(encoding="utf-8") + f"!{_COMMITTED}\n", encoding="utf-8")
    return f"COPY {_COMMITTED} {folder}/"


def _without_copies(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("COPY --from")]


def _single_stage(site: FaultSite) -> None:
    _, head, own = _deployed(site)
    _write(site, *head, *_without_copies(own), _commit_the_program(site))


def _stage_in_form(site: FaultSite) -> None:
    _, head, own = _deployed(site)
    _write(
        site,
        *head,
        f"FROM {_build_image(site)} AS {_BUILD}",
        'RUN ["node", "--version"]',
        *_without_copies(own),
        _commit_the_program(site),
    )


def _image_in_place_of_a_stage(site: FaultSite) -> None:
    _, head, own = _deployed(site)
    _write(
        site,
        *head,
        f"FROM {_build_image(site)} AS {_BUILD}",
        *_without_copies(own),
        f"COPY --from={_BUILD} /etc/passwd /built/passwd",
        _commit_the_program(site),
    )


def _program_from_the_context(site: FaultSite) -> None:
    site.append(_commit_the_program(site))


def _deployed_from_build(site: FaultSite) -> None:
    """Go on in the build stage, with what the deployed stage had copied in place, and the runtime's name for Node.js."""
    stages = site.dockerfile.stages(site.workload.build_args)
    stage, _, own = _deployed(site)
    node = site.entrypoint[0]
    build, done = "", []
    for instruction in stage.instructions:
        source = stages.source_of(instruction, stage)
        if source and source.stage is not None:
            build = stages.all[source.stage].name or build
            *paths, destination = instruction.words
            done += [
                f"cp -R {path}. {destination}" if path.endswith("/") else f"cp -R {path} {destination}"
                for path in paths
            ]
    done.append(f"mkdir -p {node.rpartition('/')[0]} && ln -s $(command -v node) {node}")
    lines = (site.root / site.workload.dockerfile).read_text(encoding="utf-8").splitlines()
    rest = _without_copies(own[1:])
    _write(site, *lines[: stage.line - 1], f"FROM {build}", f"RUN {' && '.join(done)}", *rest)


def _everything_copied(site: FaultSite) -> None:
    sources = sources_of(site.dockerfile, site.workload.build_args, site.workload.stage)
    if not sources:
        raise TargetError(
            site.workload.dockerfile,
            got="no stage that the deployed one copies from",
            expected="one to copy all of",
            action="Prove on another target.",
        )
    site.append(*(f"COPY --from={each.name or each.index} / /everything/{each.index}/" for each in sources))


def _build_image(site: FaultSite) -> str:
    first = site.dockerfile.stages(site.workload.build_args).all[0]
    return first.image.written if first.image else ""


def _fault(name: str, title: str, inject: Inject, message: str, *also: str) -> Fault:
    return Fault(
        id=name,
        title=title,
        control=_CONTROL,
        check="stages-declared",
        location="Dockerfile:",
        message=message,
        inject=inject,
        also=frozenset(also),
    )


FAULTS = (
    _fault("single-stage", "the Dockerfile has one stage", _single_stage, "has a single stage"),
    _fault("stage-in-form", "a first stage was added, and nothing is taken from it", _stage_in_form, "in form alone"),
    _fault(
        "image-in-place-of-a-stage",
        "the first stage makes nothing, and a file of its image is copied",
        _image_in_place_of_a_stage,
        "takes nothing from a stage that makes something",
        "3.2.A.1",
    ),
    _fault(
        "program-from-the-context",
        "the program is committed, built, and copied over the one that the build made",
        _program_from_the_context,
        "is copied from the build context",
    ),
    _fault(
        "deployed-from-build",
        "the deployed stage starts from the one that builds",
        _deployed_from_build,
        "starts from stage",
        "3.2.A.1",
        *_ALL_OF_THE_BUILD,
    ),
    Fault(
        id="everything-copied",
        title="the deployed stage copies all of the stage that builds",
        control=_CONTROL,
        check="stages-differ",
        location="Dockerfile:",
        message="holds every build tool that the stages before it hold",
        inject=_everything_copied,
        also=frozenset(_ALL_OF_THE_BUILD),
    ),
)

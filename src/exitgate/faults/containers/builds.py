"""Faults of 3.2.C.1: images that do not build from a clean clone."""

from __future__ import annotations

import json

from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite, Inject

_CONTROL = "3.2.C.1"


def _uncommitted_file(site: FaultSite) -> None:
    site.append("COPY only-on-my-machine.json /app/")


def _failing_step(site: FaultSite) -> None:
    site.add_file("/opt/generated", "node -e 'process.exit(3)'")


def _syntax_error(site: FaultSite) -> None:
    site.append("EXPOZE 3000")


def _lockfile_out_of_step(site: FaultSite) -> None:
    path = site.root / site.workload.path / "package.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    # A version that was never published: no lockfile can have it, whatever it holds of that name.
    data.setdefault("dependencies", {})["escape-html"] = "1.0.3-absent"
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _type_error(site: FaultSite) -> None:
    sources = sorted(
        path for path in (site.root / site.workload.path / "src").rglob("*.ts") if ".test." not in path.name
    )
    if not sources:
        raise TargetError(
            site.workload.path, got="no TypeScript source", expected="one to break", action="Prove on another target."
        )
    sources[0].write_text(
        sources[0].read_text(encoding="utf-8") + '\nexport const broken: number = "text";\n', encoding="utf-8"
    )


def _made_anew(path: str, *commands: str) -> Inject:
    def inject(site: FaultSite) -> None:
        site.add_file(path, "mkdir -p /opt", *commands)

    return inject


def _differing(name: str, title: str, inject: Inject, location: str, message: str) -> Fault:
    return Fault(
        id=name, title=title, control=_CONTROL, check="reproducible", location=location, message=message, inject=inject
    )


def _fault(name: str, title: str, inject: Inject) -> Fault:
    return Fault(
        id=name,
        title=title,
        control=_CONTROL,
        check="builds",
        location="Dockerfile:",
        message="does not build from a clean clone",
        inject=inject,
    )


FAULTS = (
    _fault(
        "file-not-committed",
        "the Dockerfile copies a file that was never committed",
        _uncommitted_file,
    ),
    _fault(
        "failing-step",
        "a step of the build fails",
        _failing_step,
    ),
    _fault(
        "dockerfile-syntax",
        "the Dockerfile has a typing error",
        _syntax_error,
    ),
    _fault(
        "lockfile-out-of-step",
        "package.json names a package that the lockfile does not",
        _lockfile_out_of_step,
    ),
    _fault(
        "type-error",
        "the source does not compile",
        _type_error,
    ),
    _differing(
        "time-of-build-inside",
        "the build writes its own time into a file",
        _made_anew("/opt/built-at", "date +%s%N > /opt/built-at"),
        "image:/opt/built-at",
        "differ in the content of /opt/built-at",
    ),
    _differing(
        "random-names",
        "the build gives a file a name by chance",
        _made_anew("/opt/chunks", "mkdir /opt/chunks", 'touch "/opt/chunks/$(cat /proc/sys/kernel/random/uuid).js"'),
        "image:/opt/chunks/",
        "differ in the presence of /opt/chunks/",
    ),
    _differing(
        "random-content",
        "the build writes an id by chance into a file",
        _made_anew("/opt/build-id", "cat /proc/sys/kernel/random/uuid > /opt/build-id"),
        "image:/opt/build-id",
        "differ in the content of /opt/build-id",
    ),
)

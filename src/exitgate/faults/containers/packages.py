"""Faults of 3.2.B.1.3: packages in the runtime image that only development needs, or that nobody locked."""

from __future__ import annotations

import json

from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite, Inject

_CONTROL = "3.2.B.1.3"
_INSTALL_ALL = frozenset({"3.2.A.2", "3.2.A.3", "3.2.B.1.1", "3.2.B.1.2", "3.2.C.2"})
"""What all development's tools in an image may turn red too: size, tools, binaries of no package."""


def _keep_development(site: FaultSite) -> None:
    path = site.root / site.workload.dockerfile
    text = path.read_text(encoding="utf-8")
    for word in ('"--omit=dev", ', " --omit=dev", '"--production", ', " --production", " --prod"):
        if word in text:
            path.write_text(text.replace(word, ""), encoding="utf-8")
            return
    raise TargetError(
        site.workload.dockerfile,
        got="no install that leaves development out",
        expected="one to break, e.g. npm ci --omit=dev",
        action="Prove on another target.",
    )


def _package(name: str, version: str, inside: str = "/app") -> Inject:
    def inject(site: FaultSite) -> None:
        site.add_script(f"{inside}/node_modules/{name}/package.json", json.dumps({"name": name, "version": version}))

    return inject


def _moved_away(site: FaultSite) -> None:
    """Put a package of development where no package manager looks, and Node.js does."""
    packages = json.loads((site.root / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    place, locked = next(
        (path, each) for path, each in sorted(packages.items()) if each.get("dev") and "peer" not in each
    )
    name = place.rpartition("node_modules/")[2]
    manifest = {"name": name, "version": locked["version"], "main": "index.js"}
    site.add_script(f"/app/vendor/{name}/package.json", json.dumps(manifest))
    site.add_script(f"/app/vendor/{name}/index.js", "module.exports = {};")
    site.append("ENV NODE_PATH=/app/vendor")


FAULTS = (
    Fault(
        id="development-installed",
        title="the install for the runtime image forgot to leave development out",
        control=_CONTROL,
        check="no-dev-packages",
        location="image:/app/node_modules/",
        message="which only development needs",
        inject=_keep_development,
        also=_INSTALL_ALL,
    ),
    Fault(
        id="package-by-hand",
        title="a package was put into the image that the lockfile does not know",
        control=_CONTROL,
        check="locked-versions",
        location="image:/app/node_modules/exitgate-by-hand",
        message="does not lock",
        inject=_package("exitgate-by-hand", "1.0.0"),
    ),
    Fault(
        id="package-of-another-version",
        title="a package of the image has another version than the lockfile",
        control=_CONTROL,
        check="locked-versions",
        location="image:/app/plugins/node_modules/fastify",
        message="does not lock",
        inject=_package("fastify", "5.0.0-absent", inside="/app/plugins"),
    ),
    Fault(
        id="package-moved-away",
        title="a tool of development lies outside node_modules, where NODE_PATH finds it",
        control=_CONTROL,
        check="no-dev-packages",
        location="image:/app/vendor/",
        message="which only development needs",
        inject=_moved_away,
        also=frozenset({"3.2.B.1.2", "3.2.B.1.1"}),
    ),
)

"""Faults of 3.2.C.2: what a scan of an image must not let through, and what must not hide from it."""

from __future__ import annotations

import re

from exitgate.errors import TargetError
from exitgate.faults.fault import Fault, FaultSite, Inject
from exitgate.target import CONFIGURATION_FILE

_CONTROL = "3.2.C.2"
# In two parts, so that scanners of this repository don't take it for one; it opens nothing.
_TOKEN = "ghp_" + "0a1B2c3D4e5F6g7H8i9J" + "0k1L2m3N4o5P6q7R"


def _vulnerable_package(site: FaultSite) -> None:
    path = "/app/node_modules/lodash/package.json"
    site.add_script(path, '{"name": "lodash", "version": "4.17.11", "main": "lodash.js"}')


def _secret_in_environment(site: FaultSite) -> None:
    site.append(f"ENV REGISTRY_LOGIN={_TOKEN}")


def _secret_below(site: FaultSite) -> None:
    path = "/app/release.env"
    site.add_script(path, f"token={_TOKEN}")
    site.add_script(path, "token=")


def _port_of_ssh(site: FaultSite) -> None:
    site.append("EXPOSE 22")


def _suppressed(site: FaultSite) -> None:
    site.append("# hadolint ignore=DL3020", "ADD package.json /app/about.json")


def _unpackaged_program(site: FaultSite) -> None:
    site.add_file("/usr/local/bin/agent", "mkdir -p /usr/local/bin", "cp /bin/sh /usr/local/bin/agent")


def _patched_program(site: FaultSite) -> None:
    """Take a program of the deployed stage's own base image, and change it on its way: it is nobody's then, whatever its name."""
    instructions = site.dockerfile.instructions
    froms = [each for each in instructions if each.name == "FROM"]
    first, last = (
        next(word for word in each.value.split() if not word.startswith("--")) for each in (froms[0], froms[-1])
    )
    program, path = site.entrypoint[0], "/usr/local/bin/agent"
    file = site.root / site.workload.dockerfile
    lines = file.read_text(encoding="utf-8").splitlines()
    lines[froms[-1].line - 1 : froms[-1].line - 1] = [
        f"FROM {last} AS exitgate_lender",
        f"FROM {first} AS exitgate_patched",
        "USER root",
        f"COPY --from=exitgate_lender {program} {path}",
        f"RUN printf x >> {path}",
        "",
    ]
    file.write_text("\n".join([*lines, f"COPY --from=exitgate_patched {path} {path}"]) + "\n", encoding="utf-8")


def _unreadable_manifest(site: FaultSite) -> None:
    """Give a package a manifest that begins with a byte order mark: Node.js reads it, Trivy (0.76) passes over it in silence."""
    folder = "/app/node_modules/left-pad"
    manifest = r'\357\273\277{"name": "left-pad", "version": "1.3.0"}'
    site.add_file(f"{folder}/package.json", f"mkdir -p {folder}", f"printf '{manifest}' > {folder}/package.json")


def _old_release(site: FaultSite) -> None:
    site.add_file("/etc/debian_version", "printf '9.13\\n' > /etc/debian_version", mode="0644")


def _unknown_release(site: FaultSite) -> None:
    site.add_file("/etc/debian_version", "printf '99.1\\n' > /etc/debian_version", mode="0644")


def _forgotten_packages(site: FaultSite) -> None:
    """Empty the records of the C library's package: distroless images keep a file a package."""
    path = "/var/lib/dpkg/status.d/libc6"
    site.add_file(path, "mkdir -p /var/lib/dpkg/status.d", f": > {path}", mode="0644")
    site.add_file(f"{path}.md5sums", "mkdir -p /var/lib/dpkg/status.d", f": > {path}.md5sums", mode="0644")


def _limit(key: str, value: str) -> Inject:
    def inject(site: FaultSite) -> None:
        path = site.root / CONFIGURATION_FILE
        text = path.read_text(encoding="utf-8")
        changed, count = re.subn(rf"^{key} = .*$", f"{key} = {value}", text, flags=re.MULTILINE)
        if not count:
            raise TargetError(
                CONFIGURATION_FILE, got=f"no {key}", expected="a limit to loosen", action="Prove on another target."
            )
        path.write_text(changed, encoding="utf-8")

    return inject


def _no_limits(site: FaultSite) -> None:
    path = site.root / CONFIGURATION_FILE
    table = r"^\[policy\.containers\.vulnerabilities\]\n.*?(?=^\[|\Z)"
    text = re.sub(table, "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    path.write_text(text, encoding="utf-8")


_UNLOCKED = frozenset({"3.2.B.1.3"})
"""A package that the lockfile does not tell of."""


def _fault(
    name: str,
    title: str,
    inject: Inject,
    *,
    check: str,
    location: str,
    message: str,
    also: frozenset[str] = frozenset(),
) -> Fault:
    return Fault(
        id=name,
        title=title,
        control=_CONTROL,
        check=check,
        location=location,
        message=message,
        inject=inject,
        also=also,
    )


FAULTS = (
    _fault(
        "no-limits-for-scanners",
        "nobody said for how long a vulnerability may stand",
        _no_limits,
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="no limits are set for what scanners find",
    ),
    _fault(
        "vulnerabilities-for-ever",
        "the limits were raised until the gate was green",
        _limit("max_age_days", "{ critical = 36500, high = 36500 }"),
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="of severity critical stand for longer",
    ),
    _fault(
        "database-of-last-year",
        "a database that somebody downloaded once is taken for today's knowledge",
        _limit("database_max_age_hours", "8760"),
        check="policy-declared",
        location=CONFIGURATION_FILE,
        message="takes a vulnerability database for today's knowledge that is more than a week old",
    ),
    _fault(
        "end-of-life-release",
        "the image is of a Debian release that nobody mends any more",
        _old_release,
        check="scan-valid",
        location="image:/etc/os-release",
        message="debian 9.13 is past its end of life",
    ),
    _fault(
        "unknown-release",
        "the image says that it is of a Debian release that no scanner knows",
        _unknown_release,
        check="scan-valid",
        location="image:/etc/debian_version",
        message="changes which release the image says that it is",
    ),
    _fault(
        "forgotten-package",
        "the C library's package is taken out of the package database, and the library stays",
        _forgotten_packages,
        check="sbom-complete",
        location="image:/",
        message="the package database no longer tells of programs and libraries",
    ),
    _fault(
        "vulnerable-npm-package",
        "a dependency has a vulnerability that was published years ago",
        _vulnerable_package,
        check="no-vulnerabilities",
        location="image:/app/node_modules/lodash/package.json",
        message="has CVE-2019-10744 (critical), seen in image and SBOM",
        also=_UNLOCKED,
    ),
    _fault(
        "program-of-no-package",
        "a program is copied into the image past every package manager",
        _unpackaged_program,
        check="sbom-complete",
        location="image:/usr/local/bin/agent",
        message="belongs to no package",
    ),
    _fault(
        "patched-program-of-a-listed-image",
        "a program is copied from a reviewed image, and patched on its way",
        _patched_program,
        check="sbom-complete",
        location="image:/usr/local/bin/agent",
        message="belongs to no package",
        # A second Node.js is most of the image's size.
        also=frozenset({"3.2.A.3"}),
    ),
    _fault(
        "manifest-the-scanner-skips",
        "a dependency's manifest begins with a byte order mark, and the scanner passes over it",
        _unreadable_manifest,
        check="sbom-complete",
        location="image:/app/node_modules/left-pad/package.json",
        message="leaves out left-pad 1.3.0",
        also=_UNLOCKED,
    ),
    _fault(
        "secret-in-environment",
        "the image's environment holds a token",
        _secret_in_environment,
        check="no-secrets",
        location="Dockerfile:",
        message="in its environment or build history (REGISTRY_LOGIN)",
    ),
    _fault(
        "secret-in-a-lower-layer",
        "a token is in a file that a later layer replaces",
        _secret_below,
        check="no-secrets",
        location="image:/app/release.env",
        message="in /app/release.env of a layer below",
    ),
    _fault(
        "port-of-ssh",
        "the image opens the port of SSH",
        _port_of_ssh,
        check="no-misconfigurations",
        location="Dockerfile:",
        message="DS-0004: Port 22 should not be exposed",
    ),
    _fault(
        "suppressed-misconfiguration",
        "a comment in the Dockerfile tells the scanner to look away",
        _suppressed,
        check="no-misconfigurations",
        location="Dockerfile:",
        message="DL3020: Use COPY instead of ADD",
    ),
)

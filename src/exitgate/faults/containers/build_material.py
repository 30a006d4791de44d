"""Faults of 3.2.B.1.2: build material, sources and the like that were left in the runtime image."""

from __future__ import annotations

import json

from exitgate.faults.fault import Fault, FaultSite, Inject

_CONTROL = "3.2.B.1.2"
_SCANNED = frozenset({"3.2.C.2"})


def _add(path: str, *commands: str) -> Inject:
    def inject(site: FaultSite) -> None:
        folder = path.rpartition("/")[0]
        site.add_file(path, f"mkdir -p {folder}", *commands)

    return inject


def _copy_sources(site: FaultSite) -> None:
    site.append(f"COPY {site.workload.path}/src /app/src")


def _forget_dockerignore(site: FaultSite) -> None:
    context = site.root / site.workload.context
    (context / ".dockerignore").write_text("", encoding="utf-8")
    site.append("COPY . /app/repository")


def _hide_local_variables(site: FaultSite) -> None:
    program = site.entrypoint[0]
    site.add_file("/app/.env", "mkdir -p /app", "printf FEATURE=on > /app/.env")
    removal = json.dumps([program, "-e", "require('node:fs').rmSync('/app/.env')"])
    user = next(
        (each.value for each in reversed(site.dockerfile.deployed(site.workload.stage)) if each.name == "USER"), "root"
    )
    site.append("USER root", f"RUN {removal}", f"USER {user}")


def _npm_login(site: FaultSite) -> None:
    site.add_script("/app/.npmrc", "//registry.example/:_authToken=0a1B2c3D4e5F")


def _private_key(site: FaultSite) -> None:
    script = (
        'const key = require("node:crypto").generateKeyPairSync("ec", {namedCurve: "P-256"}).privateKey; '
        'require("node:fs").writeFileSync("/app/server.key", key.export({type: "pkcs8", format: "pem"}))'
    )
    site.add_file("/app/server.key", "mkdir -p /app", f"node -e '{script}'")


def _source_map(site: FaultSite) -> None:
    site.add_script("/app/main.js.map", '{"version":3,"sources":["a.ts"],"sourcesContent":["export {}"],"mappings":""}')


def _excuse_nothing(site: FaultSite) -> None:
    file = site.root / "exitgate.toml"
    rule = f'workload = "{site.workload.name}"\npath = "/app/legacy/*"\nreason = "the old bundle"'
    text = file.read_text(encoding="utf-8")
    file.write_text(f"{text}\n[[policy.containers.allow_content]]\n{rule}\n", encoding="utf-8")


def _env(line: str) -> Inject:
    def inject(site: FaultSite) -> None:
        site.append(f"ENV {line}")

    return inject


def _fault(
    name: str, title: str, inject: Inject, check: str, location: str, message: str, also: frozenset[str] = frozenset()
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
        "package-manager-copied",
        "npm was copied into the runtime image to run a script with",
        _add("/usr/local/bin/npm", "true"),
        "no-build-tools",
        "image:/usr/local/bin/npm",
        "a tool for building or installing",
    ),
    _fault(
        "compiler-left",
        "a compiler for native modules stayed in the runtime image",
        _add("/usr/bin/gcc-12", "cp /bin/sh /usr/bin/gcc-12"),
        "no-build-tools",
        "image:/usr/bin/gcc-12",
        "a tool for building or installing",
        _SCANNED,
    ),
    _fault(
        "shell-for-debugging",
        "a shell was put into the image to look around in it",
        _add("/bin/sh", "true"),
        "no-build-tools",
        "image:/bin/sh",
        "holds the shell",
        _SCANNED,
    ),
    _fault(
        "sources-copied",
        "the folder of sources was copied beside what was built of it",
        _copy_sources,
        "no-sources",
        "image:/app/src/",
        "the image holds source files",
    ),
    _fault(
        "repository-copied",
        "nothing is named in .dockerignore, and the whole folder was copied",
        _forget_dockerignore,
        "no-sources",
        "image:/app/repository/.git/",
        "the image holds version control",
        frozenset({"3.2.C.2", "3.2.B.1.3"}),
    ),
    _fault(
        "local-variables-hidden",
        "a .env was copied, and removed in a later layer",
        _hide_local_variables,
        "no-sources",
        "image:/app/.env",
        "the image holds files of local variables",
    ),
    _fault(
        "npm-login-copied",
        "the .npmrc with the registry's token was copied beside package.json",
        _npm_login,
        "no-sources",
        "image:/app/.npmrc",
        "the image holds files of credentials",
        _SCANNED,
    ),
    _fault(
        "private-key-copied",
        "the server's private key lies in the image",
        _private_key,
        "no-sources",
        "image:/app/server.key",
        "the image holds private keys",
        _SCANNED,
    ),
    _fault(
        "source-map-with-sources",
        "the bundler wrote a source map with the sources inside",
        _source_map,
        "no-sources",
        "image:/app/main.js.map",
        "sources inside of source maps",
    ),
    _fault(
        "cache-left",
        "the package manager's cache stayed in a layer",
        _add("/root/.npm/_cacache/index-v5/entry", "printf cached > /root/.npm/_cacache/index-v5/entry"),
        "no-sources",
        "image:/root/.npm/",
        "the image holds caches",
    ),
    _fault(
        "archive-left",
        "what was released before lies in the image as an archive",
        _add("/app/previous", "echo 1 > /tmp/release", "tar -C /tmp -czf /app/previous release"),
        "no-sources",
        "image:/app/previous",
        "the image holds archives",
    ),
    _fault(
        "exception-for-nothing",
        "an exception stayed when what it was made for had gone",
        _excuse_nothing,
        "no-sources",
        "exitgate.toml",
        "which the image does not hold",
    ),
    _fault(
        "debugger-on",
        "the image starts every process with the debugger on",
        _env("NODE_OPTIONS=--inspect=127.0.0.1:0"),
        "no-debugging",
        "Dockerfile:",
        "opens a debugger",
    ),
    _fault(
        "certificates-unchecked",
        "the check of certificates was switched off",
        _env("NODE_TLS_REJECT_UNAUTHORIZED=0"),
        "no-debugging",
        "Dockerfile:",
        "switches the check of certificates off",
    ),
)

"""Rules on tools, sources and other build material in images."""

from __future__ import annotations

import gzip
import hashlib
import tarfile
from typing import Any

import pytest

from exitgate.checks.containers import build_leftovers, build_tools
from exitgate.finding import Finding
from exitgate.observe.image import image_facts
from exitgate.observe.layers import Layer
from exitgate.observe.sources import Sources
from exitgate.target import Workload
from tests.checks.containers.builders import SUBSTRATE, dockerfile, policy
from tests.observe.archives import Member, archive, contents, engine_with, folder, link, member, saved

ELF = b"\x7fELF\x02"
SOURCE = b"export const answer: number = 42; // a committed source\n"
SOURCES = Sources(substrate=SUBSTRATE, paths={})
WORKLOAD = Workload.model_construct(name="orders", stage=None)


def tools(*members: Member, **rules: Any) -> list[Finding]:
    seen = contents(archive(*members))
    return build_tools(seen, image_facts(seen), dockerfile(), WORKLOAD, policy(**rules))


def leftovers(*layers: tuple[Member, ...], sources: Sources = SOURCES, **rules: Any) -> list[Finding]:
    return build_leftovers(
        contents(*(archive(*layer) for layer in layers)), sources, dockerfile(), WORKLOAD, policy(**rules)
    )


def test_an_image_of_a_program_and_its_libraries_holds_no_tool() -> None:
    assert tools(member("nodejs/bin/node", ELF, mode=0o755), member("app/main.js", b"x"), folder("usr/bin")) == []
    assert tools() == []


@pytest.mark.parametrize(
    "path",
    [
        "usr/bin/apt-get", "sbin/apk", "usr/bin/dpkg", "usr/local/bin/npm", "usr/local/bin/npx", "opt/yarn/bin/yarn",
        "usr/local/bin/pnpm", "usr/bin/pip3.11", "usr/bin/gcc", "usr/bin/gcc-12", "usr/bin/x86_64-linux-gnu-gcc-12",
        "usr/bin/g++", "usr/bin/cc", "usr/bin/make", "usr/bin/ld", "usr/local/go/bin/go", "usr/bin/git",
        "app/node_modules/.bin/tsc", "usr/local/bin/corepack", "usr/bin/gdb",
        "usr/bin/tdnf", "usr/bin/ld.bfd", "usr/local/bin/zig", "opt/maven/bin/mvn", "app/node_modules/.bin/tsx",
    ],
)  # fmt: skip
def test_a_tool_is_a_finding_whether_file_script_or_link(path: str) -> None:
    for made in (member(path, ELF, mode=0o755), member(path, b"#!/bin/sh"), link(path, tarfile.SYMTYPE, "/x")):
        (finding,) = tools(made)
        assert finding.location == f"image:/{path}"
        assert "a tool for building or installing" in finding.message


@pytest.mark.parametrize(
    "path", ["app/bin/server", "usr/bin/nodejs", "usr/bin/makeup", "app/go", "app/make", "etc/git", "usr/bin/asx"]
)
def test_what_is_only_named_alike_is_none(path: str) -> None:
    assert tools(member(path, b"text")) == []


def test_a_program_is_a_tool_wherever_it_lies() -> None:
    assert len(tools(member("opt/hidden/gcc", ELF, mode=0o755))) == 1
    assert tools(member("opt/hidden/gcc", ELF, mode=0o644), folder("usr/bin/make")) == []


@pytest.mark.parametrize("name", ["typescript", "esbuild", "@swc/core", "npm", "vite"])
def test_a_package_that_builds_is_a_tool(name: str) -> None:
    manifest = b'{"name": "%s", "version": "1.0.0"}' % name.encode()
    (finding,) = tools(member(f"app/node_modules/{name}/package.json", manifest))
    assert finding.location == f"image:/app/node_modules/{name}"
    assert finding.got == "version 1.0.0"


def test_a_shell_is_a_finding_where_the_policy_refuses_shells() -> None:
    shell = member("bin/sh", ELF, mode=0o755)
    assert tools(shell) == []
    (finding,) = tools(shell, refuse_shells=True)
    assert finding.location == "image:/bin/sh"
    assert finding.message == "the image holds the shell /bin/sh, and the policy refuses shells"


def test_what_the_policy_allows_by_workload_and_path_is_none() -> None:
    npm = (member("usr/local/bin/npm", b"x", mode=0o755), member("usr/local/lib/node_modules/npm/package.json", b"{}"))

    def allow(workload: str, path: str) -> list[dict[str, str]]:
        return [{"workload": workload, "path": path, "reason": "the official image brings it"}]

    assert len(tools(*npm)) == 2
    assert tools(*npm, allow_content=allow("orders", "/usr/local/*")) == []
    assert len(tools(*npm, allow_content=allow("catalog", "/usr/local/*"))) == 2
    assert len(tools(*npm, allow_content=allow("orders", "/usr/local/bin"))) == 2


# ---- What it was made of ----------------------------------------------------------------------------------------------


def test_an_image_of_outputs_alone_holds_no_leftovers() -> None:
    assert (
        leftovers((member("app/main.js", b"x"), member("app/types.d.ts", b"x"), member("app/.env.example", b"A=")))
        == []
    )
    assert leftovers(()) == []


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("app/.npmrc", b"engine-strict=true\nalways-auth=true\n"),
        ("app/.npmrc", b"//registry.example/:_authToken=${NPM_TOKEN}\n# _auth=abc\n"),
        ("app/.yarnrc.yml", b'nodeLinker: node-modules\nnpmAuthToken: "${NPM_TOKEN:-}"\n'),
    ],
)
def test_settings_of_a_package_manager_without_a_login_are_no_credentials(path: str, content: bytes) -> None:
    assert leftovers((member(path, content),)) == []


@pytest.mark.parametrize(
    "config",
    [
        {"Entrypoint": ["/usr/local/bin/bun", "run", "main.js"]},
        {"Entrypoint": ["docker-entrypoint.sh"], "Cmd": ["bun", "main.js"]},
    ],
)
def test_a_runtime_that_production_starts_is_no_tool_for_building(config: dict[str, Any]) -> None:
    members = (
        member("usr/local/bin/bun", ELF + b"x" * 64, mode=0o755),
        link("usr/local/bin/bunx", tarfile.SYMTYPE, "bun"),
        member("usr/bin/gcc", ELF, mode=0o755),
    )
    seen = contents(archive(*members), **config)
    found = build_tools(seen, image_facts(seen), dockerfile(), WORKLOAD, policy())
    assert [each.location for each in found] == ["image:/usr/bin/gcc"]
    idle = contents(archive(*members), Cmd=["node", "bun"])
    assert len(build_tools(idle, image_facts(idle), dockerfile(), WORKLOAD, policy())) == 3


KEY = b"-----BEGIN PRIVATE KEY-----\n" + b"MIIEowIBAAKCAQEAxGi9" * 8
MAP = b'{"sourcesContent": ["export {}"]}'


@pytest.mark.parametrize(
    ("path", "content", "what"),
    [
        ("app/.git/HEAD", b"ref: x", "version control"),
        ("app/.git", b"gitdir: x", "version control"),
        ("app/src/main.ts", SOURCE, "source files"),
        ("app/src/App.vue", b"x", "source files"),
        ("app/main.test.js", b"x", "tests"),
        ("app/__tests__/main.js", b"x", "tests"),
        ("app/main.js.map", MAP, "sources inside of source maps"),
        ("root/.npm/_logs/x.log", b"x", "caches"),
        ("home/node/.cache/x", b"x", "caches"),
        ("app/node_modules/.cache/babel/x", b"x", "caches"),
        ("app/.nx/cache/x", b"x", "caches"),
        ("var/lib/apt/lists/deb_dists_main_Packages", b"x", "caches"),
        ("var/cache/apt/archives/x.deb", b"x", "caches"),
        ("tmp/left", b"x", "caches"),
        ("app/.env", b"A=1", "files of local variables"),
        ("app/.env.production", b"A=1", "files of local variables"),
        ("root/.npmrc", b"//registry.example/:_authToken=npm_abc\n", "files of credentials"),
        ("app/.npmrc", b"engine-strict=true\n_auth = abc=\n", "files of credentials"),
        ("app/.yarnrc.yml", b'nodeLinker: node-modules\nnpmAuthToken: "abc"\n', "files of credentials"),
        ("app/node_modules/a/.npmrc", b"//r/:_password=abc\n", "files of credentials"),
        ("root/.aws/credentials", b"x", "files of credentials"),
        ("app/id", KEY, "private keys"),
        ("app/all.zip", b"PK\x03\x04rest", "archives, which hide what they hold"),
        ("app/blob.bin", gzip.compress(archive(member("a", b"x")), mtime=0), "archives, which hide what they hold"),
    ],
)
def test_each_kind_of_leftover_is_a_finding_of_its_own(path: str, content: bytes, what: str) -> None:
    (finding,) = leftovers((member(path, content),))
    assert finding.location == f"image:/{path}"
    assert finding.message == f"the image holds {what}"


@pytest.mark.parametrize(
    "path",
    [
        "app/node_modules/a/src/x.ts", "app/node_modules/a/x.test.js", "app/node_modules/a/x.js.map", "app/node_modules/a/.env",
        "app/github/x", "app/gitignore", "app/.gitkeep", "app/environment", "app/latest.js", "app/cache/x",
    ],
)  # fmt: skip
def test_what_packages_bring_and_what_is_only_named_alike_is_none(path: str) -> None:
    assert leftovers((member(path, MAP if path.endswith(".map") else b"x"),)) == []


def test_a_committed_source_is_known_by_content_among_packages_too() -> None:
    known = Sources(substrate=SUBSTRATE, paths={hashlib.sha256(SOURCE).hexdigest(): "libs/kit/src/index.ts"})
    (finding,) = leftovers((member("app/node_modules/@shop/kit/src/index.ts", SOURCE),), sources=known)
    assert "/app/node_modules/@shop/kit/src/index.ts (libs/kit/src/index.ts)" in finding.got


def test_a_committed_source_is_known_by_content_under_any_name_and_in_the_base_image() -> None:
    known = Sources(
        substrate=SUBSTRATE,
        paths={hashlib.sha256(SOURCE).hexdigest(): "src/a.ts", hashlib.sha256(SOURCE * 2).hexdigest(): "test/a.js"},
    )
    for name in ("app/a.txt", "app/a.d.ts"):
        assert [each.message for each in leftovers((member(name, SOURCE),), sources=known)] == [
            "the image holds source files"
        ]
    (test,) = leftovers((member("app/test/a.js", SOURCE * 2),), sources=known)
    assert test.message == "the image holds tests"
    assert leftovers((member("app/test/b.js", SOURCE * 3),), sources=known) == []


def test_a_tool_that_was_moved_is_one_by_any_name() -> None:
    npm = b"#!/usr/bin/env node\n" * 3
    below, above = (
        archive(member("usr/bin/npm", npm)),
        archive(member("usr/bin/.wh.npm"), member("usr/bin/helper", npm)),
    )
    seen = contents(below, above)
    (finding,) = build_tools(seen, image_facts(seen), dockerfile(), WORKLOAD, policy())
    assert finding.location == "image:/usr/bin/helper"
    assert finding.got == "what /usr/bin/npm holds in a layer below"


def test_what_a_later_layer_hides_is_a_finding_that_says_so() -> None:
    (finding,) = leftovers((member("app/.env", b"A=1"),), (member("app/.wh..env"),))
    assert "a later layer hides it" in finding.got
    (shown,) = leftovers((member("app/.env", b"A=1"),), (member("app/main.js", b"x"),))
    assert "hides" not in shown.got


def test_many_are_told_in_one_finding_with_their_number() -> None:
    (finding,) = leftovers(tuple(member(f"app/src/{index}.ts", b"x%d" % index) for index in range(20)))
    assert finding.got.count("/app/src/") == 8
    assert "and 12 more" in finding.got


def test_what_a_base_image_brings_is_not_the_targets_but_for_keys_and_repositories() -> None:
    from exitgate.observe.contents import read_contents
    from exitgate.observe.saved_image import read_saved_image

    sent = saved(
        archive(
            member("usr/src/x.ts", b"x"), member("tmp/x", b"x"), member("usr/.git/HEAD", b"x"), member("etc/k", KEY)
        )
    )
    digests = [each.digest for each in read_saved_image([sent], lambda _: False).layers]
    seen = read_contents(engine_with([sent], base=digests), "sha256:x", ["base"], SUBSTRATE)
    findings = build_leftovers(seen, SOURCES, dockerfile(), WORKLOAD, policy())
    assert [finding.message for finding in findings] == [
        "the image holds version control",
        "the image holds private keys",
    ]
    assert "from the base image" in findings[0].got


def test_an_exception_for_what_is_not_there_is_a_finding() -> None:
    def allow(workload: str, path: str) -> list[dict[str, str]]:
        return [{"workload": workload, "path": path, "reason": "it is needed"}]

    there = (member("app/src/main.ts", SOURCE),)
    assert leftovers(there, allow_content=allow("orders", "/app/src/*")) == []
    assert leftovers((member("app/x", b"x"),), allow_content=allow("catalog", "/app/src/*")) == []
    (finding,) = leftovers((member("app/x", b"x"),), allow_content=allow("orders", "/app/src/*"))
    assert finding.location == "exitgate.toml"
    assert finding.message == "allow_content excuses /app/src/* of orders, which the image does not hold"


def test_leftovers_that_the_policy_allows_are_none() -> None:
    allowed = [{"workload": "orders", "path": "/app/src/*", "reason": "run by a loader"}]
    assert leftovers((member("app/src/a.ts", b"x"),), allow_content=allowed) == []


def test_a_layer_is_told_by_the_instruction_that_made_it() -> None:
    from exitgate.checks.containers.origin import made_at

    file = dockerfile((4, "RUN", "make"), (5, "USER", "1"), (6, "COPY", "a /"), (7, "COPY", "b /"))
    made = ("RUN /bin/sh -c make # buildkit", "COPY a / # buildkit", "COPY b / # buildkit")
    layers = tuple(Layer(digest=f"sha256:{index}", entries=(), made_by=words) for index, words in enumerate(made))
    assert [made_at(layer, layers, file, None) for layer in layers] == [
        "by apps/orders/Dockerfile:4 RUN",
        "by apps/orders/Dockerfile:6 COPY",
        "by apps/orders/Dockerfile:7 COPY",
    ]
    strange = Layer(digest="sha256:9", entries=(), made_by="ADD x")
    assert made_at(strange, (*layers, strange), file, None) == "in layer sha256:9"
    base = Layer(digest="sha256:8", entries=(), from_base=True)
    assert made_at(base, (base, *layers), file, None) == "from the base image"

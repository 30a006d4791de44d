"""Build material in an image: tools that make programs or fetch them, and what programs were made of."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Iterable

from exitgate.checks.containers.origin import made_at
from exitgate.dockerfile import Dockerfile
from exitgate.finding import Finding
from exitgate.observe.contents import ImageContents
from exitgate.observe.image import ImageFacts
from exitgate.observe.layers import Entry, Kind, Layer, Nature, followed, hidden
from exitgate.observe.sources import Sources
from exitgate.policy import ContainerPolicy
from exitgate.target import Workload

_TOOLS = re.compile(
    r"^(?:[\w.]+-linux-[\w]+-)?(?:"
    # Package managers of systems and of languages.
    r"apt|apt-get|aptitude|dpkg|apk|yum|dnf|microdnf|tdnf|opkg|zypper|rpm|pacman|brew|snap|conda|mamba|micromamba|nix"
    r"|npm|npx|pnpm|pnpx|yarn|yarnpkg|corepack|bun|bunx|deno|pip|uv|poetry|gem|bundle|bundler|composer|cargo"
    # Compilers, linkers, builders, debuggers.
    r"|gcc|cc|g\+\+|c\+\+|clang|clang\+\+|tcc|cpp|as|ld|ld\.(?:bfd|gold|lld)|lld|gold|gfortran|zig|nasm|gdb|lldb|strace|make|gmake|cmake|ninja|meson|bazel|nx|turbo"
    r"|javac|kotlinc|mvn|gradle|rustc|swiftc|ghc|go|gofmt|tsc|tsx|ts-node|parcel|esbuild|swc|rollup|webpack|vite|node-gyp"
    # What fetches sources.
    r"|git|svn|hg"
    r")(?:-?\d+(?:\.\d+)*)?$"
)
_RUNTIMES = frozenset({"bun", "deno"})
"""Tools for building that also run what they built."""
_MODULES = frozenset({"typescript", "esbuild", "webpack", "vite", "rollup", "ts-node", "tsx", "@swc/core", "node-gyp"})
_MODULES |= {"npm", "pnpm", "yarn", "corepack", "nx"}
_BIN = re.compile(r"/(?:s?bin|\.bin|libexec)/[^/]+$")
_NAMED = 8
_SMALLEST_BYTES = 32
"""Below this, files are alike by chance."""

_SOURCE = re.compile(
    r"(?<!\.d)\.(?:ts|tsx|mts|cts|jsx|vue|svelte|coffee|scss|sass|less|c|cc|cpp|cxx|h|hpp|rs|go|java|kt|cs|swift)$"
)
_TEST = re.compile(r"(?:\.(?:test|spec)\.[cm]?[jt]sx?|/(?:__tests__|__mocks__|__snapshots__)/.+)$")
_COMMITTED_TEST = re.compile(r"(?:\.(?:test|spec)|/(?:tests?|e2e|spec|__tests__|cypress)/.+)\.[cm]?[jt]sx?$")
"""Folders of tests have everyday names: in an image they mean something only where what they hold is the target's own."""
_CACHE = re.compile(
    r"^/(?:root|home/[^/]+)/\.(?:npm|cache|yarn|pnpm-store|node-gyp|local/share/pnpm)/|/_cacache/|/node_modules/\.cache/"
    r"|/\.(?:nx|turbo|parcel-cache)/|^/var/cache/apt/archives/.+\.deb$|^/var/lib/apt/lists/.+_|^/var/cache/apk/.+"
    r"|^/usr/local/share/\.cache/|^/(?:var/)?tmp/."
)
_ENVIRONMENT_FILE = re.compile(r"/\.env(?:\.(?!example$|sample$|template$|dist$)[\w.-]+)?$")
_CREDENTIALS = re.compile(
    r"/(?:\.netrc|\.pgpass|\.git-credentials|\.pypirc|\.docker/config\.json|\.aws/credentials|\.ssh/id_\w+)$"
)
_REPOSITORY = re.compile(r"/\.(?:git|svn|hg)(?:/|$)")

_Tells = Callable[[Entry, Layer], bool]


def build_tools(
    contents: ImageContents, image: ImageFacts, dockerfile: Dockerfile, workload: Workload, policy: ContainerPolicy
) -> list[Finding]:
    """Name compilers, package managers and the like in an image, and shells where the policy refuses them."""
    findings = [
        Finding(
            location=f"image:{entry.path}",
            message=f"the image holds {entry.path}, a tool for building or installing",
            expected="no compiler, no package manager",
            got=f"{entry.kind.value}, {made_at(layer, contents.layers, dockerfile, workload.stage)}",
            remedy="Start the final stage from an image without it, or remove it; list it in allow_content only with a reason.",
        )
        for entry, layer in contents.entries.values()
        if is_tool(entry) and not _is_started(entry, contents, image) and not _allowed(entry.path, workload, policy)
    ]
    findings += [
        Finding(
            location=f"image:{entry.path}",
            message=f"the image holds {entry.path}, a tool for building or installing by another name",
            expected="no compiler, no package manager",
            got=f"what {moved[entry.sha256]} holds in a layer below",
            remedy="Remove it: a name does not keep anybody from running it.",
        )
        for moved in (_moved_tools(contents),)
        for entry, _ in contents.entries.values()
        if entry.sha256 in moved and not is_tool(entry) and not _allowed(entry.path, workload, policy)
    ]
    findings += [
        Finding(
            location=f"image:{package.path}",
            message=f"the image holds the npm package {package.name}, a tool for building or installing",
            expected="no compiler, no package manager",
            got=f"version {package.version or 'unknown'}",
            remedy="Install production dependencies alone; a tool among `dependencies` belongs to `devDependencies`.",
        )
        for package in (*contents.npm_packages, *contents.loose_packages)
        if is_build_module(package.name) and not _allowed(package.path, workload, policy)
    ]
    if policy.refuse_shells:
        findings += [
            Finding(
                location=f"image:{path}",
                message=f"the image holds the shell {path}, and the policy refuses shells",
                expected="no shell",
                got=path,
                remedy="Start the final stage from an image without a shell, e.g. a distroless one.",
            )
            for path in image.shells
            if not _allowed(path, workload, policy)
        ]
    return findings


def build_leftovers(
    contents: ImageContents, sources: Sources, dockerfile: Dockerfile, workload: Workload, policy: ContainerPolicy
) -> list[Finding]:
    """Name what an image was made of and should not hold, in any of its layers, hidden by a later one or not."""

    def is_source(entry: Entry, layer: Layer) -> bool:
        if _SOURCE.search(sources.paths.get(entry.sha256, "")):
            return True
        if layer.from_base or not _SOURCE.search(entry.path):
            return False
        # Packages of npm bring declarations and sources of their own; the target's own are such by any name and in any place.
        return not _in_modules(entry) or entry.sha256 in sources.paths

    def is_test(entry: Entry, layer: Layer) -> bool:
        if _COMMITTED_TEST.search(f"/{sources.paths.get(entry.sha256, '')}"):
            return True
        return not layer.from_base and not _in_modules(entry) and bool(_TEST.search(entry.path))

    def carries_sources(entry: Entry, layer: Layer) -> bool:
        return not layer.from_base and not _in_modules(entry) and Nature.SOURCES_INSIDE in entry.nature

    kinds: tuple[tuple[str, str, _Tells], ...] = (
        ("version control", "Name .git in .dockerignore.", lambda entry, _: bool(_REPOSITORY.search(entry.path))),
        ("source files", "Copy the build's output alone into the final stage.", is_source),
        ("tests", "Leave tests out of what is copied, by .dockerignore or named paths.", is_test),
        (
            "sources inside of source maps",
            "Build without source maps, or without their sourcesContent.",
            carries_sources,
        ),
        (
            "caches",
            "Clean caches in the RUN that fills them, or in a stage that is not deployed.",
            lambda entry, layer: not layer.from_base and bool(_CACHE.search(entry.path)),
        ),
        (
            "files of local variables",
            "Name .env* in .dockerignore, and give variables when the container starts.",
            lambda entry, _: not _in_modules(entry) and bool(_ENVIRONMENT_FILE.search(entry.path)),
        ),
        (
            "files of credentials",
            "Give them to the build as secrets (RUN --mount=type=secret); renew those that were copied.",
            lambda entry, _: (
                (not _in_modules(entry) and bool(_CREDENTIALS.search(entry.path))) or Nature.CREDENTIALS in entry.nature
            ),
        ),
        (
            "archives, which hide what they hold",
            "Unpack it in a stage that is not deployed, and copy what is needed; list it in allow_content only with a reason.",
            lambda entry, layer: (
                Nature.ARCHIVE in entry.nature
                and not layer.from_base
                and not _in_modules(entry)
                and entry.path not in contents.owned_files
            ),
        ),
        (
            "private keys",
            "Renew the key: whoever has the image has it. Give keys when the container starts.",
            lambda entry, layer: Nature.PRIVATE_KEY in entry.nature and not (layer.from_base and _in_modules(entry)),
        ),
    )
    findings = []
    for layer in contents.layers:
        made = made_at(layer, contents.layers, dockerfile, workload.stage)
        for what, remedy, tells in kinds:
            found = [
                entry
                for entry in layer.entries
                if entry.kind is not Kind.DIRECTORY
                and tells(entry, layer)
                and not _allowed(entry.path, workload, policy)
            ]
            if found:
                findings.append(_leftover(what, remedy, found, f"{made}{_hidden(found, layer, contents)}", sources))
    return findings + _unused_exceptions(contents, workload, policy)


def _unused_exceptions(contents: ImageContents, workload: Workload, policy: ContainerPolicy) -> list[Finding]:
    """Name each exception for a workload that no path of any layer matches: what it was made for is gone, and it waits for more."""
    paths = {entry.path for layer in contents.layers for entry in layer.entries}
    return [
        Finding(
            location="exitgate.toml",
            message=f"allow_content excuses {rule.path} of {workload.name}, which the image does not hold",
            expected="exceptions for what is there",
            got=f"no such path in {len(contents.layers)} layers",
            remedy="Remove the exception; it would excuse whatever comes to lie there.",
        )
        for rule in policy.allow_content
        if rule.workload == workload.name and not fnmatch.filter(paths, rule.path)
    ]


def _leftover(what: str, remedy: str, found: list[Entry], made: str, sources: Sources) -> Finding:
    shown = ", ".join(
        entry.path + (f" ({sources.paths[entry.sha256]})" if entry.sha256 in sources.paths else "")
        for entry in found[:_NAMED]
    )
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return Finding(
        location=f"image:{found[0].path}",
        message=f"the image holds {what}",
        expected="none in any layer",
        got=f"{shown}{more}, {made}",
        remedy=remedy,
    )


def _hidden(found: Iterable[Entry], layer: Layer, contents: ImageContents) -> str:
    visible = sum(contents.entries.get(entry.path, (None, None))[1] is layer for entry in found)
    return "" if visible else "; a later layer hides it, and whoever pulls the image has it all the same"


def _moved_tools(contents: ImageContents) -> dict[str, str]:
    """Return ``{sha256: path}`` of the tools that a layer holds and that are no longer where they were."""
    return {
        entry.sha256: entry.path
        for entry, _ in hidden(contents.layers, contents.entries)
        if entry.sha256 and entry.size_bytes >= _SMALLEST_BYTES and is_tool(entry)
    }


def is_tool(entry: Entry) -> bool:
    """Say whether a file, by its name and place, is a tool for building or installing."""
    if entry.kind is Kind.DIRECTORY or entry.kind is Kind.SPECIAL or not _TOOLS.match(entry.name):
        return False
    is_program = entry.kind is not Kind.SYMLINK and bool(entry.mode & 0o111) and Nature.ELF in entry.nature
    return is_program or bool(_BIN.search(entry.path))


def _is_started(entry: Entry, contents: ImageContents, image: ImageFacts) -> bool:
    """Say whether a tool is a runtime that is what production starts, or another name of it: there is no image without it."""
    own = image.settings
    words = (*(own.entrypoint or ()), *(own.command or ())[:1])
    names = {word.rpartition("/")[2] for word in words} & _RUNTIMES
    leads = followed(entry.path, contents.entries)
    return bool(names) and (entry.name in names or (leads is not None and leads.name in names))


def is_build_module(name: str) -> bool:
    """Say whether a package of npm is a tool for building or installing."""
    return name in _MODULES


def _in_modules(entry: Entry) -> bool:
    return "/node_modules/" in entry.path


def _allowed(path: str, workload: Workload, policy: ContainerPolicy) -> bool:
    return any(each.workload == workload.name and fnmatch.fnmatchcase(path, each.path) for each in policy.allow_content)

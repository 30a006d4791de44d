"""What a command verifies: tests, lint, types, a build, an install, a migration; and by which script or target it does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_VERIFYING_NAME = re.compile(
    r"(?:^|[^a-z])(?:tests?|specs?|unit|lint(?:er)?|checks?|verify|verification|validate|validation|build|compile|types?|typecheck"
    r"|tsc|migrat\w*|integration|e2e|ci|install|generate|coverage|scan|secrets?|changed|affected|range)(?:[^a-z]|$)",
    re.IGNORECASE,
)
_TOOLS = {
    "tests": "jest vitest mocha ava tap tape playwright cypress karma wdio pytest tox phpunit rspec ctest "
    "nightwatch testcafe jasmine",
    "lint": "eslint biome oxlint stylelint secretlint gitleaks squawk actionlint zizmor hadolint commitlint knip ruff flake8 mypy "
    "shellcheck yamllint markdownlint tflint checkov golangci-lint standard xo spectral trufflehog ls-lint",
    "types": "tsc vue-tsc svelte-check pyright flow attw publint",
    "build": "webpack rollup esbuild tsup tsdx swc parcel rspack ng-packagr make gmake cmake ninja mvn mvnw gradle gradlew bazel",
    "tasks": "nx turbo lerna wireit moon rush ng npm-run-all run-s run-p concurrently wsrun ultra",
}
_KIND_OF_TOOL = {name: kind for kind, names in _TOOLS.items() for name in names.split()}
_SUBCOMMANDS = {
    "vite": {"build": "build"},
    "next": {"build": "build", "lint": "lint"},
    "nuxt": {"build": "build", "typecheck": "types"},
    "astro": {"build": "build", "check": "types"},
    "prisma": {"migrate": "migration", "validate": "lint", "generate": "build", "db": "migration"},
    "knex": {"migrate:latest": "migration"},
    "typeorm": {"migration:run": "migration"},
    "sequelize": {"db:migrate": "migration"},
    "sequelize-cli": {"db:migrate": "migration"},
    "docker": {"build": "build", "buildx": "build"},
    "terraform": {"validate": "lint", "plan": "lint", "test": "tests"},
    "tofu": {"validate": "lint", "plan": "lint", "test": "tests"},
    "go": {"test": "tests", "vet": "lint", "build": "build"},
    "cargo": {"test": "tests", "clippy": "lint", "build": "build", "check": "types"},
    "dotnet": {"test": "tests", "build": "build"},
    "deno": {"test": "tests", "lint": "lint", "check": "types"},
    "bundle": {"install": "install"},
    "poetry": {"install": "install"},
    "uv": {"sync": "install"},
}
_MANAGERS = {"npm", "pnpm", "yarn", "bun"}
_RUNNERS = {"npx", "pnpx", "bunx"}
_WITH_VALUE = {
    "-w",
    "--workspace",
    "-C",
    "--prefix",
    "--cwd",
    "--dir",
    "--filter",
    "-F",
    "--loglevel",
    "-p",
    "--package",
    "--call",
}
_INSTALLS = {"ci", "clean-install", "install", "i", "install-ci-test", "it", "cit"}
_OWN_COMMANDS = {
    "audit",
    "publish",
    "pack",
    "version",
    "config",
    "cache",
    "view",
    "ls",
    "outdated",
    "login",
    "why",
    "dedupe",
    "set",
}
_INTERPRETERS = {
    "bash",
    "sh",
    "dash",
    "zsh",
    "node",
    "python",
    "python3",
    "tsx",
    "ts-node",
    "deno",
    "bun",
    "ruby",
    "perl",
    "source",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a command is there for."""

    kind: str = ""
    """``tests``, ``lint``, ``types``, ``build``, ``install``, ``migration``, ``tasks``, ``script``; empty: nothing."""
    scripts: tuple[str, ...] = ()
    """Scripts of package.json or targets of Nx and the like that it runs."""
    make_targets: tuple[str, ...] | None = None
    file: str = ""
    """A script of the repository that it runs."""


_NOTHING = Invocation()


def names_verification(name: str) -> bool:
    """Say whether a script, target or file is called what people call verification."""
    return bool(_VERIFYING_NAME.search(name.replace("_", "-")))


def purpose_of(words: Sequence[str]) -> Invocation:  # noqa: C901, PLR0911, PLR0912 - one arm for each kind of program
    """Read a command's words, wrappers left away."""
    if not words:
        return _NOTHING
    name, rest = words[0].rpartition("/")[2], list(words[1:])
    if name == "xargs":
        while rest and rest[0].startswith("-"):
            rest = rest[2:] if rest[0] in {"-n", "-P", "-I", "-L", "-d"} else rest[1:]
        return purpose_of(rest)
    runs = [at for at, word in enumerate(rest) if word in ("-exec", "-execdir")] if name == "find" else []
    if runs:
        return purpose_of(rest[runs[0] + 1 :])
    if name in {"c8", "nyc"}:
        return purpose_of(_bare(rest, set()))
    if name in _RUNNERS:
        return purpose_of(_bare(rest, _WITH_VALUE))
    if name in _MANAGERS:
        return _managed(name, rest)
    if name == "node" and "--test" in rest:
        return Invocation(kind="tests")
    if name in {"make", "gmake"}:
        return Invocation(kind="script", make_targets=tuple(word for word in _bare_all(rest) if "=" not in word))
    if name in {"nx", "turbo", "lerna"}:
        return _tasks(name, rest)
    if name in _KIND_OF_TOOL:
        if name == "prettier":
            return _NOTHING
        return Invocation(kind=_KIND_OF_TOOL[name])
    if name == "prettier" and {"--check", "-c", "-l", "--list-different"} & set(rest):
        return Invocation(kind="lint")
    if name in _SUBCOMMANDS:
        sub = next(iter(_bare(rest, set())), "")
        return Invocation(kind=_SUBCOMMANDS[name].get(sub, ""))
    if name in {"pip", "pip3"} and rest[:1] == ["install"]:
        return Invocation(kind="install")
    if name in _INTERPRETERS:
        file = next((word for word in rest if not word.startswith("-")), "")
        return Invocation(kind="script", file=file) if "/" in file or "." in file else _NOTHING
    if "/" in words[0]:
        return Invocation(kind="script", file=words[0])
    return _NOTHING


def _managed(manager: str, rest: list[str]) -> Invocation:  # noqa: PLR0911 - one arm for each command
    bare = _bare(rest, _WITH_VALUE)
    if not bare:
        return Invocation(kind="install") if manager == "yarn" else _NOTHING
    sub, more = bare[0], bare[1:]
    if sub in {"run", "run-script", "rum"}:
        script = next(iter(_bare(more, _WITH_VALUE)), "")
        return Invocation(kind="script", scripts=(script,)) if script else _NOTHING
    if sub in _INSTALLS:
        return _NOTHING if {"-g", "--global"} & set(rest) else Invocation(kind="install")
    if sub in {"test", "t", "tst"}:
        return Invocation(kind="tests", scripts=("test",))
    if sub in {"exec", "dlx", "x"}:
        return purpose_of(_bare(more, _WITH_VALUE))
    if sub in _OWN_COMMANDS:
        return _NOTHING
    if sub == "workspaces" or (sub == "workspace" and more):
        return _managed(
            manager, _bare(more[1:] if sub == "workspace" else more, {"--include", "--exclude", "--from"})[:]
        )
    if manager != "npm":
        found = purpose_of(bare)
        return found if found.kind else Invocation(kind="script", scripts=(sub,))
    return _NOTHING


def _tasks(name: str, rest: list[str]) -> Invocation:  # noqa: C901 - one arm for each way to name a target
    named: list[str] = []
    waiting = list(rest)
    bare: list[str] = []
    while waiting:
        word = waiting.pop(0)
        if word in {"-t", "--target", "--targets"}:
            while waiting and not waiting[0].startswith("-"):
                named += waiting.pop(0).split(",")
        elif match := re.match(r"--targets?=(.+)|-t=(.+)", word):
            named += (match[1] or match[2]).split(",")
        elif not word.startswith("-"):
            bare.append(word)
    if not named and bare:
        first = bare[0]
        if name == "nx" and first == "run" and len(bare) > 1:
            named = [bare[1].split(":")[1] if ":" in bare[1] else bare[1]]
        elif name != "nx" and first == "run":
            named = bare[1:]
        elif name == "nx" and first.startswith("affected:"):
            named = [first.partition(":")[2]]
        elif name == "nx" and first not in {
            "graph",
            "reset",
            "report",
            "format:check",
            "show",
            "affected",
            "run-many",
            "release",
        }:
            named = [first]
        elif first == "format:check":
            return Invocation(kind="lint")
    return Invocation(kind="tasks", scripts=tuple(named)) if named else _NOTHING


def _bare(words: list[str], with_value: set[str]) -> list[str]:
    """Leave away the options before the first word that is none."""
    words = list(words)
    while words and words[0].startswith("-"):
        option = words.pop(0)
        if option == "--":
            break
        if option in with_value and words:
            words.pop(0)
    return words


def _bare_all(words: list[str]) -> list[str]:
    return [
        word
        for index, word in enumerate(words)
        if not word.startswith("-") and (not index or words[index - 1] not in {"-C", "-f", "-j"})
    ]

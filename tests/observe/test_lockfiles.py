"""Lockfiles of three package managers: what is locked, what a workspace needs, and what only development does."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exitgate.assurance import Assurance
from exitgate.dockerfile import parse_dockerfile
from exitgate.errors import ObservationError, PrerequisiteMissing
from exitgate.observation import Substrate
from exitgate.observe.lockfiles import Lockfile, read_lockfile, refuse_decoys

SUBSTRATE = Substrate(assurance=Assurance.DECLARED, name="files")
REFERENCE = Path(__file__).parents[2] / "reference"


def read(tmp_path: Path, name: str, text: str | dict[str, Any], folder: str = "apps/orders", **files: Any) -> Lockfile:
    (tmp_path / folder).mkdir(parents=True, exist_ok=True)
    for path, content in {name: text, **files}.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return read_lockfile(tmp_path, folder, SUBSTRATE)


def names(packages: frozenset[Any]) -> list[str]:
    return sorted(map(str, packages))


NPM: dict[str, Any] = {
    "lockfileVersion": 3,
    "packages": {
        "": {"name": "shop", "workspaces": ["apps/*", "libs/*"], "devDependencies": {"nx": "1"}},
        "apps/orders": {
            "name": "orders", "version": "1.0.0", "dependencies": {"kit": "1", "http": "1"}, "devDependencies": {"test": "1"},
            "optionalDependencies": {"native": "1"},
        },
        "apps/other": {"name": "other", "version": "1.0.0", "dependencies": {"only-other": "1"}},
        "libs/kit": {"name": "kit", "version": "1.0.0", "dependencies": {"log": "2"}, "devDependencies": {"bench": "1"}},
        "node_modules/kit": {"resolved": "libs/kit", "link": True},
        "node_modules/orders": {"resolved": "apps/orders", "link": True},
        "node_modules/http": {"version": "1.0.0", "dependencies": {"log": "1"}, "peerDependencies": {"peer": "1"}},
        "node_modules/http/node_modules/log": {"version": "1.0.0"},
        "node_modules/log": {"version": "2.0.0"},
        "node_modules/peer": {"version": "1.0.0"},
        "node_modules/native": {"version": "1.0.0", "optional": True},
        "node_modules/nx": {"version": "1.0.0", "dev": True, "dependencies": {"log": "2", "deep": "1"}},
        "node_modules/deep": {"version": "1.0.0", "dev": True},
        "node_modules/test": {"version": "1.0.0", "dev": True},
        "node_modules/bench": {"name": "real-bench", "version": "1.0.0", "dev": True},
        "node_modules/only-other": {"version": "1.0.0"},
    },
}  # fmt: skip
NEEDED = ["http@1.0.0", "log@1.0.0", "log@2.0.0", "native@1.0.0", "peer@1.0.0"]
DEVELOPMENT = ["deep@1.0.0", "nx@1.0.0", "real-bench@1.0.0", "test@1.0.0"]


@pytest.mark.parametrize("name", ["package-lock.json", "npm-shrinkwrap.json"])
def test_npm_resolves_as_node_does_through_workspaces_and_nested_folders(name: str, tmp_path: Path) -> None:
    lockfile = read(tmp_path, name, NPM)
    assert lockfile.path == name
    assert names(lockfile.needed) == sorted([*NEEDED, "kit@1.0.0", "orders@1.0.0"])
    assert names(lockfile.only_for_development) == DEVELOPMENT
    assert "only-other@1.0.0" in names(lockfile.locked)
    assert "kit@1.0.0" in names(lockfile.locked)


def test_npm_version_1_says_itself_what_only_development_needs(tmp_path: Path) -> None:
    old = {
        "lockfileVersion": 1,
        "dependencies": {
            "http": {"version": "1.0.0", "requires": {"log": "1"}, "dependencies": {"log": {"version": "1.0.0"}}},
            "test": {"version": "1.0.0", "dev": True},
            "alias": {"version": "npm:@scope/real@3.0.0"},
        },
    }
    lockfile = read(tmp_path, "apps/orders/package-lock.json", old)
    assert names(lockfile.needed) == ["@scope/real@3.0.0", "http@1.0.0", "log@1.0.0"]
    assert names(lockfile.only_for_development) == ["test@1.0.0"]


PNPM = {
    "9": """
lockfileVersion: '9.0'
importers:
  .: {devDependencies: {nx: {specifier: ^1, version: 1.0.0}}}
  apps/orders:
    dependencies:
      kit: {specifier: workspace:*, version: link:../../libs/kit}
      '@s/http': {specifier: ^1, version: 1.0.0(peer@1.0.0)}
    devDependencies: {test: {specifier: ^1, version: 1.0.0}}
  libs/kit: {dependencies: {alias: {specifier: npm:log@2, version: log@2.0.0}}}
packages:
  '@s/http@1.0.0': {resolution: {integrity: x}}
snapshots:
  '@s/http@1.0.0(peer@1.0.0)': {dependencies: {log: 1.0.0, peer: 1.0.0}}
  log@1.0.0: {}
  log@2.0.0: {}
  peer@1.0.0: {}
  nx@1.0.0: {dependencies: {log: 2.0.0}}
  test@1.0.0: {}
""",
    "6": """
lockfileVersion: '6.0'
importers:
  .: {devDependencies: {nx: {specifier: ^1, version: 1.0.0}}}
  apps/orders:
    dependencies:
      kit: {specifier: workspace:*, version: link:../../libs/kit}
      '@s/http': {specifier: ^1, version: 1.0.0(peer@1.0.0)}
    devDependencies: {test: {specifier: ^1, version: 1.0.0}}
  libs/kit: {dependencies: {alias: {specifier: npm:log@2, version: /log@2.0.0}}}
packages:
  /@s/http@1.0.0(peer@1.0.0): {dependencies: {log: 1.0.0, peer: 1.0.0}}
  /log@1.0.0: {}
  /log@2.0.0: {}
  /peer@1.0.0: {}
  /nx@1.0.0: {dependencies: {log: 2.0.0}, dev: true}
  /test@1.0.0: {dev: true}
""",
}


@pytest.mark.parametrize("version", PNPM)
def test_pnpm_is_read_in_both_of_its_present_forms(version: str, tmp_path: Path) -> None:
    lockfile = read(tmp_path, "pnpm-lock.yaml", PNPM[version])
    assert names(lockfile.needed) == ["@s/http@1.0.0", "log@1.0.0", "log@2.0.0", "peer@1.0.0"]
    assert names(lockfile.only_for_development) == ["nx@1.0.0", "test@1.0.0"]


def test_a_lockfile_that_calls_a_dependency_of_development_needed_is_an_error(tmp_path: Path) -> None:
    told = {"packages": {"apps/orders": {"dependencies": {"jest": "1"}}, "node_modules/jest": {"version": "1.0.0"}}}
    manifest = {"devDependencies": {"jest": "1"}}
    with pytest.raises(ObservationError, match=r"apps/orders/package\.json needs jest when it runs"):
        read(tmp_path, "package-lock.json", told, **{"apps/orders/package.json": manifest})
    both = {**manifest, "peerDependencies": {"jest": "1"}}
    assert names(read(tmp_path, "package-lock.json", told, **{"apps/orders/package.json": both}).needed) == [
        "jest@1.0.0"
    ]


def test_pnpm_locks_its_workspaces_by_their_manifests_and_addresses_by_the_version_beside_them(tmp_path: Path) -> None:
    text = """
lockfileVersion: '9.0'
importers:
  apps/orders:
    dependencies:
      '@s/kit': {specifier: workspace:*, version: file:libs/kit}
      far: {specifier: 'git+ssh://git@h/far', version: 'https://h/far@tar.gz/1a'}
  libs/kit: {}
packages:
  '@s/kit@file:libs/kit': {resolution: {directory: libs/kit, type: directory}}
  'far@https://h/far@tar.gz/1a': {resolution: {tarball: x}, version: 3.0.0}
snapshots:
  '@s/kit@file:libs/kit': {}
  'far@https://h/far@tar.gz/1a': {}
"""
    kit = {"libs/kit/package.json": {"name": "@s/kit", "version": "1.0.0"}}
    locked = names(read(tmp_path, "pnpm-lock.yaml", text, **kit).locked)
    assert {"@s/kit@1.0.0", "far@3.0.0"} <= set(locked)


YARN = {
    "1": """# yarn lockfile v1


"@s/http@^1", "@s/http@^1.0.0":
  version "1.0.0"
  resolved "x"
  dependencies:
    log "^1"
  optionalDependencies:
    "peer" "^1"

"alias@npm:log@^2":
  version "2.0.0"

log@^1:
  version "1.0.0"

peer@^1:
  version "1.0.0"

nx@^1:
  version "1.0.0"
  dependencies:
    log "^1"

test@^1:
  version "1.0.0"
""",
    "8": """
__metadata:
  version: 8

"@s/http@npm:^1, @s/http@npm:^1.0.0":
  version: 1.0.0
  resolution: "@s/http@npm:1.0.0"
  dependencies:
    log: "npm:^1"
  optionalDependencies:
    peer: "npm:^1"

"alias@npm:log@^2":
  version: 2.0.0
  resolution: "log@npm:2.0.0"

"log@npm:^1":
  version: 1.0.0
  resolution: "log@npm:1.0.0"

"peer@npm:^1":
  version: 1.0.0
  resolution: "peer@npm:1.0.0"

"nx@npm:^1":
  version: 1.0.0
  resolution: "nx@npm:1.0.0"

"test@npm:^1":
  version: 1.0.0
  resolution: "test@npm:1.0.0"

"kit@workspace:libs/kit":
  version: 0.0.0-use.local
  resolution: "kit@workspace:libs/kit"
""",
}
MANIFESTS: dict[str, Any] = {
    "package.json": {"workspaces": ["apps/*", "libs/*"], "devDependencies": {"nx": "^1"}},
    "apps/orders/package.json": {
        "name": "orders", "version": "1.0.0", "dependencies": {"@s/http": "^1", "kit": "*"}, "devDependencies": {"test": "^1"},
    },
    "libs/kit/package.json": {"name": "kit", "version": "1.0.0", "dependencies": {"alias": "npm:log@^2"}},
}  # fmt: skip


@pytest.mark.parametrize("version", YARN)
def test_yarn_is_read_with_the_manifests_beside_it(version: str, tmp_path: Path) -> None:
    lockfile = read(tmp_path, "yarn.lock", YARN[version], **MANIFESTS)
    own = ["kit@1.0.0", "orders@1.0.0"]
    assert names(lockfile.needed) == sorted(["@s/http@1.0.0", "log@1.0.0", "log@2.0.0", "peer@1.0.0", *own])
    assert names(lockfile.only_for_development) == ["nx@1.0.0", "test@1.0.0"]
    assert "kit@1.0.0" in names(lockfile.locked)


def test_the_nearest_lockfile_governs(tmp_path: Path) -> None:
    own: dict[str, Any] = {"packages": {"": {"dependencies": {"a": "1"}}, "node_modules/a": {"version": "1.0.0"}}}
    lockfile = read(tmp_path, "package-lock.json", NPM, **{"apps/orders/package-lock.json": own})
    assert (lockfile.path, names(lockfile.needed)) == ("apps/orders/package-lock.json", ["a@1.0.0"])


def test_a_folder_without_a_lockfile_is_not_assessed(tmp_path: Path) -> None:
    (tmp_path / "apps").mkdir()
    with pytest.raises(PrerequisiteMissing, match="no lockfile"):
        read_lockfile(tmp_path, "apps", SUBSTRATE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package-lock.json", ""),
        ("package-lock.json", "[]"),
        ("package-lock.json", '{"lockfileVersion": 3}'),
        ("package-lock.json", '{"packages": {"": 3}}'),
        ("package-lock.json", '{"packages": {"": {}}}'),
        ("pnpm-lock.yaml", ""),
        ("pnpm-lock.yaml", "lockfileVersion: '5.4'"),
        ("pnpm-lock.yaml", "a: [b"),
        ("pnpm-lock.yaml", "lockfileVersion: '9.0'\nimporters: {apps/orders: {dependencies: {a: {specifier: x}}}}"),
        ("yarn.lock", ""),
        ("yarn.lock", "no entry"),
        ("yarn.lock", "a@1:\n  resolved x\n"),
        ("yarn.lock", "a@1:\n  version 1\n"),
    ],
)
def test_what_is_no_lockfile_is_an_error_of_one_line(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(ObservationError) as error:
        read(tmp_path, name, text)
    assert str(error.value).startswith(name)
    assert "\n" not in str(error.value)


KEYS = st.sampled_from(
    ["packages", "dependencies", "importers", "lockfileVersion", "", ".", "a", "version", "link", "resolved"]
)
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("name", ["package-lock.json", "pnpm-lock.yaml", "yarn.lock"])
@given(text=st.text(max_size=200) | VALUES.map(json.dumps))
def test_any_text_is_a_lockfile_or_an_error_of_one_line(
    name: str, text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / name).write_text(text, encoding="utf-8")
    with suppress(ObservationError):
        read_lockfile(folder, ".", SUBSTRATE)


def test_on_the_reference_it_agrees_with_what_npm_itself_wrote() -> None:
    locked = json.loads((REFERENCE / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    # npm marks what development reaches and nobody else; `devOptional` and `peer` are reached otherwise too.
    marked = {
        (entry.get("name") or place.rpartition("node_modules/")[2], entry["version"])
        for place, entry in locked.items()
        if entry.get("dev") and "node_modules/" in place
    }
    other = {
        (entry.get("name") or place.rpartition("node_modules/")[2], entry["version"])
        for place, entry in locked.items()
        if not entry.get("dev") and "node_modules/" in place and not entry.get("link")
    }
    for workload in ("orders", "catalog", "web"):
        lockfile = read_lockfile(REFERENCE, f"apps/{workload}", SUBSTRATE)
        # Its own workspaces npm does not mark at all.
        found = {each for each in lockfile.only_for_development if not each.name.startswith("@reference-shop/")}
        assert {(each.name, each.version) for each in found} == marked - other
        assert f"@reference-shop/{workload}@1.0.0" in names(lockfile.needed)
        assert "@reference-shop/testing@1.0.0" in names(lockfile.only_for_development)


@pytest.mark.parametrize(
    ("name", "text", "workspaces"),
    [
        ("yarn.lock", ':\n  version "1"\n', []),
        ("yarn.lock", 'a@1:\n  version "1"\n', ["/apps/*"]),
        ("yarn.lock", 'a@1:\n  version "1"\n', [""]),
        ("package-lock.json", {"packages": {"/x": {"dependencies": {"none": "1"}}}}, []),
    ],
)
def test_what_no_package_manager_writes_is_an_error_of_one_line(
    name: str, text: str | dict[str, Any], workspaces: list[str], tmp_path: Path
) -> None:
    with pytest.raises(ObservationError) as caught:
        read(tmp_path, name, text, **{"package.json": {"workspaces": workspaces}})
    assert "\n" not in str(caught.value)


def test_two_lockfiles_in_one_folder_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(ObservationError, match=r"package-lock\.json and yarn\.lock in one folder"):
        read(tmp_path, "package-lock.json", NPM, **{"yarn.lock": ""})


@pytest.mark.parametrize(
    ("lines", "refused"),
    [
        (("COPY package.json package-lock.json ./",), False),
        (("COPY package*.json ./",), False),
        (("COPY . .",), False),
        (("COPY apps/orders/* ./",), False),
        (("COPY --from=deps /package-lock.json ./",), False),
        (("COPY apps/orders/package.json apps/orders/yarn.lock ./",), True),
        (("COPY ./apps/orders/yarn.* ./",), True),
        (("COPY apps/orders/yarn.lock ./", "COPY package-lock.json ./"), False),
    ],
)
def test_a_dockerfile_that_copies_another_lockfile_than_the_one_that_is_judged_is_an_error(
    tmp_path: Path, lines: tuple[str, ...], refused: bool
) -> None:
    lockfile = replace(read(tmp_path, "package-lock.json", NPM), path="package-lock.json")
    (tmp_path / "apps/orders/yarn.lock").write_text("", encoding="utf-8")
    dockerfile = parse_dockerfile("\n".join(("FROM node", *lines)), "Dockerfile")
    if refused:
        with pytest.raises(ObservationError, match=r"yarn\.lock, while package-lock\.json is the nearest"):
            refuse_decoys(lockfile, tmp_path, ".", dockerfile)
    else:
        refuse_decoys(lockfile, tmp_path, ".", dockerfile)

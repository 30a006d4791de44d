"""Packages that outlive a run: whole copies, known by all keys and the registry, and no more of them than there is room for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from exitgate.errors import ObservationError
from exitgate.provision import sweep
from exitgate.provision.workflow_run import kept_packages as module
from exitgate.provision.workflow_run.kept_packages import kept_packages

REGISTRY = "https://registry.example/"


def made(folder: Path, *trees: str) -> tuple[Path, Path]:
    """Return what a run installed, with npm's own folder beside it."""
    store, npm = folder / "store", folder / "npm"
    for tree in trees:
        (store / tree / "node_modules/a").mkdir(parents=True)
        (store / tree / "node_modules/a/index.js").write_text("the same under every version\n")
        (store / tree / "node_modules/a/own.js").write_text(f"of {tree} alone\n")
        (store / tree / "node_modules/a/main.js").symlink_to("index.js")
    for name in ("_cacache/tarball", "_logs/debug.log"):
        (npm / name).parent.mkdir(parents=True)
        (npm / name).write_text(name)
    return store, npm


def keep(cache: Path, folder: Path, *keys: str) -> None:
    with kept_packages(keys, REGISTRY, cache) as kept:
        kept.keep(*made(folder, *keys))


def give(cache: Path, folder: Path, *keys: str, registry: str = REGISTRY) -> bool:
    with kept_packages(keys, registry, cache) as kept:
        return kept.give(folder / "store", folder / "npm")


def test_a_later_run_gets_a_copy_of_all_installs_and_of_npm_s_cache(tmp_path: Path) -> None:
    keep(tmp_path / "cache", tmp_path / "first", "node20", "node22")
    assert give(tmp_path / "cache", tmp_path / "second", "node22", "node20")
    given = tmp_path / "second/store"
    assert (given / "node20/node_modules/a/own.js").read_text() == "of node20 alone\n"
    assert (given / "node22/node_modules/a/own.js").read_text() == "of node22 alone\n"
    assert (given / "node22/node_modules/a/main.js").readlink() == Path("index.js")
    assert [each.name for each in (tmp_path / "second/npm").iterdir()] == ["_cacache"]


def test_what_lies_beside_the_installs_that_were_asked_for_is_not_kept(tmp_path: Path) -> None:
    trees, npm = made(tmp_path / "first", "node20", "planted")
    trees.chmod(0o710)
    with kept_packages(("node20",), REGISTRY, tmp_path / "cache") as kept:
        kept.keep(trees, npm)
    assert give(tmp_path / "cache", tmp_path / "second", "node20")
    given = tmp_path / "second/store"
    assert [each.name for each in given.iterdir()] == ["node20"]
    assert (given.stat().st_mode & 0o777, given.stat().st_uid) == (0o710, trees.stat().st_uid)


def test_installs_share_what_is_equal_and_runs_share_nothing(tmp_path: Path) -> None:
    keep(tmp_path / "cache", tmp_path / "first", "node20", "node22")
    assert give(tmp_path / "cache", tmp_path / "second", "node20", "node22")
    same = [tmp_path / "second/store" / key / "node_modules/a/index.js" for key in ("node20", "node22")]
    assert same[0].samefile(same[1])
    same[0].write_text("written to by a workflow")
    assert give(tmp_path / "cache", tmp_path / "third", "node20", "node22")
    for folder in ("first", "third"):
        assert (tmp_path / folder / "store/node20/node_modules/a/index.js").read_text().startswith("the same")


@pytest.mark.parametrize(
    ("keys", "registry"), [(("node20",), REGISTRY), (("node20", "other"), REGISTRY), (("node20", "node22"), "")]
)
def test_other_keys_or_another_registry_are_another_install(
    keys: tuple[str, ...], registry: str, tmp_path: Path
) -> None:
    keep(tmp_path / "cache", tmp_path / "first", "node20", "node22")
    assert not give(tmp_path / "cache", tmp_path / "second", *keys, registry=registry)
    assert not (tmp_path / "second").exists()


def test_what_was_not_used_for_longest_is_forgotten(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for number, key in enumerate("abc"):
        keep(cache, tmp_path / key, key)
        for entry in cache.iterdir():
            age = entry.stat().st_mtime - 10
            os.utime(entry, (age, age))
        assert number < 1 or give(cache, tmp_path / f"again-{key}", "a")
    keep(cache, tmp_path / "d", "d")
    assert [give(cache, tmp_path / f"last-{key}", key) for key in "abcd"] == [True, False, True, True]


def test_a_disk_that_is_nearly_full_is_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_ROOM_BYTES", 10**18)
    keep(tmp_path / "cache", tmp_path / "first", "a")
    assert not give(tmp_path / "cache", tmp_path / "second", "a")


def test_what_can_t_be_copied_is_one_line_and_what_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with kept_packages(("a",), REGISTRY, cache) as kept:
        (kept.folder.with_suffix(".new") / "installed/half").mkdir(parents=True)
    keep(cache, tmp_path / "first", "a")
    assert give(cache, tmp_path / "second", "a")
    assert not (tmp_path / "second/store/half").exists()
    (tmp_path / "third").mkdir()
    (tmp_path / "third/store").mkdir()
    (tmp_path / "third/store/a").write_text("a file in the place of a folder")
    with pytest.raises(ObservationError, match="packages that can't be copied"):
        give(cache, tmp_path / "third", "a")


def test_nobody_else_reaches_it_and_a_sweep_finds_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with kept_packages(("a",), REGISTRY) as kept:
        kept.keep(*made(tmp_path / "first", "a"))
        place = kept.folder
    assert place.parent.stat().st_mode & 0o077 == 0
    assert str(place) in [each.name for each in sweep.cached_installations()]

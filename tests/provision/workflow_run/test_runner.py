"""Packages are kept for later runs as long as nothing of a target's was run by the user that owns them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from exitgate.github.node import Node as Text
from exitgate.github.workflow import Workflow
from exitgate.provision.confined import Ended, Quarters
from exitgate.provision.scanner import ScanTool
from exitgate.provision.workflow_run import Arrangement, Runner, Started, runner
from exitgate.provision.workflow_run.installs import KEY_ASKED, Installs
from exitgate.provision.workflow_run.kept_packages import package_cache
from exitgate.provision.workflow_run.nodes import Node
from exitgate.provision.workflow_run.services import Services
from exitgate.run import Run

WORKFLOW = Workflow(path="ci.yml", source=Text(value="", path="ci.yml", line=1, first_line=1))


@dataclass
class Rooms:
    """Quarters in which npm installs at once."""

    folder: Path
    path: str = ""
    installed: list[str] = field(default_factory=list)
    told: list[Mapping[str, str]] = field(default_factory=list)

    @property
    def home(self) -> Path:
        """The user's home."""
        return self.folder / "home"

    def run(self, _: object, *, cwd: Path, environment: Mapping[str, str], bounds: object) -> Ended:
        """Install a clone, known by its name."""
        assert bounds
        if KEY_ASKED not in environment:
            (self.folder / "installed" / cwd.name).mkdir(exist_ok=True)
            self.installed.append(cwd.name)
            self.told.append(environment)
        return cast("Ended", SimpleNamespace(exit_code=0, output=f"{cwd.name}\n", errors=""))


@pytest.fixture
def rooms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Rooms:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(runner, "_registry", lambda: "")
    monkeypatch.setattr(runner, "run_workflow", lambda *_, **__: SimpleNamespace(exit_code=1))
    monkeypatch.setattr(runner, "write_recorders", lambda *_: tmp_path)
    monkeypatch.setattr(runner, "replace", lambda place, **_: place)
    for name in ("rooms/home/.npm", "rooms/installed", "one", "two"):
        (tmp_path / name).mkdir(parents=True)
    for name in ("one", "two"):
        (tmp_path / name / "package-lock.json").write_text("{}")
    return Rooms(tmp_path / "rooms")


def made(rooms: Rooms) -> Runner:
    """Return a runner in such quarters."""
    return Runner(
        act=cast("ScanTool", None),
        place=cast("Quarters", rooms),
        nodes={"22": Node(version=(22, 1, 0), folder=rooms.folder)},
        installs=Installs(programs=rooms.folder, store=rooms.folder / "installed"),
        run=cast("Run", None),
        containers=None,
        may_substitute=frozenset(),
    )


def kept() -> int:
    return sum(each.is_dir() for each in package_cache().iterdir()) if package_cache().is_dir() else 0


def execute(one: Runner, clone: Path) -> None:
    one.execute(clone, WORKFLOW, (), cast("Started", None))


def record(one: Runner, clone: Path) -> None:
    one.record(clone, WORKFLOW, (), cast("Started", None))


def test_what_was_installed_before_anything_ran_is_kept_and_given_to_another_run(rooms: Rooms, tmp_path: Path) -> None:
    made(rooms).fetch(tmp_path / "one")
    assert (rooms.installed, kept()) == (["one"], 1)
    (rooms.folder / "installed/one").rmdir()
    made(rooms).fetch(tmp_path / "one")
    assert (rooms.installed, (rooms.folder / "installed/one").is_dir()) == (["one"], True)


@pytest.mark.parametrize("run", [execute, record])
def test_once_something_ran_nothing_is_kept_and_nothing_given(
    run: Callable[[Runner, Path], None], rooms: Rooms, tmp_path: Path
) -> None:
    made(rooms).fetch(tmp_path / "one")
    (rooms.folder / "installed/one").rmdir()
    one = made(rooms)
    run(one, tmp_path / "two")
    for name in ("two", "one"):
        one.fetch(tmp_path / name)
    assert (rooms.installed, kept()) == (["one", "two", "one"], 1)


def test_a_workflow_that_stands_still_has_no_servers_and_nobody_looks_what_it_wrote(
    rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(Runner, "_servers", lambda *_: nullcontext(asked.append("servers") or Services(network="")))
    monkeypatch.setattr(Installs, "changed", lambda _: asked.append("changed") or "")
    one = made(rooms)
    for idle in (True, False):
        one.execute(tmp_path / "one", WORKFLOW, (), cast("Started", None), Arrangement(idle=idle))
        assert asked == ([] if idle else ["servers", "changed"])


def test_every_node_trusts_whom_the_machine_trusts_and_later_ones_take_what_the_first_fetched(
    rooms: Rooms, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "authorities.crt"
    bundle.write_text("whom this machine trusts")
    bundle.chmod(0o600)
    monkeypatch.delenv("NODE_EXTRA_CA_CERTS", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    one = made(rooms)
    one.nodes = {str(each): Node(version=(each, 0, 0), folder=tmp_path / str(each)) for each in (22, 20)}
    one.fetch(tmp_path / "one")
    # Where the user that installs can read it.
    own = rooms.folder / "authorities.pem"
    assert [each["NODE_EXTRA_CA_CERTS"] for each in rooms.told] == [str(own)] * 2
    assert (own.read_text(), own.stat().st_mode & 0o777) == ("whom this machine trusts", 0o644)
    assert [each.get("npm_config_prefer_offline") for each in rooms.told] == [None, "true"]
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere"))
    monkeypatch.setattr(runner, "_BUNDLES", ())
    one.fetch(tmp_path / "two")
    assert "NODE_EXTRA_CA_CERTS" not in rooms.told[-1]

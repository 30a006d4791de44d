"""What the stand-in for npm gives again, what it leaves to npm, and whether a run that writes to packages is noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from exitgate.provision.confined import Quarters
from exitgate.provision.workflow_run.installs import KEY_ASKED, Installs, keep_installs

NPM = """\
#!/bin/sh
echo "npm $*" >>"$LOG"
case $1 in ci) [ ! -e broken ] && mkdir -p node_modules/a apps/x/node_modules/b && echo one >node_modules/a/index.js ;; esac
"""
NODE = """\
#!/bin/sh
[ "$1" != --version ] || {{ echo v20.1.2; exit 0; }}
[ ! -e silent ] || exit 1
exec {node} "$@"
"""


@pytest.fixture
def installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installs:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node.js")
    for name, script in (("npm", NPM), ("node", NODE.format(node=node))):
        program = tmp_path / "real" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(script)
        program.chmod(0o755)
    made = keep_installs(Quarters(folder=tmp_path, user=os.getuid(), group=os.getgid()))
    monkeypatch.setenv("PATH", os.pathsep.join((str(made.programs), str(tmp_path / "real"), os.environ["PATH"])))
    monkeypatch.setenv("LOG", str(tmp_path / "log"))
    return made


def clone(tmp_path: Path, name: str, package: str = "{}") -> Path:
    folder = tmp_path / name
    (folder / "apps/x").mkdir(parents=True)
    for file in ("package.json", "package-lock.json", "apps/x/package.json"):
        (folder / file).write_text(package)
    return folder


def npm(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["npm", *words], cwd=folder, capture_output=True, text=True, check=False)


def log(tmp_path: Path) -> list[str]:
    return (tmp_path / "log").read_text().splitlines()


def test_an_equal_install_is_given_again_and_another_one_is_npm_s(installs: Installs, tmp_path: Path) -> None:
    first, second, third = (clone(tmp_path, name) for name in ("one", "two", "three"))
    assert npm(first, "ci", "--ignore-scripts").returncode == 0
    assert "an equal install" in npm(second, "ci", "--ignore-scripts").stdout
    assert (second / "node_modules/a/index.js").read_text() == "one\n"
    assert (second / "apps/x/node_modules/b").is_dir()
    (third / "apps/x/package.json").write_text('{"dependencies": {}}')
    assert npm(third, "ci", "--ignore-scripts").stdout == ""
    assert log(tmp_path) == ["npm ci --ignore-scripts"] * 2


@pytest.mark.parametrize(
    ("one", "another", "equal"),
    [
        ('{"scripts": {"build": "vite build"}}', '{"scripts": {"build": "tsc", "test": "jest"}}', True),
        ('{"scripts": {"postinstall": "a"}}', '{"scripts": {"postinstall": "b"}}', False),
        ('{"scripts": {"prepare": "a"}}', '{"scripts": {}}', False),
        ('{"scripts": {"build": 1}}', '{"scripts": {"build": 2}}', False),
        ('{"scripts": "a"}', '{"scripts": "b"}', False),
        ('{"name": "a", "scripts": {"build": "x"}}', '{"name": "b", "scripts": {"build": "x"}}', False),
        ('{"scripts": {"build": "a"},}', '{"scripts": {"build": "b"},}', False),
        ("[1]", "[2]", False),
    ],
)
def test_of_scripts_those_alone_count_that_an_install_knows(
    one: str, another: str, equal: bool, installs: Installs, tmp_path: Path
) -> None:
    for name, text in (("one", one), ("two", another)):
        folder = clone(tmp_path, name)
        (folder / "apps/x/package.json").write_text(text)
        assert npm(folder, "ci", "--ignore-scripts").returncode == 0
    assert log(tmp_path) == ["npm ci --ignore-scripts"] * (1 if equal else 2)


def test_scripts_of_a_lockfile_are_no_scripts(installs: Installs, tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = clone(tmp_path, name)
        (folder / "package-lock.json").write_text(f'{{"scripts": {{"build": "{name}"}}}}')
        npm(folder, "ci", "--ignore-scripts")
    assert log(tmp_path) == ["npm ci --ignore-scripts"] * 2


def test_where_the_contents_can_t_be_told_an_install_is_npm_s(installs: Installs, tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = clone(tmp_path, name)
        (folder / "silent").touch()
        assert npm(folder, "ci", "--ignore-scripts").returncode == 0
    assert log(tmp_path) == ["npm ci --ignore-scripts"] * 2
    assert list(installs.store.iterdir()) == []


def test_an_install_by_another_shrinkwrap_is_another_one(installs: Installs, tmp_path: Path) -> None:
    for name, text in (("one", "{}"), ("two", '{"packages": {}}')):
        folder = clone(tmp_path, name)
        (folder / "npm-shrinkwrap.json").write_text(text)
        assert npm(folder, "ci", "--ignore-scripts").stdout == ""
    assert log(tmp_path) == ["npm ci --ignore-scripts"] * 2


def test_an_install_that_fails_is_npm_s_failure_each_time(installs: Installs, tmp_path: Path) -> None:
    for name in ("one", "two"):
        folder = clone(tmp_path, name)
        (folder / "broken").touch()
        assert npm(folder, "ci", "--ignore-scripts").returncode == 1
    assert log(tmp_path) == ["npm ci --ignore-scripts"] * 2
    assert installs.changed() == ""


def test_asked_for_its_key_it_installs_nothing(
    installs: Installs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = clone(tmp_path, "one")
    with monkeypatch.context() as asked:
        asked.setenv(KEY_ASKED, "yes")
        key = npm(folder, "ci", "--ignore-scripts").stdout.strip()
    assert not installs.has([key])
    assert not (tmp_path / "log").exists()
    npm(folder, "ci", "--ignore-scripts")
    assert installs.has([key])
    assert not installs.has([key, ""])


@pytest.mark.parametrize("words", [("ci",), ("install", "--ignore-scripts"), ("test",), ("run", "build")])
def test_any_other_command_is_npm_s(installs: Installs, words: tuple[str, ...], tmp_path: Path) -> None:
    for name in ("one", "two"):
        npm(clone(tmp_path, name), *words)
    assert log(tmp_path) == [f"npm {' '.join(words)}"] * 2


def test_a_file_that_a_run_writes_to_is_named(installs: Installs, tmp_path: Path) -> None:
    folder = clone(tmp_path, "one")
    npm(folder, "ci", "--ignore-scripts")
    assert installs.changed() == ""
    (folder / "node_modules/a/new.js").write_text("a file of the clone's own")
    assert installs.changed() == ""
    (folder / "node_modules/a/index.js").write_text("another")
    assert installs.changed() == "node_modules/a/index.js"

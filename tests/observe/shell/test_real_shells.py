"""The same scripts in real shells: what is said of a failure is what bash and dash do."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from exitgate.observe.shell import Fate, ShellOptions, read_script

SHELLS = (
    (("bash", "-e"), ShellOptions(errexit=True, pipefail=False)),
    (("bash", "--noprofile", "--norc", "-eo", "pipefail"), ShellOptions(errexit=True, pipefail=True)),
    (("bash",), ShellOptions(errexit=False, pipefail=False)),
)
STUB = '#!/bin/sh\n[ "$BAD" = "${0##*/}" ] && { echo ran >> "$MARK"; exit 3; }\nexit 0\n'
SIMPLE = (
    "x=$({0})",
    "export x=$({0})",
    "echo $({0})",
    "true",
    "false",
    "rc=$?",
    "set +e",
    "set -e",
    "exit 0",
    "exit $rc",
    '[ "$rc" -eq 0 ]',
    'bash -c "{0}; {1}"',
    'bash -ec "{0}; {1}"',
    "set -o pipefail",
    'trap "exit 0" EXIT',
    'trap "rc=\\$?; exit \\$rc" EXIT',
    'trap "exit 5" ERR',
    'trap "exit 0" ERR',
    "f",
    "((rc++))",
    "[[ $rc -ne 0 ]]",
    'eval "{0}; {1}"',
    '[ -n "$x" ]',
    "{0} & wait $!",
    "{0} & wait",
)
COMPOUND = (
    "{a} || {b}",
    "{a} && {b}",
    "{s} | {t}",
    "! {0}",
    "{{ {a}; {b}; }}",
    "( {a}; {b} )",
    "if {a}; then {b}; fi",
    "if {a}; then {b}; else {c}; fi",
    "for i in 1 2; do {a}; done",
    "case $rc in 0) {a};; *) {b};; esac",
    "for i in 1 2; do {a} && break; done",
    "while {a}; do {b}; break; done",
)


class Writer:
    """Writes random scripts, each command in them once."""

    def __init__(self, seed: int) -> None:
        self.random, self.used = random.Random(seed), 0

    def command(self) -> str:
        self.used += 1
        return f"c{self.used - 1}" if self.used <= 6 else ":"

    def node(self, depth: int) -> str:
        if depth == 0 or self.random.random() < 0.2:
            if self.random.random() < 0.6:
                return self.command()
            return self.random.choice(SIMPLE).format(self.command(), self.command())
        parts = {name: self.node(depth - 1) for name in "abc"} | {name: self.node(0) for name in "st"}
        return self.random.choice(COMPOUND).format(self.command(), **parts)

    def script(self) -> str:
        lines = [self.node(self.random.randint(0, 2)) for _ in range(self.random.randint(1, 3))]
        return "\n".join(["rc=0", "x=", f"f() {{ {self.node(1)}; }}", *lines]) + "\n"


@pytest.fixture(scope="module")
def stubs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stubs")
    for number in range(6):
        (folder / f"c{number}").write_text(STUB, encoding="utf-8")
        (folder / f"c{number}").chmod(0o755)
    return folder


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash to compare with")
@pytest.mark.parametrize("seed", range(60))
def test_bash_does_what_is_said(seed: int, stubs: Path, tmp_path: Path) -> None:
    script = Writer(seed).script()
    file = tmp_path / "script"
    file.write_text(script, encoding="utf-8")
    arguments, options = SHELLS[seed % len(SHELLS)]
    for command in read_script(script, 1, options).commands:
        if not command.words[0].startswith("c") or command.fate is Fate.SOMETIMES:
            continue
        mark = tmp_path / command.words[0]
        environment = {"PATH": f"{stubs}{os.pathsep}/usr/bin:/bin", "BAD": command.words[0], "MARK": str(mark)}
        done = subprocess.run([*arguments, str(file)], env=environment, capture_output=True, timeout=20, check=False)
        seen = Fate.NEVER if not mark.exists() else Fate.LOST if done.returncode == 0 else Fate.REACHES
        assert command.fate == seen, f"{command.text}\n{script}"

"""Which file a command line runs in the end: past shells, init processes, interpreters and package managers."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from exitgate.dockerfile.effects import Command, Program, absolute

_SHELLS = {"sh", "bash", "ash", "dash"}
_WRAPPERS = {
    "tini": ("-p", "-e"),
    "dumb-init": ("-r", "--rewrite"),
    "catatonit": (),
    "env": ("-u", "-C"),
    "exec": ("-a",),
    "nice": ("-n",),
    "nohup": (),
    "setpriv": (),
    "gosu": (),
    "su-exec": (),
}
"""What runs the rest of its words, and its options that take a word of their own."""
_TAKES_A_USER = {"gosu", "su-exec"}
_INTERPRETERS = {
    "node": ("-r", "--require", "--import", "--loader", "--experimental-loader", "-C", "--conditions", "--env-file"),
    "nodejs": ("-r", "--require", "--import"),
    "bun": ("-r", "--preload"),
    "deno": ("-c", "--config"),
    "python": ("-W", "-X"),
    "ruby": ("-I", "-r"),
    "php": ("-c", "-d"),
    "perl": ("-I", "-M"),
    "dotnet": (),
    "java": ("-cp", "-classpath", "--class-path"),
}
"""What runs a file, and its options that take a word of their own."""
_INLINE = {"-e", "--eval", "-p", "--print", "-i", "-c", "-m"}
"""Options of interpreters with which they run no file, or one that its path does not tell."""
_MANAGERS = {"npm": ("--prefix", "-C"), "pnpm": ("--dir", "-C"), "yarn": ("--cwd",)}
"""Package managers, and their options that name the package's folder."""
_MODULE_ENDINGS = (".js", ".mjs", ".cjs", "/index.js")
_KEYWORDS = {"if", "while", "until", "for", "case", "{", "("}
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a command line runs. Of path, name and unknown, one is not empty."""

    path: str = ""
    """Absolute; of a package manager, the package.json whose script it runs."""
    or_else: tuple[str, ...] = ()
    """Where the file is looked for if it is not there, e.g. with ``.js`` at its end."""
    name: str = ""
    """What is looked for in the folders of PATH."""
    unknown: str = ""
    """Why it can't be told, as a clause."""


def started_words(program: Program, entrypoint: Sequence[str] | None, command: Sequence[str] | None) -> tuple[str, ...]:
    """Return what is executed: the image's own ENTRYPOINT and CMD, but for what the settings of a run give instead.

    Empty where neither says anything, which leaves it to the base image.
    """
    if entrypoint:
        # Who gives an entry point takes the image's CMD away.
        return (*entrypoint, *(command or ()))
    own = _in_words(program.entrypoint)
    if program.entrypoint and program.entrypoint.in_shell:
        return own
    return (*own, *(command or _in_words(program.command)))


def invoked(words: Sequence[str], folder: str) -> Invocation:
    """Return what a command line runs.

    Args:
        words: As they are executed.
        folder: Absolute; the one in which it is started.
    """
    rest = list(words)
    while rest:
        name = rest[0].rpartition("/")[2]
        if name in _SHELLS:
            return _by_shell(rest, folder)
        if name in _WRAPPERS:
            rest = _unwrapped(name, rest[1:])
        elif "entrypoint" in name and len(rest) > 1:
            # By custom such a script ends in `exec "$@"`.
            rest = rest[1:]
        else:
            return _run(name, rest, folder)
    return Invocation(unknown="it starts nothing")


def _in_words(command: Command | None) -> tuple[str, ...]:
    if command is None:
        return ()
    return ("/bin/sh", "-c", *command.words) if command.in_shell else command.words


def _without_options(words: list[str], with_value: Sequence[str]) -> list[str]:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "--":
            break
        if option in with_value and rest:
            rest.pop(0)
    return rest


def _unwrapped(name: str, words: list[str]) -> list[str]:
    rest = _without_options(words, _WRAPPERS[name])
    if name in _TAKES_A_USER:
        rest = rest[1:]
    while name == "env" and rest and _ASSIGNMENT.match(rest[0]):
        rest = rest[1:]
    return rest


def _run(name: str, words: list[str], folder: str) -> Invocation:
    kind = re.sub(r"(?<=python)[\d.]+$|(?<=node)\d+$", "", name)
    if kind in _INTERPRETERS:
        return _by_interpreter(kind, words[1:], folder)
    if kind in _MANAGERS:
        return _by_manager(kind, words[1:], folder)
    if kind == "npx" and (rest := _without_options(words[1:], ())):
        return Invocation(path=absolute(f"node_modules/.bin/{rest[0]}", folder))
    if "/" in words[0]:
        return Invocation(path=absolute(words[0], folder))
    return Invocation(name=words[0]) if words[0] else Invocation(unknown="its first word is empty")


def _by_interpreter(kind: str, words: list[str], folder: str) -> Invocation:
    if kind == "java":
        if "-jar" not in words[:-1]:
            return Invocation(unknown="java is given a class, not a file")
        return Invocation(path=absolute(words[words.index("-jar") + 1], folder))
    with_value = _INTERPRETERS[kind]
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in _INLINE and option not in with_value:
            return Invocation(unknown=f"{kind} {option} runs no file")
        if option == "--":
            break
        if option in with_value and rest:
            rest.pop(0)
    if kind in {"bun", "deno"} and rest[:1] == ["run"]:
        rest = _without_options(rest[1:], with_value)
    if not rest:
        return Invocation(unknown=f"{kind} is given no file")
    path = absolute(rest[0], folder)
    endings = _MODULE_ENDINGS if kind in {"node", "nodejs", "bun"} else ()
    if rest[0].rstrip("/").rpartition("/")[2] in {".", ".."}:
        return Invocation(path=absolute("package.json", path))
    return Invocation(path=path, or_else=tuple(path + ending for ending in endings))


def _by_manager(kind: str, words: list[str], folder: str) -> Invocation:
    for position, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option in _MANAGERS[kind]:
            given = value if equals else "".join(words[position + 1 : position + 2])
            return Invocation(path=absolute("package.json", absolute(given, folder)))
    return Invocation(path=absolute("package.json", folder))


def _by_shell(words: list[str], folder: str) -> Invocation:
    for position, word in enumerate(words[1:], start=1):
        if not word.startswith("-"):
            return Invocation(path=absolute(word, folder))
        if "c" in word and not word.startswith("--"):
            return _script("".join(words[position + 1 : position + 2]), folder)
    return Invocation(unknown="a shell is given no script")


def _script(text: str, folder: str) -> Invocation:
    """Return what the last command of a script runs: what comes before it prepares, and ends."""
    try:
        *before, last = _commands(text) or [[]]
    except ValueError:
        return Invocation(unknown="its script has a quote that is not closed")
    for command in before:
        if command[0] == "cd" and len(command) == 2:  # noqa: PLR2004
            folder = absolute(command[1], folder)
    while last and _ASSIGNMENT.match(last[0]):
        last = last[1:]
    if not last:
        return Invocation(unknown="its script runs nothing")
    if last[0] in _KEYWORDS or any(sign in word for word in (*last, folder) for sign in ("$", "`", "(", ")")):
        return Invocation(unknown="its script decides as it runs")
    return invoked(last, folder)


def _commands(text: str) -> list[list[str]]:
    """Return the words of each command of a script, redirections left out."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|<>()\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    commands: list[list[str]] = [[]]
    redirects = False
    for token in lexer:
        signs = set(token)
        if signs and signs <= set(";&|\n"):
            commands.append([])
        elif signs and signs <= set("<>&"):
            redirects = True
        elif redirects:
            redirects = False
        else:
            commands[-1].append(token)
    return [command for command in commands if command]

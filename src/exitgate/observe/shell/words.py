"""What a command's words say of how it is run: wrappers around it, scripts inside of it, and whether it asks or does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from exitgate.observe.shell.syntax import Expression, Simple, Word

_WRAPPERS = {
    "time",
    "command",
    "builtin",
    "env",
    "nice",
    "nohup",
    "sudo",
    "timeout",
    "stdbuf",
    "ionice",
    "xvfb-run",
    "exec",
}
_WRAPPERS |= {"dotenv", "cross-env", "taskset", "setsid", "retry", "unbuffer"}
_TAKES_A_VALUE = {
    "timeout": {"-k", "-s", "--kill-after", "--signal"},
    "nice": {"-n"},
    "sudo": {"-u", "-g", "-C"},
    "env": {"-u", "-C"},
    "xvfb-run": {"-s", "-n", "-e", "--server-args"},
    "ionice": {"-c", "-n"},
    "stdbuf": {"-i", "-o", "-e"},
    "exec": {"-a"},
}
_SHELLS = {"bash", "sh", "dash", "zsh", "ksh", "ash"}
_QUESTIONS = {
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "diff",
    "cmp",
    "which",
    "type",
    "hash",
    "pgrep",
    "read",
    "mountpoint",
    "pidof",
}
_ASKS_BY_FLAG = {
    "git": {"--quiet", "--exit-code", "--is-ancestor"},
    "jq": {"-e", "--exit-status"},
    "command": {"-v", "-V"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A script that a command is given as a word or a here-document."""

    text: str
    line: int
    flags: frozenset[str]
    """``e``, ``pipefail``: what the shell that runs it is told."""


def name_of(words: tuple[Word, ...]) -> str:
    """Return a command's name without its folder; nothing where that depends."""
    return (words[0].constant or "").rpartition("/")[2] if words else ""


def unwrapped(words: tuple[Word, ...]) -> tuple[Word, ...]:
    """Return a command without what runs it and passes its status on: ``time``, ``env A=b``, ``timeout 60``."""
    while words and (name := name_of(words)) in _WRAPPERS:
        rest = list(words[1:])
        if name == "command" and rest and rest[0].text in {"-v", "-V"}:
            return words
        while rest:
            text = rest[0].text
            if text == "--":
                rest.pop(0)
                break
            if text.startswith("-"):
                rest.pop(0)
                if text in _TAKES_A_VALUE.get(name, set()) and rest:
                    rest.pop(0)
            elif name in {"env", "cross-env", "sudo", "dotenv"} and "=" in text:
                rest.pop(0)
            else:
                break
        if name == "timeout" and rest:
            rest.pop(0)
        words = tuple(rest)
    return words


def swallows(words: tuple[Word, ...]) -> bool:
    """Say whether a command says success of a command that it runs and that failed: ``find -exec … ;``, and ``-execdir``."""
    texts = [word.constant or "" for word in words]
    name = name_of(unwrapped(words)) if unwrapped(words) else ""
    return name == "find" and bool({"-exec", "-execdir"} & set(texts)) and texts[-1] == ";"


def nested_script(node: Simple, here: Mapping[str, tuple[str, int]]) -> Inner | None:
    """Return the script that a command is given: by ``-c``, or by a here-document to a shell."""
    words = node.words
    for index, word in enumerate(words):
        if (word.constant or "").rpartition("/")[2] not in _SHELLS:
            continue
        flags: set[str] = set()
        rest = iter(words[index + 1 :])
        for each in rest:
            text = each.constant
            if text is None or text[:1] not in {"-", "+"}:
                break
            flags |= set(text.lstrip("-+")) if not text.startswith("--") else set()
            if text.endswith("o"):
                flags.add(next((following.constant or "" for following in rest), ""))
            if "c" in text and not text.startswith("--"):
                script = next(rest, None)
                if script is None or script.constant is None:
                    return None
                flags |= {"e"} if "errexit" in flags else set()
                return Inner(text=script.constant, line=node.line, flags=frozenset(flags))
        else:
            for beside in node.beside:
                if beside.constant is not None and beside.constant in here:
                    text, line = here[beside.constant]
                    return Inner(
                        text=text, line=line, flags=frozenset(flags | ({"e"} if "errexit" in flags else set()))
                    )
    return None


def is_question(words: tuple[Word, ...]) -> bool:
    """Say whether failing is one of a command's answers, and no failure."""
    name = name_of(words)
    return name in _QUESTIONS or any(word.text in _ASKS_BY_FLAG.get(name, set()) for word in words[1:])


def question_in_words(words: tuple[Word, ...]) -> Expression:
    """Read the words of ``test`` as an expression, as far as they are one operator and its operands."""
    texts = [word.text for word in words if word.text != "]"]
    own = [word for word in words if word.text != "]"]
    match len(own):
        case 1:
            return Expression("", (), own[0])
        case 2:
            return Expression(texts[0], (Expression("", (), own[1]),))
        case 3:
            return Expression(texts[1], (Expression("", (), own[0]), Expression("", (), own[2])))
    return Expression("?")

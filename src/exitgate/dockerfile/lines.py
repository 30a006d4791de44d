"""A Dockerfile's text taken apart into instructions, by BuildKit's rules.

Source: https://docs.docker.com/reference/dockerfile/ and BuildKit's frontend/dockerfile/parser/parser.go.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from exitgate.dockerfile.words import SPACE, MalformedWordError, Scope, expand, split_words
from exitgate.errors import ObservationError

_DIRECTIVE = re.compile(r"#\s*([A-Za-z][A-Za-z0-9]*)\s*=\s*(.+?)\s*$")
_DIRECTIVES = ("syntax", "escape", "check")
_GAP = re.compile(r"[\t\v\f\r ]+")
_HERE_DOCUMENT = re.compile(r"(\d*)<<(-?)([^<]+)")
_ASCII_SPACE = "\t\n\v\f\r "
"""BuildKit reads flags byte by byte."""
_JSON = json.JSONDecoder()
_HOLDS_HERE_DOCUMENTS = ("ADD", "COPY", "RUN")
_CONTINUED = {each: re.compile(rf"(?:^|(?<=[^{re.escape(each)}])){re.escape(each)}[ \t]*$") for each in "\\`"}


@dataclass(frozen=True, slots=True, kw_only=True)
class HereDocument:
    """Lines given to an instruction in place of a file."""

    name: str
    content: str
    """With its line ends; of ``<<-`` with its leading tabs."""
    expands: bool = True
    """Whether variables are put in: they are not where the word after << is quoted."""
    strips_tabs: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction with its first line, 1-based."""

    line: int
    name: str
    """In capitals, e.g. ``USER``. Names that no builder knows are kept: that they are wrong is for the builder to say."""
    value: str
    """All that stands after the name, flags included, continued lines joined."""
    here_documents: tuple[HereDocument, ...] = ()

    @property
    def flags(self) -> tuple[tuple[str, str], ...]:
        """Names without ``--``, and values, of the flags at the front, e.g. ``("from", "build")``."""
        return tuple((name, value) for name, _, value in (each[2:].partition("=") for each in _cut(self.value)[0]))

    @property
    def rest(self) -> str:
        """What stands after the flags."""
        return _cut(self.value)[1].strip(SPACE)

    @property
    def words(self) -> tuple[str, ...]:
        """What stands after the flags: the words of the exec form, else those between white space."""
        return self.exec_form or tuple(filter(None, _GAP.split(self.rest)))

    @property
    def exec_form(self) -> tuple[str, ...] | None:
        """The words of a JSON array of strings; nothing where there is none, which makes it the shell form."""
        rest = self.rest
        if not rest.startswith("["):
            return None
        try:
            # BuildKit decodes the first value and does not look at what comes after it.
            words, _ = _JSON.raw_decode(rest)
        except (ValueError, RecursionError):
            return None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return tuple(words)
        return None

    @property
    def triggered(self) -> Instruction | None:
        """What an ONBUILD leaves to whoever builds on the image; nothing of other instructions."""
        if self.name != "ONBUILD" or not self.value:
            return None
        name, value = _named(self.value)
        return Instruction(line=self.line, name=name, value=value, here_documents=self.here_documents)


@dataclass(frozen=True, slots=True, kw_only=True)
class Directives:
    """Parser directives: comments at the very top that tell how to read what follows."""

    escape: str = "\\"
    syntax: str = ""
    check: str = ""


def take_apart(text: str, path: str) -> tuple[Directives, tuple[Instruction, ...]]:
    """Return the directives and the instructions of a Dockerfile.

    Args:
        path: For errors.

    Raises:
        ObservationError: if a directive is wrong or a here-document does not end.
    """
    lines = [line.rstrip("\r") for line in text.removeprefix("\ufeff").split("\n")]
    directives = _directives(lines, path)
    continued = _CONTINUED[directives.escape]
    instructions: list[Instruction] = []
    at = 0
    while at < len(lines):
        start = at + 1
        line, more = _join(lines[at].lstrip(SPACE), continued)
        at += 1
        if line.startswith("#"):
            continue
        parts = [line]
        while more and at < len(lines):
            raw = lines[at]
            at += 1
            bare = raw.lstrip(SPACE)
            if bare and not bare.startswith("#"):
                part, more = _join(raw, continued)
                parts.append(part)
        joined = "".join(parts).strip(SPACE)
        if not joined:
            continue
        name, value = _named(joined)
        documents: list[HereDocument] = []
        for opened in _opened(name, value, joined):
            content, at = _content(lines, at, opened)
            if at > len(lines):
                raise ObservationError(
                    f"{path}:{start}",
                    got=f"a here-document that is not ended by {opened.name}",
                    expected="a line that holds the word and nothing else",
                    action="Add that line.",
                )
            documents.append(
                HereDocument(name=opened.name, content=content, expands=opened.expands, strips_tabs=opened.strips_tabs)
            )
        instructions.append(Instruction(line=start, name=name, value=value, here_documents=tuple(documents)))
    return directives, tuple(instructions)


def _directives(lines: list[str], path: str) -> Directives:
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        match = _DIRECTIVE.match(line.lstrip(SPACE))
        name = match[1].lower() if match else ""
        if not match or name not in _DIRECTIVES:
            break
        if name in found or (name == "escape" and match[2] not in _CONTINUED):
            raise ObservationError(
                f"{path}:{number}",
                got=f"a second directive {name}" if name in found else f"the escape character {match[2]}",
                expected="each directive once" if name in found else "\\ or `",
                action="Mend that line.",
            )
        found[name] = match[2]
    return Directives(**found)


def _join(line: str, continued: re.Pattern[str]) -> tuple[str, bool]:
    """Return a line without its continuation character, and whether it had one. A comment is never continued."""
    if line.startswith("#"):
        return line, False
    match = continued.search(line)
    return (line[: match.start()], True) if match else (line, False)


def _named(text: str) -> tuple[str, str]:
    name, *rest = _GAP.split(text.strip(SPACE), maxsplit=1)
    return name.upper(), rest[0] if rest else ""


def _opened(name: str, value: str, whole: str) -> list[HereDocument]:
    """Return the here-documents that an instruction opens, their content still empty."""
    if "<<" not in whole:
        return []
    own = Instruction(line=0, name=name, value=value)
    own = own.triggered or own
    if own.name not in _HOLDS_HERE_DOCUMENTS or own.exec_form is not None:
        return []
    try:
        words = split_words(whole)
    except MalformedWordError:
        # BuildKit finds no here-document there either.
        return []
    return [document for word in words if (document := _here_document(word))]


def _here_document(word: str) -> HereDocument | None:
    match = _HERE_DOCUMENT.fullmatch(word)
    if not match:
        return None
    raw = match[3]
    try:
        name = expand(_literal(raw), Scope()).text
    except MalformedWordError:
        return None
    if not name:
        return None
    return HereDocument(name=name, content="", expands=name == raw, strips_tabs=match[2] == "-")


def _literal(raw: str) -> str:
    """Return a word in which $ is a character like others: no builder puts variables into the names of here-documents."""
    return raw.replace("$", "\\$") if "'" not in raw else raw


def _content(lines: list[str], at: int, opened: HereDocument) -> tuple[str, int]:
    """Return a here-document's content and the index of the line after its end; one beyond the last where it has none."""
    for end in range(at, len(lines)):
        if (lines[end].lstrip("\t") if opened.strips_tabs else lines[end]) == opened.name:
            return "".join(f"{line}\n" for line in lines[at:end]), end + 1
    return "", len(lines) + 1


def _cut(value: str) -> tuple[tuple[str, ...], str]:
    """Return the flags at the front of an instruction's value, and the rest. Their quotes and escapes are gone."""
    flags: list[str] = []
    at = 0
    while True:
        while at < len(value) and value[at] in _ASCII_SPACE:
            at += 1
        if not value.startswith("--", at):
            return tuple(flags), value[at:]
        word, at = _flag(value, at)
        if word == "--":
            return tuple(flags), value[at:]
        flags.append(word)


def _flag(value: str, at: int) -> tuple[str, int]:
    word: list[str] = []
    quote = ""
    while at < len(value):
        character = value[at]
        if character == "\\":
            word.append(value[at + 1 : at + 2])
            at += 2
            continue
        if quote:
            quote = "" if character == quote else quote
            word += [character] if quote else []
        elif character in _ASCII_SPACE:
            break
        elif character in "'\"":
            quote = character
        else:
            word.append(character)
        at += 1
    return "".join(word), at

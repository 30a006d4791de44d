"""Words of a Dockerfile as BuildKit reads them: split, rid of quotes and escapes, variables put in.

Source: https://docs.docker.com/reference/dockerfile/#environment-replacement and BuildKit's frontend/dockerfile/shell/lex.go.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""What Go's unicode.IsSpace takes for white space; Python's own idea has some control characters more."""
_DEEPEST = 40
_SPECIAL = "@*#?-$!0"


class MalformedWordError(ValueError):
    """A quote or a brace that is not closed: builders refuse the instruction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The variables that an instruction sees."""

    values: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Names that have a value which the Dockerfile does not tell, each with the reason."""
    open_because: str = ""
    """Why a name that stands in neither may have a value all the same; empty where it has none."""

    def reason(self, name: str) -> str:
        """Return why the value of a name without a known one can't be told; empty where it is known to be unset."""
        return self.unknown.get(name, self.open_because)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expanded:
    """Text with its variables put in."""

    text: str
    """As the builder has it where every variable that nothing gives a value is empty."""
    gaps: tuple[str, ...] = ()
    """What is not known of it, each as a clause, e.g. ``TAG has no value``; empty where the text is certain."""


def expand(text: str, scope: Scope, escape: str = "\\") -> Expanded:
    """Return a word without quotes and escapes, its variables put in.

    Pattern forms (``${X#p}``, ``${X/a/b}``), which builders before Dockerfile 1.7 refuse, are a gap, not a guess.

    Raises:
        MalformedWordError: if a quote or a brace is not closed.
    """
    lexer = _Lexer(text, scope, escape)
    return Expanded(text=lexer.until(""), gaps=tuple(dict.fromkeys(lexer.gaps)))


def split_words(text: str, escape: str = "\\") -> tuple[str, ...]:
    """Split at white space outside of quotes, as ENV, LABEL and ARG are; quotes and escapes stay in the words.

    Raises:
        MalformedWordError: if a quote is not closed.
    """
    words: list[str] = []
    word: list[str] = []
    quote = ""
    characters = iter(text)
    for character in characters:
        if character == escape and quote != "'":
            word += [character, next(characters, "")]
        elif quote:
            word.append(character)
            quote = "" if character == quote else quote
        elif character in SPACE:
            if word:
                words.append("".join(word))
            word = []
        else:
            word.append(character)
            quote = character if character in "'\"" else ""
    if quote:
        raise MalformedWordError("a quote that is not closed")
    if word:
        words.append("".join(word))
    return tuple(words)


class _Lexer:
    """One pass over a word."""

    def __init__(self, text: str, scope: Scope, escape: str) -> None:
        self.gaps: list[str] = []
        self._text, self._scope, self._escape = text, scope, escape
        self._at = 0
        self._depth = 0

    def until(self, stop: str) -> str:
        """Return what stands before `stop`, which is consumed, or before the end where there is no `stop`."""
        out: list[str] = []
        while self._at < len(self._text):
            character = self._take()
            if character == stop:
                return "".join(out)
            if character == "'":
                out.append(self._single_quoted())
            elif character == '"':
                out.append(self._double_quoted())
            elif character == "$":
                out.append(self._dollar())
            elif character == self._escape:
                out.append(self._take())
            else:
                out.append(character)
        if stop:
            raise MalformedWordError("${ without }")
        return "".join(out)

    def _take(self) -> str:
        character = self._text[self._at : self._at + 1]
        self._at += 1
        return character

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at)
        if end < 0:
            raise MalformedWordError("a single quote that is not closed")
        quoted = self._text[self._at : end]
        self._at = end + 1
        return quoted

    def _double_quoted(self) -> str:
        out: list[str] = []
        while self._at < len(self._text):
            character = self._take()
            if character == '"':
                return "".join(out)
            if character == "$":
                out.append(self._dollar())
            elif character == self._escape and self._peek() and self._peek() in f'"${self._escape}':
                out.append(self._take())
            else:
                out.append(character)
        raise MalformedWordError("a double quote that is not closed")

    def _name(self) -> str:
        start = self._at
        first = self._peek()
        if first and first in "0123456789":
            while self._peek() and self._peek() in "0123456789":
                self._at += 1
        elif first and first in _SPECIAL:
            self._at += 1
        else:
            while self._peek().isalnum() or self._peek() == "_":
                self._at += 1
        return self._text[start : self._at]

    def _dollar(self) -> str:
        if self._peek() != "{":
            name = self._name()
            return self._value(name) if name else "$"
        self._at += 1
        start = self._at
        name = self._name()
        modifier = self._take()
        if modifier == "}":
            return self._value(name) if name else self._not_ours("${}")
        if modifier == ":" and self._peek() and self._peek() in "-+?":
            modifier += self._take()
        self._depth += 1
        if self._depth > _DEEPEST:
            raise MalformedWordError(f"${{ nested more than {_DEEPEST} deep")
        before = len(self.gaps)
        word = self.until("}")
        inner = self.gaps[before:]
        del self.gaps[before:]
        self._depth -= 1
        if not name or not modifier or modifier not in {"-", "+", "?", ":-", ":+", ":?"}:
            return self._not_ours(f"${{{self._text[start : self._at]}")
        return self._modified(name, modifier, word, inner)

    def _not_ours(self, form: str) -> str:
        self.gaps.append(f"{form} is read in different ways by different builders")
        return ""

    def _modified(self, name: str, modifier: str, word: str, inner: list[str]) -> str:
        value = self._scope.values.get(name)
        if value is None and (reason := self._scope.reason(name)):
            self.gaps.append(f"{name} {reason}")
            return ""
        is_set = bool(value) if modifier.startswith(":") else value is not None
        match modifier[-1], is_set:
            case ("-", True) | ("?", True):
                return value or ""
            case ("-", False) | ("+", True):
                self.gaps += inner
                return word
            case ("?", _):
                self.gaps.append(f"{name} has no value, and is demanded")
        return ""

    def _value(self, name: str) -> str:
        value = self._scope.values.get(name)
        if value is None:
            self.gaps.append(f"{name} {self._scope.reason(name) or 'has no value'}")
        return value or ""

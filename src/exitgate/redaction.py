"""Takes secrets out of text before it is written: by their form, and by the values that this environment calls secret."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from urllib.parse import unquote

HIDDEN = "[redacted]"
_SECRET_NAME = re.compile(
    r"(?i)(secret|token|passw|passphrase|credential|private|_pass$|_pwd$|_?key$|_auth$|auth_?header|_dsn$|database_url)"
)
_PASSWORD = re.compile(r"://[^\s:/@]*:([^\s/]+)@")
_SHORTEST = 8
"""Values of fewer characters are left: they would be found in ordinary words."""
_BEGIN = r"(?:\b|(?<=\\[nrt]))"
"""Of a word; in text that is written as a literal, a line's end is a backslash and a letter, and no end of a word."""
_FORMS = (
    # A whole private key, or the begin of one that was cut off.
    (
        ("PRIVATE KEY",),
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----(?:(?s:.{0,20000}?)-----END [A-Z0-9 ]*PRIVATE KEY-----|[A-Za-z0-9+/=\s\\:,-]*)",
    ),
    # Of GitHub, GitLab, Slack, npm, PyPI and Stripe
    *(
        ((word,), rf"{_BEGIN}{prefix}[A-Za-z0-9_-]{{16,}}")
        for word, prefix in (
            ("gh", "gh[pousr]_"),
            ("github_pat_", "github_pat_"),
            ("glpat-", "glpat-"),
            ("xox", "xox[abprs]-"),
            ("npm_", "npm_"),
            ("pypi-", "pypi-"),
            ("k_live_", "[rs]k_live_"),
        )
    ),
    # Ids of keys: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
    (("AKIA", "ASIA"), rf"{_BEGIN}A[KS]IA[A-Z0-9]{{16}}\b"),
    # JSON Web Tokens
    (("eyJ",), rf"{_BEGIN}eyJ[A-Za-z0-9_-]{{8,}}\.eyJ[A-Za-z0-9_-]{{8,}}\.[A-Za-z0-9_-]*"),
    # The password of a connection string, to its last @; user and host stay readable.
    (("://",), r"(?P<before>://[^\s:/@\"']{0,200}:)[^\s/\"']{1,500}(?=@)"),
    # The same as libpq, ADO and queries write it; what names a variable holds none.
    (
        ("ass", "wd", "ASS", "WD"),
        r"(?P<before>(?i:\b(?:pg)?(?:password|passwd|pwd)=[\"']?))(?![$({<%\[])[^\s;&\"',\\]{3,500}",
    ),
    (
        ("-Key", "-key", "-KEY", "-Token", "-token", "-TOKEN"),
        r"(?P<before>(?i:x-(?:api-key|auth-token|access-token|vault-token))[\"']?\s*[:=]\s*[\"']?)[^\s\"',;\\]+",
    ),
    (("uthorization",), r"(?P<before>[Aa]uthorization[\"']?\s*[:=]\s*[\"']?(?i:bearer|basic|token)\s+)[^\s\"',;\\]+"),
    (("ookie",), r"(?P<before>[Cc]ookie[\"']?\s*:\s*[\"']?)[^\r\n\"']+"),
    (("ws_s", "WS_S"), r"(?P<before>(?i:aws_(?:secret_access_key|session_token))[\"']?\s*[:=]\s*[\"']?)[^\s\"',;\\]+"),
)
"""Words one of which is in every text that holds the secret, so that most text is not searched at all; and the secret's form."""
_COMPILED = tuple((words, re.compile(form)) for words, form in _FORMS)
_ANY_WORD = re.compile("|".join(re.escape(word) for words, _ in _FORMS for word in words))


def redact(text: str, environment: Mapping[str, str] | None = None) -> str:
    """Return the text with `HIDDEN` in the place of every secret that is recognised.

    Args:
        environment: Whose secret values to take out; by default this process's own.
    """
    return _redacted(text, _secret_values_of(environment))


def _redacted(text: str, secrets: Sequence[str]) -> str:
    for value in secrets:
        text = text.replace(value, HIDDEN)
    if _ANY_WORD.search(text):
        for words, form in _COMPILED:
            if any(word in text for word in words):
                text = form.sub(_hidden, text)
    return text


def _hidden(found: re.Match[str]) -> str:
    return found.groupdict().get("before", "") + HIDDEN


def redact_tree(value: object) -> object:
    """Return JSON with every text in it redacted, keys left."""
    return _redacted_tree(value, _secret_values_of(None))


def _redacted_tree(value: object, secrets: Sequence[str]) -> object:
    match value:
        case str():
            return _redacted(value, secrets)
        case dict():
            return {key: _redacted_tree(each, secrets) for key, each in value.items()}
        case list() | tuple():
            return [_redacted_tree(each, secrets) for each in value]
        case _:
            return value


def redact_bytes(data: bytes) -> bytes:
    """Return a file's bytes redacted where they are text; what is no UTF-8 is looked through byte by byte alike."""
    try:
        return redact(data.decode()).encode()
    except UnicodeDecodeError:
        return redact(data.decode("latin-1")).encode("latin-1")


def _secret_values_of(environment: Mapping[str, str] | None) -> tuple[str, ...]:
    """Return the values to take out, the longest first, so that no part of one is left; a name of a file is none."""
    given = os.environ if environment is None else environment
    values = {given[name] for name in given if _is_secret(name)}
    values |= {way for value in values for way in _passwords_of(value)}
    found = (each for each in values if len(each) >= _SHORTEST and not each.startswith(("/", "./")))
    return tuple(sorted(found, key=lambda each: (-len(each), each)))


def _passwords_of(address: str) -> tuple[str, ...]:
    """Return the password of an address, as it is written there and as it is."""
    found = _PASSWORD.search(address)
    return (found.group(1), unquote(found.group(1))) if found else ()


@cache
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None

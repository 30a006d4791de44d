"""A service of a Compose file in the types that Compose has for it: words, durations, sizes, volumes.

Source: https://github.com/compose-spec/compose-spec/blob/main/05-services.md
"""

from __future__ import annotations

import re
import shlex
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
}
_DURATION = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h|d|w)", re.ASCII)
_PART = re.compile(r"([\d.]+)(\D+)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([bkmgtp]?)i?b?", re.ASCII | re.IGNORECASE)
_SHORT_VOLUME_PARTS = 3


def seconds(text: str) -> float:
    """Return a duration like ``1m30s`` in seconds.

    Raises:
        ValueError: if it is none.
    """
    parts = [each.group() for each in _DURATION.finditer(text)]
    if text == "0":
        return 0.0
    if not parts or "".join(parts) != text:
        raise ValueError(f"{text!r} is no duration like 1m30s")
    return sum(float(number) * _SECONDS[unit] for number, unit in (_pair(part) for part in parts))


def _pair(part: str) -> tuple[str, str]:
    match = _PART.fullmatch(part)
    assert match is not None, part  # noqa: S101 # _DURATION has seen to it
    return match[1], match[2]


def _duration(value: object) -> object:
    return seconds(value) if isinstance(value, str) else value


def _size(value: object) -> object:
    if not isinstance(value, str):
        return value
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"{value!r} is no size like 512m")
    return int(float(match[1]) * 1024 ** "bkmgtp".index(match[2].lower() or "b"))


def _words(value: object) -> object:
    """Take a line apart as Compose does: by a shell's quotes, and by no shell."""
    if not isinstance(value, str):
        return value
    lexer = shlex.shlex(value, posix=True, punctuation_chars=";&|<>")
    lexer.whitespace_split, lexer.commenters = True, ""
    words = list(lexer)
    if any(word and set(word) <= set(";&|<>") for word in words):
        raise ValueError("an operator of a shell, and no shell runs this; write [sh, -c, …] where one is meant")
    return words


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _volume(value: object) -> object:
    """Return a volume's long form for its short one: ``[SOURCE:]PATH[:OPTIONS]``."""
    if not isinstance(value, str):
        return value
    parts = value.split(":")
    if len(parts) > 1 and re.fullmatch("[A-Za-z]", parts[0]) and parts[1][:1] in {"/", "\\"}:
        parts = [":".join(parts[:2]), *parts[2:]]
    if not all(parts) or len(parts) > _SHORT_VOLUME_PARTS:
        raise ValueError(f"{value!r} is no volume like data:/data:ro")
    source, path = parts[0] if len(parts) > 1 else "", parts[1] if len(parts) > 1 else parts[0]
    options = parts[2].split(",") if len(parts) == _SHORT_VOLUME_PARTS else []
    bound = source.startswith(("/", ".", "~", "\\")) or ":" in source
    return {"type": "bind" if bound else "volume", "source": source, "target": path, "read_only": "ro" in options}


def _device(value: object) -> object:
    return {"source": value.partition(":")[0]} if isinstance(value, str) else value


def _test(value: object) -> object:
    if isinstance(value, str):
        return ["CMD-SHELL", value] if value else []
    if isinstance(value, list) and value and value[0] not in {"NONE", "CMD", "CMD-SHELL"}:
        raise ValueError("a list begins with NONE, CMD or CMD-SHELL")
    return value


Duration = Annotated[float, BeforeValidator(_duration), Field(ge=0)]
Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
_Absolute = Annotated[str, StringConstraints(pattern=r"^/")]


class _Entry(BaseModel):
    # Compose itself refuses keys that it does not know; those that nobody acts on here are left alone.
    model_config = ConfigDict(extra="ignore", frozen=True)


class Health(_Entry):
    """``healthcheck``."""

    test: Annotated[tuple[str, ...], BeforeValidator(_test)] = ()
    disable: bool = False
    interval: Duration = 0.0
    timeout: Duration = 0.0
    retries: int = Field(default=0, ge=0)
    start_period: Duration = 0.0


class Volume(_Entry):
    """An entry of ``volumes``, in its long form."""

    type: Literal["volume", "bind", "tmpfs", "npipe", "cluster", "image"]
    source: str = ""
    target: _Absolute
    read_only: bool = False


class Device(_Entry):
    """An entry of ``devices``."""

    source: str


class Hook(_Entry):
    """An entry of ``post_start`` or ``pre_stop``."""

    privileged: bool = False


class _Limits(_Entry):
    memory: Annotated[int | None, BeforeValidator(_size)] = None


class _Resources(_Entry):
    limits: _Limits = _Limits()


class _Deploy(_Entry):
    resources: _Resources = _Resources()


class Service(_Entry):
    """All of a service that decides how its container runs, but for its environment."""

    user: str = ""
    privileged: bool = False
    read_only: bool = False
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    group_add: tuple[Annotated[str, BeforeValidator(_text)], ...] = ()
    entrypoint: Words | None = None
    command: Words | None = None
    working_dir: str = ""
    healthcheck: Health | None = None
    stop_grace_period: Duration = 10.0
    stop_signal: str = "SIGTERM"
    tmpfs: Listed = ()
    volumes: tuple[Annotated[Volume, BeforeValidator(_volume)], ...] = ()
    volumes_from: tuple[str, ...] = ()
    init: bool = False
    mem_limit: Annotated[int | None, BeforeValidator(_size)] = None
    deploy: _Deploy = _Deploy()
    network_mode: str = ""
    pid: str = ""
    ipc: str = ""
    uts: str = ""
    userns_mode: str = ""
    cgroup: str = ""
    devices: tuple[Annotated[Device, BeforeValidator(_device)], ...] = ()
    device_cgroup_rules: tuple[str, ...] = ()
    use_api_socket: bool = False
    post_start: tuple[Hook, ...] = ()
    pre_stop: tuple[Hook, ...] = ()


KEYS = tuple(Service.model_fields)
"""The keys that are read; a variable without a value anywhere else decides nothing."""

"""A static ELF that makes system calls from a table and prints what the kernel answered; put together on the spot.

It runs in images without a shell or a C library, needs no compiler on the user's machine, and holds nothing but the calls
that it was asked for. x86-64 Linux only; elsewhere the dependent checks are not assessed.

Sources: the ELF-64 object file format; ``syscall(2)`` for the calling convention.
"""

from __future__ import annotations

import errno
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass

MACHINE = "x86_64"
_BASE = 0x400000
_HEADERS = 64 + 56
_ROW = 64
_RESULT_CHARACTERS = 17
"""Sixteen letters, one a nibble (``a`` is 0), and a newline."""

# Load the row's number and six arguments, make the call, keep the answer in the row, go on; then spell out the answers.
_CALL_ROW = bytes.fromhex("488b03 488b7b08 488b7310 488b5318 4c8b5320 4c8b4328 4c8b4b30 0f05 48894338 4883c340 49ffcc")
_SPELL_ROW_START = bytes.fromhex("488b4338 b910000000")
_SPELL_NIBBLE = bytes.fromhex("48c1c004 89c2 83e20f 83c261 8817 48ffc7 ffc9")
_SPELL_ROW_END = bytes.fromhex("c6070a 48ffc7 4883c340 49ffcc")
_EXIT = bytes.fromhex("b83c000000 31ff 0f05")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One system call. A `bytes` argument is passed as the address of a zero-terminated string."""

    number: int
    arguments: tuple[int | bytes, ...]


def assemble(calls: Sequence[Call]) -> bytes:
    """Return an executable that makes the calls in order and prints each answer.

    Raises:
        ValueError: if there is no call, or one has more than six arguments.
    """
    if not calls or any(len(call.arguments) > 6 for call in calls):  # noqa: PLR2004
        raise ValueError("one call at least, of six arguments at most")
    code_length = len(_code(0, 0, 0))
    table = _BASE + _HEADERS + code_length
    strings_at = table + _ROW * len(calls)
    strings = bytearray()
    rows = bytearray()
    for call in calls:
        values: list[int] = []
        for argument in call.arguments:
            if isinstance(argument, bytes):
                values.append(strings_at + len(strings))
                strings += argument + b"\0"
            else:
                values.append(argument)
        values += [0] * (6 - len(values))
        rows += struct.pack("<8Q", call.number, *(value % 2**64 for value in values), 0)
    output = strings_at + len(strings)
    body = _code(table, len(calls), output) + rows + strings
    return _headers(len(body), _RESULT_CHARACTERS * len(calls)) + body


def read_answers(output: bytes, count: int) -> tuple[int, ...]:
    """Return the kernel's answers, negative ones being error numbers.

    Raises:
        ValueError: if there are not exactly `count` of them.
    """
    lines = output.split()
    if len(lines) != count or not all(re.fullmatch(rb"[a-p]{16}", line) for line in lines):
        raise ValueError(f"{len(lines)} answers to {count} calls")
    answers = []
    for line in lines:
        value = 0
        for letter in line:
            value = value << 4 | (letter - ord("a"))
        answers.append(value - 2**64 if value >= 2**63 else value)
    return tuple(answers)


def in_words(answer: int) -> str:
    """Return an answer as people read it: ``EPERM``, or ``succeeded (3)``."""
    return errno.errorcode.get(-answer, f"error {-answer}") if answer < 0 else f"succeeded ({answer})"


def _code(table: int, count: int, output: int) -> bytes:
    load_table = b"\x48\xbb" + struct.pack("<Q", table) + b"\x49\xbc" + struct.pack("<Q", count)
    calls = load_table + _CALL_ROW + _jump_back(len(_CALL_ROW))
    spell_row = _SPELL_ROW_START + _SPELL_NIBBLE + _jump_back(len(_SPELL_NIBBLE)) + _SPELL_ROW_END
    spell = load_table + b"\x48\xbf" + struct.pack("<Q", output) + spell_row + _jump_back(len(spell_row))
    write = (
        bytes.fromhex("b801000000 bf01000000")
        + b"\x48\xbe" + struct.pack("<Q", output)
        + b"\x48\xba" + struct.pack("<Q", _RESULT_CHARACTERS * count)
        + b"\x0f\x05"
    )  # fmt: skip
    return calls + spell + write + _EXIT


def _jump_back(length: int) -> bytes:
    """Return ``jnz`` to `length` bytes before itself."""
    return b"\x75" + struct.pack("<b", -(length + 2))


def _headers(body_length: int, output_length: int) -> bytes:
    file_size = _HEADERS + body_length
    elf = struct.pack(
        "<16sHHIQQQIHHHHHH",
        b"\x7fELF\x02\x01\x01" + bytes(9), 2, 62, 1, _BASE + _HEADERS, 64, 0, 0, 64, 56, 1, 0, 0, 0,
    )  # fmt: skip
    segment = struct.pack("<IIQQQQQQ", 1, 7, 0, _BASE, _BASE, file_size, file_size + output_length, 0x1000)
    return elf + segment

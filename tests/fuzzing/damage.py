"""Ways to damage the bytes of a file, as lists of small steps that can be drawn and repeated.

A step is three numbers, ``(kind, place, value)``: where and how are taken from them modulo what is
possible, so every list of numbers is a valid damage. Hypothesis draws them in the tests (and makes
a failing list short), a plain generator draws them in ``scripts/fuzz``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

from hypothesis import strategies as st

Step = tuple[int, int, int]

NUMBERS = (0, 1, -1, 2, 127, 255, 1 << 15, (1 << 16) - 1, 1 << 31, (1 << 31) - 1, 1 << 33, 1 << 40)
NUMBERS += ((1 << 63) - 1, -(1 << 63), 1_000_000_007)
DIGITS = (b"0", b"-1", b"1", b"3", b"99999999999", b"1e999", b"4.5", b"9" * 400, b"true", b"nan")
WORDS = (
    *(b"|O", b"<f8", b">f4", b"<c16", b"|S4", b"<U9", b"<M8[s]", b"|V8", b"|b1"),  # NumPy types
    *(b"F64", b"BF16", b"F8_E4M3", b"I64", b"U8", b"BOOL"),  # safetensors types
    *(b"null", b"[]", b"{}", b'"', b"[" * 3000, b'{"a":' * 2000, b"NaN", b"-Infinity", b"1e400"),
    *(b"../../outside", b"/etc/passwd", b"\x00", b"\xff\xfe", b"\r\n", b",,,,", b";", b"\t"),
    *(b"\xe2\x82\xac", b"\xed\xa0\x80", b"'; --", b"%s%n", b"__class__", b"import os"),
)
WORD = re.compile(rb"[A-Za-z_<>|][A-Za-z0-9_\-.]+")
NUMBER = re.compile(rb"-?\d+(?:\.\d+)?")

steps = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 1 << 20), st.integers(0, 1 << 16)),
    min_size=1,
    max_size=4,
)


def draw_steps(source: Random) -> list[Step]:
    """Draw one to four steps."""
    return [
        (source.randrange(10), source.randrange(1 << 20), source.randrange(1 << 16))
        for _ in range(source.choice((1, 1, 1, 2, 3, 4)))
    ]


def damaged(content: bytes, taken: Sequence[Step]) -> bytes:
    """Return ``content`` after every step."""
    for kind, place, value in taken:
        content = KINDS[kind % len(KINDS)](content, place, value)
    return content


def _flip(content: bytes, place: int, value: int) -> bytes:
    if not content:
        return bytes([value % 256])
    at = place % len(content)
    return content[:at] + bytes([content[at] ^ (1 << value % 8)]) + content[at + 1 :]


def _byte(content: bytes, place: int, value: int) -> bytes:
    at = place % (len(content) + 1)
    return content[:at] + bytes([value % 256]) + content[at + 1 :]


def _number(content: bytes, place: int, value: int) -> bytes:
    """Write a number that counts and lengths are often not checked for over what stands there."""
    width = (1, 2, 4, 8)[value % 4]
    order = ("little", "big")[value // 4 % 2]
    number = NUMBERS[value // 8 % len(NUMBERS)] % (1 << 8 * width)
    at = place % (len(content) + 1)
    return content[:at] + number.to_bytes(width, order) + content[at + width :]


def _cut(content: bytes, place: int, value: int) -> bytes:
    return content[: place % (len(content) + 1)]


def _drop(content: bytes, place: int, value: int) -> bytes:
    at = place % (len(content) + 1)
    return content[:at] + content[at + 1 + value % 64 :]


def _double(content: bytes, place: int, value: int) -> bytes:
    at = place % (len(content) + 1)
    part = content[at : at + 1 + value % max(len(content), 1)]
    return content[:at] + part * (2 + value % 3) + content[at + len(part) :]


def _insert(content: bytes, place: int, value: int) -> bytes:
    at = place % (len(content) + 1)
    return content[:at] + WORDS[value % len(WORDS)] + content[at:]


def _lie(content: bytes, place: int, value: int) -> bytes:
    return _replaced(content, NUMBER, place, DIGITS[value % len(DIGITS)])


def _rename(content: bytes, place: int, value: int) -> bytes:
    return _replaced(content, WORD, place, WORDS[value % len(WORDS)])


def _swap(content: bytes, place: int, value: int) -> bytes:
    """Exchange two parts of equal length."""
    half = len(content) // 2
    if not half:
        return content
    first, length = place % half, 1 + value % 32
    second = half + value % max(len(content) - half, 1)
    parts = bytearray(content)
    width = min(length, half - first, len(content) - second)
    one, two = parts[first : first + width], parts[second : second + width]
    parts[first : first + width], parts[second : second + width] = two, one
    return bytes(parts)


def _replaced(content: bytes, pattern: re.Pattern[bytes], place: int, by: bytes) -> bytes:
    found = list(pattern.finditer(content[: 1 << 16]))
    if not found:
        return content + by
    match = found[place % len(found)]
    return content[: match.start()] + by + content[match.end() :]


KINDS = (_flip, _byte, _number, _cut, _drop, _double, _insert, _lie, _rename, _swap)

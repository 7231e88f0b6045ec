"""Addresses of stores: ``lancedb:PATH``, ``faiss:PATH?kind=ivf&n_probes=32``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ...errors import ParameterError, suggestion

MOST_DIGITS = 20  # more are no option of anything, and Python refuses thousands


@dataclass(frozen=True)
class Address:
    """Where codes are stored.

    Attributes:
        store: Name of the store, such as "lancedb".
        place: Folder, or server and collection.
        options: What stood behind "?", as typed.
    """

    store: str
    place: str
    options: dict[str, str]

    def __str__(self) -> str:
        """Return store and place, as messages name them."""
        return f"{self.store}:{self.place}"


def parse_address(text: str, stores: Iterable[str]) -> Address:
    """Read an address.

    Args:
        text: as typed.
        stores: the names that are known.

    Raises:
        ParameterError: Another store, no place, or options that are not name=value.
    """
    names = list(stores)
    store, colon, rest = text.partition(":")
    if not colon or store not in names:
        raise ParameterError(
            f"{text!r} names no store. Begin with one of {', '.join(f'{n}:' for n in names)} and "
            f"the place, for example lancedb:gallery.{suggestion(store, names) if colon else ''}"
        )
    place, mark, tail = rest.partition("?")
    if not place:
        raise ParameterError(f"{text!r} names no place. Write one: {store}:gallery")
    # The shell leaves a tilde alone that does not begin a word.
    try:
        place = str(Path(place).expanduser()) if place.startswith("~") else place
    except RuntimeError:
        raise ParameterError(
            f"{text!r} begins with the folder of a user who is not known here. Write the path in "
            "full."
        ) from None
    if "://" in place and store != "milvus":
        raise ParameterError(
            f"{place} is an address of a network, and {store} is written to a folder of this "
            f"machine. Name one: {store}:gallery, and copy it there."
        )
    return Address(store, place, _options(tail, text) if mark else {})


def is_address(text: str, stores: Iterable[str]) -> bool:
    """Tell an address from a path."""
    store, colon, _ = text.partition(":")
    return bool(colon) and store in stores


def _options(tail: str, text: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for part in tail.split("&"):
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise ParameterError(
                f"Options of an address are name=value, divided by '&'; {text!r} holds {part!r}. "
                "For example: faiss:gallery?kind=ivf&n_lists=1024"
            )
        if name in options:
            raise ParameterError(f"{text!r} gives {name} twice. Keep one of them.")
        options[name] = value
    return options


def value_of(text: str) -> int | bool | str:
    """Return the integer or truth value that an option is, else its text."""
    if text in {"true", "false"}:
        return text == "true"
    is_number = text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS
    return int(text) if is_number else text

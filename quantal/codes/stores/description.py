"""What a store says about the codes in it: a small JSON object that travels with them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from ...errors import FileFormatError
from ..description import Description

FORMAT = "quantal store"
VERSION = 1
MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class StoreDescription:
    """Store, index and codes.

    Attributes:
        store: Name of the store.
        kind: Kind of its index.
        options: Options of that index.
        codes: Width, bit order, maker (method and fingerprint of the model), kind of ids, count.
        longest_id: Characters of the longest id that is a string; else 0.
        sha256: Checksums of the files that are compared before they are read.
    """

    store: str
    kind: str
    options: dict[str, int | bool]
    codes: Description
    longest_id: int = 0
    sha256: dict[str, str] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Number of codes."""
        return int(self.codes.n_rows or 0)

    def to_json(self) -> bytes:
        """Return the JSON text."""
        return json.dumps({"format": FORMAT, "version": VERSION, **asdict(self)}, indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes | str, what: str, store: str) -> StoreDescription:
        """Read and check a description.

        Args:
            text: the JSON text.
            what: what messages call the store.
            store: name of the store that it must be of.

        Raises:
            FileFormatError: Not one, of another store, of a newer version, or with values that
                cannot be.
        """
        values = _object(text, what, store)
        codes = Description.from_json(json.dumps(values.get("codes")).encode(), what)
        wrong = [name for name, is_right in _checks(values, codes).items() if not is_right]
        if wrong:
            raise FileFormatError(
                f"{what} says {wrong[0]} is {values.get(wrong[0])!r}, which cannot be. Write the "
                "codes again."
            )
        own = {name: values[name] for name in cls.__dataclass_fields__ if name != "codes"}
        return cls(codes=codes, **own)


def is_description(text: bytes | str) -> bool:
    """Tell whether this begins to describe a store of ours; its values are not checked."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(values, dict) and values.get("format") == FORMAT


def _object(text: bytes | str, what: str, store: str) -> dict[str, Any]:
    if not is_description(text):
        raise FileFormatError(
            f"{what} holds no codes of quantal. Write them: quantal store CODES --to {what}"
        )
    values: dict[str, Any] = json.loads(text)
    if values.get("version") != VERSION:
        raise FileFormatError(
            f"{what} is version {values.get('version')!r} of the format; this version of quantal "
            f"reads {VERSION}. Install the version that wrote it."
        )
    if values.get("store") != store:
        raise FileFormatError(
            f"{what} was written for the store {values.get('store')!r}, not {store!r}. Begin the "
            "address with its name."
        )
    return values


def _checks(values: dict[str, Any], codes: Description) -> dict[str, bool]:
    options, longest = values.get("options"), values.get("longest_id")
    sums = values.get("sha256")
    return {
        "codes": codes.n_rows is not None,
        "kind": isinstance(values.get("kind"), str),
        "options": isinstance(options, dict)
        and all(type(value) in {int, bool} for value in options.values()),
        "longest_id": type(longest) is int and longest >= 0,
        "sha256": isinstance(sums, dict) and all(isinstance(v, str) for v in sums.values()),
    }

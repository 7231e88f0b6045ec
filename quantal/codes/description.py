"""What a file of codes says about itself: a small JSON object beside or inside it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from ..errors import FileFormatError
from .named_codes import IdKind
from .packing import BIT_ORDER

FORMAT = "quantal codes"
VERSION = 1
MAX_BYTES = 1 << 20
MAX_BITS = 1 << 20


@dataclass(frozen=True)
class Description:
    """Width, bit order, origin and number of the codes in one file.

    ``n_rows`` is None where the file itself counts its rows, as Parquet does.
    """

    n_bits: int
    ids: IdKind = "none"
    method: str | None = None
    n_rows: int | None = None
    bit_order: str = BIT_ORDER
    format: str = FORMAT
    version: int = VERSION

    @property
    def n_bytes(self) -> int:
        """Bytes a code."""
        return (self.n_bits + 7) // 8

    def to_json(self) -> bytes:
        """Return the JSON text."""
        return json.dumps(asdict(self), indent=1).encode()

    @classmethod
    def from_json(cls, text: bytes, what: str) -> Description:
        """Read and check a description.

        Raises:
            FileFormatError: Not one, of a newer version, or with values that cannot be.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict) or values.get("format") != FORMAT:
            raise FileFormatError(
                f"{what} does not describe codes. Write them with quantal.codes.write_codes."
            )
        if values.get("version") != VERSION:
            raise FileFormatError(
                f"{what} is version {values.get('version')!r} of the format; this version of "
                f"quantal reads {VERSION}. Install the version that wrote it."
            )
        wrong = [name for name, is_right in _checks(values).items() if not is_right]
        if wrong:
            name = wrong[0]
            raise FileFormatError(
                f"{what} says {name} is {values.get(name)!r}, which cannot be. Write the codes "
                "again with quantal.codes.write_codes."
            )
        return cls(**{name: values[name] for name in cls.__dataclass_fields__})


def _checks(values: dict[str, Any]) -> dict[str, bool]:
    n_rows, n_bits, method = (values.get(name) for name in ("n_rows", "n_bits", "method"))
    counted = type(n_rows) is int and 0 <= n_rows < 1 << 62
    return {
        "n_rows": counted or ("n_rows" in values and n_rows is None),
        "n_bits": type(n_bits) is int and 0 < n_bits <= MAX_BITS,
        "bit_order": values.get("bit_order") == BIT_ORDER,
        "ids": values.get("ids") in ("none", "int64", "string"),
        "method": "method" in values and (method is None or isinstance(method, str)),
    }

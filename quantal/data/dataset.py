"""What every reader returns: the rows, what they are called and how they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["vectors", "images", "text"]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Rows without labels, as a reader found them.

    Attributes:
        x: The rows: (n, d) vectors, or (n, h, w) or (n, h, w, 3) images. An array, a memory map
            or a SciPy CSR array, in the dtype of the source (pixels stay uint8). Text has shape
            (n, 0) until `quantal.features.open_features` turns it into vectors.
        name: What reports call the data: the file's or folder's name, or the named set's.
        kind: "vectors", "images" or "text".
        ids: One name a row: image paths relative to the folder, the ``id`` column or field, or
            line numbers (from 1) of text. None where the row number (from 0) is the only name.
        texts: The documents, for text.
        skipped: Files or documents that were left out on request, in order.
        reader: Settings, all of them JSON values, with which ``open_source(other, **reader)``
            (text: ``open_features``) reads new rows into the same columns. Read with them, new
            data may have a single row or identical rows.
    """

    x: Any
    name: str
    kind: Kind
    ids: Sequence[str] | None = None
    texts: Sequence[str] | None = None
    skipped: tuple[str, ...] = ()
    reader: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.x.shape[0])

    @property
    def n_features(self) -> int:
        """Numbers in one row: columns, or pixels times colours."""
        count = 1
        for size in self.x.shape[1:]:
            count *= int(size)
        return count

    def __repr__(self) -> str:
        shape = " x ".join(str(size) for size in self.x.shape)
        return f"Dataset({self.name!r}, {self.kind}, {shape} {self.x.dtype})"

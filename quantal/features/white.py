"""Which pixel value is white, by the type of the pixels."""

from __future__ import annotations

from typing import Any

from ..data.memory_map import row_chunks

WHITE = {"b": 1.0, "u": {1: 255.0, 2: 65535.0}}


def white_of(images: Any) -> float:
    """Return the pixel value of white, > 0.

    Args:
        images: Pictures, an array or memory map. White is 255 for uint8, 65535 for uint16, 1 for
            booleans, and the largest value of all pictures for other types.
    """
    white: Any = WHITE.get(images.dtype.kind)
    if isinstance(white, dict):
        white = white.get(images.dtype.itemsize)
    if white is None:
        white = max(float(rows.max()) for _, rows in row_chunks(images))
    return float(white) if white > 0 else 1.0

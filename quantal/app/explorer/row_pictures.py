"""Rows of images as PNG: one alone, or some side by side."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .model_rows import ModelRows

TILE = 64  # pixels of the longer side to which a small image is enlarged at least
LARGEST = 1024
GAP = 4
SAMPLE = 256  # rows that decide which value is black and which is white


class RowPictures:
    """Makes pictures of image rows, all with the same black and white.

    Args:
        rows: rows of images, (n, h, w), (n, h, w, c) or (n, c, h, w).
    """

    def __init__(self, rows: ModelRows) -> None:
        self._rows = rows
        self._range: tuple[float, float] | None = None
        self._lock = Lock()

    def png(self, row: int, longest: int = LARGEST) -> bytes:
        """Return one row as a PNG file.

        Args:
            row: its number.
            longest: pixels of the longer side at most.
        """
        return _encoded(_tile(self.pixels(row), longest))

    def data_uri(self, image: NDArray[Any]) -> str:
        """Return an image in the rows' unit as PNG in the form of an address.

        Args:
            image: (h, w), (h, w, c) or (c, h, w).
        """
        png = _encoded(_tile(self._as_bytes(image), 2 * TILE))
        return f"data:image/png;base64,{base64.b64encode(png).decode()}"

    def strip(self, rows: Sequence[int]) -> bytes:
        """Return rows side by side as one PNG file with transparent gaps.

        Args:
            rows: their numbers, at least one.
        """
        tiles = [_tile(self.pixels(row), 2 * TILE) for row in rows]
        width, height = tiles[0].size
        strip = Image.new("RGBA", (len(tiles) * (width + GAP) - GAP, height))
        for i, tile in enumerate(tiles):
            strip.paste(tile, (i * (width + GAP), 0))
        return _encoded(strip)

    def pixels(self, row: int) -> NDArray[np.uint8]:
        """Return one row as bytes, (h, w) or (h, w, 3)."""
        return self._as_bytes(np.asarray(self._rows.pictures[row]))

    def _as_bytes(self, given: NDArray[Any]) -> NDArray[np.uint8]:
        image = channels_last(given)
        if image.dtype == bool:
            return image.astype(np.uint8) * np.uint8(255)
        if image.dtype == np.uint8:
            return np.ascontiguousarray(image)
        low, high = self._limits()
        scale = 255 / (high - low) if high > low else 0.0
        spread = np.nan_to_num(image.astype(np.float64), nan=low) - low
        return np.round(np.clip(spread * scale, 0, 255)).astype(np.uint8)

    def _limits(self) -> tuple[float, float]:
        with self._lock:
            if self._range is None:
                n = len(self._rows)
                chosen = np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(np.int64))
                block = np.asarray(self._rows.pictures[chosen], np.float64)
                self._range = float(np.nanmin(block)), float(np.nanmax(block))
            return self._range


def channels_last(image: NDArray[Any]) -> NDArray[Any]:
    """Return an image as (h, w) or (h, w, 3); of other numbers of channels the first is shown."""
    if image.ndim == 2:
        return image
    if image.shape[-1] not in {1, 3} and image.shape[0] in {1, 3}:
        image = np.moveaxis(image, 0, -1)
    return image if image.shape[-1] == 3 else image[..., 0]


def _tile(pixels: NDArray[np.uint8], longest: int) -> Image.Image:
    """Enlarge small images by a whole factor, so that pixels stay square; reduce large ones."""
    image = Image.fromarray(pixels)
    longer = max(image.size)
    if longer > longest:
        image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    elif longer < TILE:
        factor = -(-TILE // longer)
        size = (image.width * factor, image.height * factor)
        image = image.resize(size, Image.Resampling.NEAREST)
    return image


def _encoded(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=1)
    return stream.getvalue()

"""A row as a person sees it: a picture, a text, or the values of some columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .pixels import image_uri, to_bytes
from .shown_rows import ShownRows
from .templating import number

MOST_LETTERS = 280


@dataclass(frozen=True)
class RowView:
    """One row on a page.

    Attributes:
        name: Its id or number.
        figure: How sure its cluster is, or how far away it is; written below.
        image: Data URI of its picture, or empty.
        text: Its document, shortened, or empty.
        values: Values of some columns, or empty.
    """

    name: str
    figure: str
    image: str = ""
    text: str = ""
    values: tuple[str, ...] = ()


class RowViewer:
    """Makes the views of one page, all images with the same black and white.

    Args:
        shown: the rows.
        rows: (m,) all rows that the page will show: they decide what is black and white.
    """

    def __init__(self, shown: ShownRows, rows: NDArray[np.int64]) -> None:
        self._shown = shown
        self._low, self._high = 0.0, 255.0
        if shown.kind == "images" and shown.pictures.dtype != np.uint8 and len(rows):
            block = pictures_at(shown, rows)
            self._low, self._high = float(np.nanmin(block)), float(np.nanmax(block))

    def view(
        self, rows: NDArray[np.int64], figures: list[str], columns: list[int] | None = None
    ) -> list[RowView]:
        """Return the views of some rows.

        Args:
            rows: (m,) row numbers.
            figures: m texts.
            columns: numbers of the columns whose values are shown of vectors.
        """
        names = [self._shown.name(int(row)) for row in rows]
        if not len(rows):
            return []
        if self._shown.kind == "images":
            blocks = pictures_at(self._shown, rows)
            images = [self.image(block) for block in blocks]
            return [RowView(*v) for v in zip(names, figures, images, strict=True)]
        if self._shown.kind == "text":
            texts = self._shown.dataset.texts or ()
            shown = [shortened(texts[int(row)], MOST_LETTERS) for row in rows]
            return [RowView(n, f, text=t) for n, f, t in zip(names, figures, shown, strict=True)]
        values = _values(self._shown, rows, columns or [])
        return [RowView(n, f, values=v) for n, f, v in zip(names, figures, values, strict=True)]

    def image(self, pixels: NDArray[Any]) -> str:
        """Return one picture as a data URI; bytes as they are, else by the page's range."""
        if pixels.dtype != np.uint8:
            pixels = to_bytes(pixels, self._low, self._high)
        return image_uri(np.ascontiguousarray(pixels))

    def mean_image(self, mean: NDArray[np.float64]) -> str:
        """Return the mean of a cluster's pictures, (h, w) or (h, w, 3), as a data URI."""
        return image_uri(np.ascontiguousarray(to_bytes(mean, self._low, self._high)))


def pictures_at(shown: ShownRows, rows: NDArray[np.int64]) -> NDArray[Any]:
    """Return the pictures of some rows, black and white ones as bytes."""
    order = np.argsort(rows, kind="stable")
    block = np.asarray(shown.pictures[rows[order]])
    if block.dtype == bool:
        block = block.astype(np.uint8) * np.uint8(255)
    return block[np.argsort(order, kind="stable")]


def _values(shown: ShownRows, rows: NDArray[np.int64], columns: list[int]) -> list[tuple[str, ...]]:
    taken = shown.take(rows)
    dense = taken.toarray() if hasattr(taken, "toarray") else taken
    return [tuple(number(float(v)) for v in row) for row in dense[:, columns]]


def shortened(text: str, most: int) -> str:
    """Return the beginning of a text on one line, with an ellipsis where something was cut.

    Args:
        text: any text.
        most: characters at most.
    """
    line = " ".join(text[: 8 * most].split())
    whole = len(line) <= most and len(text) <= 8 * most
    return line if whole else f"{line[: most - 1].rstrip()}…"

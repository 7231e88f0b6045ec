"""Clusters of images as a grid: one row a cluster, its members side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from PIL import Image, ImageDraw, ImageFont

from ..errors import DataError, ParameterError, require_range
from .pixels import to_bytes

_PAGE = (255, 255, 255)
_EMPTY = (244, 244, 246)
_INK = (28, 30, 36)
_QUIET = (120, 124, 134)
_TILE = 44  # pixels of the longer side that a small image is enlarged to, at least


@dataclass(frozen=True)
class _Layout:
    """Pixels: where the tiles and the captions go."""

    tile_width: int
    tile_height: int
    gap: int
    margin: int
    caption: int

    def corner(self, row: int, column: int) -> tuple[int, int]:
        left = self.margin + self.caption + column * (self.tile_width + self.gap)
        return left, self.margin + row * (self.tile_height + self.row_gap)

    @property
    def row_gap(self) -> int:
        return 3 * self.gap

    def page(self, n_rows: int, n_columns: int) -> tuple[int, int]:
        right, bottom = self.corner(n_rows, n_columns)
        return right - self.gap + self.margin, bottom - self.row_gap + self.margin


def cluster_grid(
    images: ArrayLike,
    labels: ArrayLike,
    *,
    confidence: ArrayLike | None = None,
    generator: np.random.Generator | None = None,
    clusters: Sequence[int] | None = None,
    n_columns: int = 20,
    n_rows: int | None = None,
    tile: int | None = None,
    captions: bool = True,
) -> Image.Image:
    """Draw members of each cluster in a row.

    Args:
        images: (n, h, w) grey, (n, h, w, 1) or (n, h, w, 3) colour; array or memory map.
            uint8 is shown as it is; other numbers are spread from the lowest to the
            highest value shown.
        labels: (n,) cluster of each image; negative: in no cluster.
        confidence: (n,) the most confident members are shown, in falling order.
        generator: without ``confidence``, draws the members shown; without both, the first
            members in the order of the data are shown.
        clusters: which clusters, in this order; None: all, the largest first.
        n_columns: images in a row.
        n_rows: at most this many clusters; None: all.
        tile: longer side of an image in pixels; None enlarges small images to 44 at least.
            Images are enlarged by whole factors only, so that pixels stay square.
        captions: write the cluster and its size at the left.

    Returns:
        An RGB picture.

    Raises:
        DataError: ``images``, ``labels`` and ``confidence`` do not fit together.
        ParameterError: a number is out of range, or no cluster is left to show.

    Source:
        The layout of Figure 2 of Hu et al. 2017 (IMSAT) and Figure 1 of Peng et al. 2021.
    """
    pixels, assigned = _images_and_labels(images, labels)
    require_range("n_columns", n_columns, low=1, integer=True)
    chosen, sizes = _rows(assigned, clusters, n_rows)
    order = _order(len(assigned), confidence, generator)
    members = [order[assigned[order] == cluster][:n_columns] for cluster in chosen]
    tiles = _tiles(pixels, members, tile)
    n_columns = min(n_columns, max(len(row) for row in tiles))
    texts = [(str(cluster), f"n = {size:,}") for cluster, size in zip(chosen, sizes, strict=True)]
    layout = _layout(tiles, texts if captions else [])
    picture = Image.new("RGB", layout.page(len(tiles), n_columns), _PAGE)
    draw = ImageDraw.Draw(picture)
    for i, row in enumerate(tiles):
        for j in range(n_columns):
            left, top = layout.corner(i, j)
            if j < len(row):
                picture.paste(row[j], (left, top))
            else:
                right, bottom = left + layout.tile_width - 1, top + layout.tile_height - 1
                draw.rectangle((left, top, right, bottom), fill=_EMPTY)
        if captions:
            _write_caption(draw, layout, i, *texts[i])
    return picture


def _images_and_labels(images: ArrayLike, labels: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    pixels, assigned = np.asarray(images), np.asarray(labels)
    if pixels.ndim == 4 and pixels.shape[3] == 1:
        pixels = pixels[..., 0]
    if not (pixels.ndim == 3 or (pixels.ndim == 4 and pixels.shape[3] == 3)):
        raise DataError(
            "images must have shape (n, height, width) or (n, height, width, 3), got "
            f"{np.shape(images)}. Flat rows need a reshape first."
        )
    if pixels.dtype.kind not in "biuf":
        raise DataError(f"images must hold real numbers, got dtype {pixels.dtype}.")
    if assigned.shape != (len(pixels),) or assigned.dtype.kind not in "iu":
        raise DataError(
            f"labels must be {len(pixels)} integers, one for each image, got {assigned.dtype} "
            f"of shape {assigned.shape}."
        )
    return pixels, assigned


def _rows(
    labels: NDArray[Any], clusters: Sequence[int] | None, n_rows: int | None
) -> tuple[list[int], list[int]]:
    """The clusters to draw and their sizes."""
    found, counts = np.unique(labels[labels >= 0], return_counts=True)
    sizes = dict(zip(found.tolist(), counts.tolist(), strict=True))
    if clusters is None:
        chosen = sorted(sizes, key=lambda cluster: (-sizes[cluster], cluster))
    else:
        chosen = [int(cluster) for cluster in clusters]
        missing = [cluster for cluster in chosen if cluster not in sizes]
        if missing:
            raise ParameterError(
                f"clusters {missing} have no members; those with members are {sorted(sizes)[:20]}."
            )
    if n_rows is not None:
        require_range("n_rows", n_rows, low=1, integer=True)
        chosen = chosen[:n_rows]
    if not chosen:
        raise ParameterError("There is no cluster to show: no label is 0 or above.")
    return chosen, [sizes[cluster] for cluster in chosen]


def _order(
    n: int, confidence: ArrayLike | None, generator: np.random.Generator | None
) -> NDArray[np.int64]:
    """All rows, those to be shown first at the front."""
    if confidence is None:
        return np.arange(n) if generator is None else generator.permutation(n)
    values = np.asarray(confidence, np.float64)
    if values.shape != (n,):
        raise DataError(f"confidence must have shape ({n},), got {values.shape}.")
    return np.argsort(-values, kind="stable")


def _tiles(
    pixels: NDArray[Any], members: list[NDArray[np.int64]], tile: int | None
) -> list[list[Image.Image]]:
    """The pictures of each row, enlarged or reduced to the size of a tile."""
    shown = [
        pixels[np.sort(row)][np.argsort(np.argsort(row))] for row in members
    ]  # maps like order
    if pixels.dtype != np.uint8:
        low = min(float(np.nanmin(block)) for block in shown)
        high = max(float(np.nanmax(block)) for block in shown)
        shown = [to_bytes(block, low, high) for block in shown]
    size = _tile_size(pixels.shape[1], pixels.shape[2], tile)
    larger = size[1] >= pixels.shape[1]
    method = Image.Resampling.NEAREST if larger else Image.Resampling.BOX
    return [[Image.fromarray(one).resize(size, method) for one in block] for block in shown]


def _tile_size(height: int, width: int, tile: int | None) -> tuple[int, int]:
    """(width, height) of a tile: a whole multiple of the image, or a reduction of it."""
    longer = max(height, width)
    if tile is None:
        factor = max(1, -(-_TILE // longer))
        tile = min(factor * longer, 128)
    require_range("tile", tile, low=4, integer=True)
    if tile >= longer:
        return width * (tile // longer), height * (tile // longer)
    return max(1, round(width * tile / longer)), max(1, round(height * tile / longer))


def _layout(tiles: list[list[Image.Image]], texts: list[tuple[str, str]]) -> _Layout:
    width, height = tiles[0][0].size
    gap = 2 if min(width, height) < 96 else 4
    caption = 0
    if texts:
        title, note = _fonts(height)
        if height >= 2 * note.size + 8:
            widest = max(max(title.getlength(a), note.getlength(b)) for a, b in texts)
        else:
            widest = max(title.getlength(a) + note.getlength(b) for a, b in texts) + note.size
        caption = int(widest) + 14
    return _Layout(width, height, gap, 16, caption)


def _fonts(height: int) -> tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont]:
    """The fonts of the cluster and of its size, for a row of this height."""
    title = int(np.clip(round(height * 0.36), 12, 24))
    note = int(np.clip(round(height * 0.24), 11, 16))
    return _font(title), _font(note)


def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def _write_caption(
    draw: ImageDraw.ImageDraw, layout: _Layout, row: int, cluster: str, size: str
) -> None:
    """Cluster above its size, right-aligned before the row; beside it where the row is low."""
    title, note = _fonts(layout.tile_height)
    left, top = layout.corner(row, 0)
    right, middle = left - 12, top + layout.tile_height // 2
    if layout.tile_height >= 2 * note.size + 8:
        draw.text((right, middle + 1), cluster, _INK, title, anchor="rb")
        draw.text((right, middle + 5), size, _QUIET, note, anchor="rt")
    else:
        draw.text((right, middle), size, _QUIET, note, anchor="rm")
        before = right - note.getlength(size) - note.size // 2
        draw.text((before, middle), cluster, _INK, title, anchor="rm")

"""Local binary patterns: which of a pixel's neighbours are at least as bright."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .fields import field_counts, field_of, unit_sums
from .picture_descriptor import PictureDescriptor

NEIGHBORS = 8
ROWS, COLUMNS = 8, 7  # of the grid; faces are taller than wide
PATTERNS = NEIGHBORS * (NEIGHBORS - 1) + 3  # those with at most two changes, and all others
_SLACK = 1e-6  # of white: interpolation between equal pixels may round


class LocalPatterns(PictureDescriptor):
    """Histograms of uniform local binary patterns.

    Eight points on a circle of radius 1 pixel around each pixel give a bit each: 1 if the picture
    is at least as bright there. Patterns with at most two changes around the circle have a bin
    each, the others share one: 59. Histograms over a grid of 8 rows and 7 columns are brought to
    sum 1: 3,304 numbers, ordered by row, column and pattern. Colours are averaged.

    Args:
        height: Of every picture, pixels, at least 8.
        width: Of every picture, pixels, at least 7.
        white: Pixel value of white, > 0; black is 0. `for_images` finds it.

    Source: Ojala, Pietikainen and Maenpaa 2002, "Multiresolution Gray-Scale and Rotation Invariant
    Texture Classification with Local Binary Patterns"; on a grid as in Ahonen et al. 2006.
    Differs: what lies outside the picture is black, as in scikit-image.
    """

    name: ClassVar[str] = "lbp"
    least: ClassVar[tuple[int, int]] = (ROWS, COLUMNS)

    @property
    def n_features(self) -> int:
        """Numbers a picture."""
        return ROWS * COLUMNS * PATTERNS

    def _describe(self, pictures: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        bins = pattern_bins(pictures.mean(axis=3))
        fields = (
            field_of(np.arange(self.height), self.height, ROWS)[:, None] * COLUMNS
            + field_of(np.arange(self.width), self.width, COLUMNS)[None]
        )
        counts = field_counts(bins, fields, ROWS * COLUMNS, PATTERNS)
        return unit_sums(counts.reshape(len(bins), -1, PATTERNS)).reshape(len(bins), -1)


def pattern_bins(pictures: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the bin of each pixel's pattern, (b, h, w), from 0 to 58.

    Args:
        pictures: (b, h, w), white about 1.
    """
    height, width = pictures.shape[1:]
    padded = np.pad(pictures, ((0, 0), (2, 2), (2, 2)))
    codes = np.zeros(pictures.shape, np.int64)
    for k in range(NEIGHBORS):
        angle = 2 * np.pi * k / NEIGHBORS
        dy, dx = round(-np.sin(angle), 5), round(np.cos(angle), 5)
        y, x = int(np.floor(dy)), int(np.floor(dx))
        fy, fx = np.float32(dy - y), np.float32(dx - x)

        def shifted(i: int, j: int, y: int = y, x: int = x) -> NDArray[np.float32]:
            return padded[:, 2 + y + i :, 2 + x + j :][:, :height, :width]

        top = (1 - fx) * shifted(0, 0) + fx * shifted(0, 1)
        bottom = (1 - fx) * shifted(1, 0) + fx * shifted(1, 1)
        brighter = (1 - fy) * top + fy * bottom >= pictures - np.float32(_SLACK)
        codes |= brighter.astype(np.int64) << k
    return _BIN_OF_CODE[codes]


def _bins() -> NDArray[np.int64]:
    bits = (np.arange(1 << NEIGHBORS)[:, None] >> np.arange(NEIGHBORS)) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(axis=1) <= 2
    bins = np.full(1 << NEIGHBORS, PATTERNS - 1, np.int64)
    bins[uniform] = np.arange(np.count_nonzero(uniform))
    return bins


_BIN_OF_CODE = _bins()

"""Histograms of the directions of gradients: on a grid with local contrast, or in a pyramid."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from .fields import grid_sums, unit_sums
from .picture_descriptor import PictureDescriptor, gradients

BINS = 9
BLOCK = 2  # cells along each side of a block
CELLS = 7  # along the shorter side, about
LEAST_CELL = 4  # pixels
CLIP = 0.2
EPSILON = 1e-5
PYRAMID_BINS = 8
PYRAMID_LEVELS = 4  # regions along each side: 1, 2, 4, 8


class Hog(PictureDescriptor):
    """Histograms of oriented gradients.

    Directions without sign in 9 bins of 20 degrees, weighted by the gradient's length and summed
    over cells of a seventh of the shorter side, at least 4 pixels (4 x 4 pixels for 28 x 28).
    Blocks of 2 x 2 cells, one at each cell, are brought to length 1, clipped at 0.2 and brought to
    length 1 again. Numbers are ordered by block row, block column, cell and direction.

    Args:
        height: Of every picture, pixels, at least 8.
        width: Of every picture, pixels, at least 8.
        white: Pixel value of white, > 0; black is 0. `for_images` finds it.

    Source: Dalal and Triggs 2005, "Histograms of Oriented Gradients for Human Detection".
    Differs: no interpolation between bins and cells, as in scikit-image's ``hog``.
    """

    name: ClassVar[str] = "hog"
    least: ClassVar[tuple[int, int]] = (BLOCK * LEAST_CELL, BLOCK * LEAST_CELL)

    @property
    def cell(self) -> int:
        """Side of a cell, pixels."""
        return max(LEAST_CELL, round(min(self.height, self.width) / CELLS))

    @property
    def n_features(self) -> int:
        """Numbers a picture: 36 a block."""
        rows, columns = (side // self.cell - BLOCK + 1 for side in (self.height, self.width))
        return rows * columns * BLOCK * BLOCK * BINS

    def _describe(self, pictures: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        cell = self.cell
        rows, columns = self.height // cell, self.width // cell
        planes = direction_planes(*gradients(pictures), BINS, signed=False)
        planes = planes[:, :, : rows * cell, : columns * cell]
        cells = planes.reshape(*planes.shape[:2], rows, cell, columns, cell).mean(axis=(3, 5))
        cells = np.moveaxis(cells, 1, 3)  # (b, rows, columns, bins)
        blocks = np.stack(
            [
                cells[:, i : i + rows - BLOCK + 1, j : j + columns - BLOCK + 1]
                for i in range(BLOCK)
                for j in range(BLOCK)
            ],
            axis=3,
        )
        vectors = blocks.reshape(*blocks.shape[:3], -1)
        vectors = np.minimum(_unit(vectors), CLIP)
        return _unit(vectors).reshape(len(pictures), -1)


class Phog(PictureDescriptor):
    """Pyramid of histograms of oriented gradients.

    Directions with sign in 8 bins of 45 degrees, weighted by the gradient's length and summed over
    the whole picture and the squares of grids of 2 x 2, 4 x 4 and 8 x 8: 680 numbers that sum to
    1, ordered by level, row, column and direction.

    Args:
        height: Of every picture, pixels, at least 8.
        width: Of every picture, pixels, at least 8.
        white: Pixel value of white, > 0; black is 0. `for_images` finds it.

    Source: Bosch, Zisserman and Munoz 2007, "Representing Shape with a Spatial Pyramid Kernel".
    Differs: every pixel counts by its gradient; theirs counts the pixels on Canny edges.
    """

    name: ClassVar[str] = "phog"
    least: ClassVar[tuple[int, int]] = (8, 8)

    @property
    def n_features(self) -> int:
        """Numbers a picture."""
        return PYRAMID_BINS * int(4**PYRAMID_LEVELS - 1) // 3

    def _describe(self, pictures: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        planes = direction_planes(*gradients(pictures), PYRAMID_BINS, signed=True)
        parts = [grid_sums(planes, 2**level, 2**level) for level in range(PYRAMID_LEVELS)]
        flat = [np.moveaxis(part, 1, 3).reshape(len(pictures), -1) for part in parts]
        return unit_sums(np.concatenate(flat, axis=1))


def direction_planes(
    down: NDArray[np.float32], right: NDArray[np.float32], n_bins: int, *, signed: bool
) -> NDArray[np.float32]:
    """Return the length of each gradient in the plane of its direction, (b, n_bins, h, w).

    Args:
        down: (b, h, w) vertical differences.
        right: (b, h, w) horizontal ones.
        n_bins: directions.
        signed: over 360 degrees instead of 180.
    """
    turn = 360.0 if signed else 180.0
    angles = np.rad2deg(np.arctan2(down, right)) % turn
    bins = np.minimum((angles * (n_bins / turn)).astype(np.int64), n_bins - 1)
    planes = np.zeros((len(down), n_bins, *down.shape[1:]), np.float32)
    np.put_along_axis(planes, bins[:, None], np.hypot(down, right)[:, None], axis=1)
    return planes


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.sqrt((vectors**2).sum(axis=-1, keepdims=True) + np.float32(EPSILON**2))
    unit: NDArray[np.float32] = vectors / lengths
    return unit

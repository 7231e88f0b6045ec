"""Visual words of dense patches, counted over a pyramid of regions."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import ParameterError
from ..threads import on_one_thread
from .fields import field_counts, field_of, unit_sums
from .oriented_gradients import direction_planes
from .picture_descriptor import PictureDescriptor, gradients
from .white import white_of

PATCH, STEP = 16, 8  # pixels
CELL = 4  # pixels; a patch has 4 x 4 cells
DIRECTIONS = 8
WORDS = 200
LEVELS = 3  # regions along each side: 1, 2, 4
SAMPLE_PATCHES = 20_000
CLIP = 0.2
LENGTH = (PATCH // CELL) ** 2 * DIRECTIONS
_MOST_WORDS = 4096


class SpatialPyramid(PictureDescriptor):
    """Histograms of visual words over a spatial pyramid.

    Patches of 16 x 16 pixels, one every 8 pixels, are described by directions of gradients in 4 x
    4 cells, 128 numbers, and become the nearest of 200 words, centres of k-means over patches of
    the pictures at hand. Words are counted over the whole picture and over grids of 2 x 2 and 4 x
    4, with weights 1/4, 1/4 and 1/2: 4,200 numbers that sum to 1, ordered by level, row, column
    and word. A patch belongs to the region of its centre.

    Args:
        height: Of every picture, pixels, at least 16.
        width: Of every picture, pixels, at least 16.
        words: Centres, shape (w, 128), as `for_images` learns them.
        white: Pixel value of white, > 0; black is 0. `for_images` finds it.

    Source: Lazebnik, Schmid and Ponce 2006, "Beyond Bags of Features".
    Differs: cells sum all their gradients alike, without interpolation between directions.
    """

    name: ClassVar[str] = "spm"
    least: ClassVar[tuple[int, int]] = (PATCH, PATCH)

    def __init__(self, height: int, width: int, words: ArrayLike, *, white: float = 255.0) -> None:
        super().__init__(height, width, white=white)
        self.words = np.asarray(words, np.float32)
        shape = self.words.shape
        if len(shape) != 2 or shape[1] != LENGTH or not 1 <= shape[0] <= _MOST_WORDS:
            raise ParameterError(
                f"words must have shape (w, {LENGTH}), w from 1 to {_MOST_WORDS}, got {shape}. "
                "SpatialPyramid.for_images learns them."
            )
        if not np.isfinite(self.words).all():
            raise ParameterError("words must be finite. SpatialPyramid.for_images learns them.")

    @classmethod
    def for_images(cls, images: Any) -> Self:
        """Return a descriptor whose words are learnt from pictures; always the same for these.

        Args:
            images: (n, h, w) or (n, h, w, 3) array or memory map of real numbers >= 0.

        Raises:
            DataError: Not pictures, or too small ones.
        """
        from sklearn.cluster import KMeans
        from sklearn.exceptions import ConvergenceWarning

        cls._require_pictures(images)
        generator = np.random.default_rng(0)
        height, width = images.shape[1:3]
        blank = cls(height, width, np.zeros((1, LENGTH)), white=white_of(images))
        per_picture = blank.n_patches
        n_pictures = min(len(images), max(1, SAMPLE_PATCHES * 4 // per_picture))
        chosen = np.sort(generator.choice(len(images), n_pictures, replace=False))
        found = [
            blank.patches(batch).reshape(-1, LENGTH) for _, batch in blank._batches(images[chosen])
        ]
        patches = np.concatenate(found)
        if len(patches) > SAMPLE_PATCHES:
            patches = patches[generator.choice(len(patches), SAMPLE_PATCHES, replace=False)]
        n_words = min(WORDS, len(patches))
        model = KMeans(n_words, init="random", n_init=1, max_iter=30, random_state=0)
        with on_one_thread(), warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # few distinct patches
            words = model.fit(patches).cluster_centers_
        return cls(height, width, words, white=blank.white)

    @property
    def n_patches(self) -> int:
        """Patches a picture."""
        return _count(self.height) * _count(self.width)

    @property
    def n_features(self) -> int:
        """Numbers a picture."""
        return len(self.words) * int(4**LEVELS - 1) // 3

    def patches(self, pictures: NDArray[np.float32]) -> NDArray[np.float32]:
        """Describe all patches, (b, h, w, c) -> (b, patch rows, patch columns, 128).

        Args:
            pictures: Black 0, white 1.
        """
        planes = direction_planes(*gradients(pictures), DIRECTIONS, signed=True)
        rows, columns = self.height // CELL, self.width // CELL
        planes = planes[:, :, : rows * CELL, : columns * CELL]
        cells = planes.reshape(*planes.shape[:2], rows, CELL, columns, CELL).sum(axis=(3, 5))
        side, step = PATCH // CELL, STEP // CELL
        windows = np.lib.stride_tricks.sliding_window_view(cells, (side, side), axis=(2, 3))
        windows = windows[:, :, ::step, ::step]  # (b, directions, rows, columns, 4, 4)
        flat = np.moveaxis(windows, 1, -1).reshape(len(pictures), *windows.shape[2:4], LENGTH)
        return _unit(np.minimum(_unit(flat), CLIP))

    def _describe(self, pictures: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
        patches = self.patches(pictures)
        rows, columns = patches.shape[1:3]
        norms = (self.words**2).sum(axis=1) / 2
        nearest = (patches @ self.words.T - norms).argmax(axis=3)  # (b, rows, columns)
        middle = PATCH // 2 + STEP * np.arange(max(rows, columns))
        parts = []
        for level in range(LEVELS):
            side = 2**level
            fields = (
                field_of(middle[:rows], self.height, side)[:, None] * side
                + field_of(middle[:columns], self.width, side)[None]
            )
            counts = field_counts(nearest, fields, side * side, len(self.words))
            parts.append(counts * 2.0 ** -(LEVELS - max(level, 1)))
        return unit_sums(np.concatenate(parts, axis=1))

    def _extra_config(self) -> dict[str, Any]:
        return {"words": self.words.tolist()}


def _count(side: int) -> int:
    """Patches along a side; cells beyond the last whole one are left out."""
    return ((side // CELL) - PATCH // CELL) // (STEP // CELL) + 1


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    lengths[lengths <= 1e-6] = 1
    unit: NDArray[np.float32] = vectors / lengths
    return unit

"""A model together with the rows that a person looks at: block by block, for any kind of data."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...catalog import HASHERS
from ...data import Dataset
from ...errors import DataError
from ...features import open_features

BLOCK_BYTES = 64 << 20
WHOLE_PASS = 256  # rows of a forward pass: no block but the last is padded


class ModelRows:
    """Rows of a data set as a fitted model takes them.

    Args:
        model: a fitted clusterer or hasher.
        data: the rows: numbers, images, or texts with or without their vectors.
        pictures: (n, h, w) or (n, h, w, 3) images, one a row, where the rows are features of them.

    Attributes:
        pictures: What a person sees of image rows; None for others.

    Raises:
        DataError: The rows have another width than the model's, or there are not as many pictures.
    """

    def __init__(self, model: Any, data: Dataset, pictures: Any = None) -> None:
        self.model, self.data = model, data
        self.pictures = _images_of(model, data) if pictures is None else pictures
        if self.pictures is not None and len(self.pictures) != len(data):
            raise DataError(
                f"There are {len(self.pictures):,} pictures, but {data.name} has {len(data):,} "
                "rows. Pass one picture a row, in the same order."
            )
        self._raw_texts = data.texts is not None and data.n_features == 0
        self._described = self._raw_texts or self._is_raw_image
        if not self._described and data.n_features != model.n_features_in_:
            raise DataError(
                f"{data.name} has {data.n_features} columns, but the model was fitted on "
                f"{model.n_features_in_}. Open the data as the model's were opened."
            )

    def __len__(self) -> int:
        return len(self.data)

    @property
    def makes_codes(self) -> bool:
        """Whether the model makes hash codes."""
        return type(self.model) in HASHERS.values()

    @property
    def form(self) -> str:
        """What a row is to a person: "image", "text" or "vector"."""
        if self.data.texts is not None:
            return "text"
        return "vector" if self.pictures is None else "image"

    def name(self, row: int) -> str:
        """Return the id of a row, or its number where rows have no ids."""
        return str(row) if self.data.ids is None else str(self.data.ids[row])

    @property
    def reader(self) -> dict[str, Any]:
        """How the model's rows were read."""
        return getattr(self.model, "reader_", None) or {}

    @property
    def has_embedding(self) -> bool:
        """Whether `embedding` is the model's own and not the rows themselves."""
        return not self.makes_codes and hasattr(self.model, "transform")

    def blocks(self, row_bytes: int) -> Iterator[slice]:
        """Yield slices that cover all rows in order.

        Args:
            row_bytes: what the work on one row takes besides the row, as float32.
        """
        width = 8 * min(int(self.model.n_features_in_), 1 << 16) + row_bytes
        step = max(1, min(BLOCK_BYTES // width, 1 << 16) // WHOLE_PASS) * WHOLE_PASS
        for start in range(0, len(self), step):
            yield slice(start, min(start + step, len(self)))

    def take(self, rows: slice | NDArray[np.integer]) -> Any:
        """Return some rows in a form that the model's methods take.

        Args:
            rows: which, a slice or row numbers.
        """
        if self._raw_texts:
            texts = self.data.texts or ()
            return list(texts[rows]) if isinstance(rows, slice) else [texts[int(r)] for r in rows]
        return self.data.x[rows]

    def vectors(self, rows: slice | NDArray[np.integer]) -> Any:
        """Return some rows as (b, d) numbers, described if the model was fitted on features.

        Args:
            rows: which, a slice or row numbers.
        """
        return self.describe(self.take(rows))

    def describe(self, taken: Any) -> Any:
        """Return rows that the model takes as (b, d) numbers.

        Args:
            taken: what `take` returns, or new rows of that form.
        """
        # An example from a form is raw, also where the rows came described.
        is_raw = isinstance(taken, list) or np.ndim(taken) > 2
        if self._described or (is_raw and "features" in self.reader):
            taken = open_features(taken, **self.reader).x
        return taken.reshape(len(taken), -1) if isinstance(taken, np.ndarray) else taken

    def embedding(self, rows: slice | NDArray[np.integer]) -> NDArray[np.float32]:
        """Return some rows in the space in which clusters are compared, (b, d) float32.

        Args:
            rows: which, a slice or row numbers.
        """
        return self.embed(self.take(rows))

    def embed(self, taken: Any) -> NDArray[np.float32]:
        """Return the model's embedding of rows that it takes, else the rows themselves.

        Args:
            taken: what `take` returns, or new rows of that form.
        """
        found = self.model.transform(taken) if self.has_embedding else self.describe(taken)
        dense = found if isinstance(found, np.ndarray) else found.toarray()
        return np.asarray(dense, np.float32)

    def signs(self, rows: slice | NDArray[np.integer]) -> NDArray[np.float32]:
        """Return the bits of some rows as -1 and 1, (b, n_bits) float32.

        Args:
            rows: which, a slice or row numbers.
        """
        bits = self.model.transform(self.take(rows))
        return np.asarray(2 * bits.astype(np.float32) - 1)

    def flat(self) -> Any:
        """Return all rows as the model fingerprints them: (n, d), texts and images described."""
        if self._described:
            return self.vectors(slice(0, len(self)))
        x = self.data.x
        return x.reshape(len(x), -1) if isinstance(x, np.ndarray) else x

    @cached_property
    def _is_raw_image(self) -> bool:
        return "features" in self.reader and self.data.x.ndim in {3, 4}


def _images_of(model: Any, data: Dataset) -> Any:
    """Return the rows as images if they are such, also where they came flat; a view."""
    shape = tuple(getattr(model, "image_shape_", None) or ())
    if data.x.ndim in {3, 4}:
        return data.x
    flat_images = len(shape) in {2, 3} and math.prod(shape) == data.n_features
    if data.texts is None and flat_images and isinstance(data.x, np.ndarray):
        return data.x.reshape(len(data), *shape)
    return None

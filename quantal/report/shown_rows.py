"""The rows that a report speaks of: the numbers a model reads, and what a person sees of each."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from ..data import Dataset, open_source
from ..data.memory_map import release_pages
from ..errors import DataError
from ..estimators import data_fingerprint
from ..features import open_features
from ..features.undescribed import is_undescribed

BLOCK_BYTES = 32 << 20
WHOLE_PASS = 256  # a multiple of the rows of a forward pass, so that chunks change no result
OnRows = Callable[[str, int, int], None]
"""Called with what is done, how many rows are done and how many there are."""


@dataclass(frozen=True, eq=False)
class ShownRows:
    """Rows for a model, and how a page shows one of them.

    Attributes:
        dataset: What the model reads.
        pictures: (n, h, w) or (n, h, w, 3), where rows are images or features of images.
        column_names: One name a column, where the columns have names.
    """

    dataset: Dataset
    pictures: Any = None
    column_names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.dataset)

    @property
    def x(self) -> Any:
        """The rows as the source holds them: array, memory map or CSR."""
        return self.dataset.x

    @property
    def kind(self) -> str:
        """What a person is shown of a row: "images", "text" or "vectors"."""
        if self.dataset.texts is not None:
            return "text"
        return "images" if self.pictures is not None else "vectors"

    def name(self, row: int) -> str:
        """Return what a row is called: its id, or its number counted from 0."""
        if self.dataset.ids is None:
            return f"row {row}"
        return f"{'document ' * (self.kind == 'text')}{self.dataset.ids[row]}"

    def take(self, rows: NDArray[np.int64]) -> Any:
        """Return some rows, (m, d): float64, or CSR where the rows are sparse."""
        order = np.argsort(rows, kind="stable")
        found = self.x[rows[order]]  # a file is read in its own order
        back = np.argsort(order, kind="stable")
        if sp.issparse(found):
            return found[back]
        return np.asarray(found)[back].reshape(len(rows), self.dataset.n_features).astype(float)

    def blocks(self, doing: str, on_rows: OnRows | None) -> Iterator[tuple[int, Any]]:
        """Yield ``(first_row, rows)`` over all rows; the pages of a memory map are dropped.

        Args:
            doing: what the caller does with them, for ``on_rows``.
            on_rows: told of the progress.
        """
        n, row_bytes = len(self), 16 * self.dataset.n_features
        step = max(1, BLOCK_BYTES // max(1, row_bytes) // WHOLE_PASS) * WHOLE_PASS
        for start in range(0, n, step):
            yield start, self.x[start : start + step]
            release_pages(self.x)
            if on_rows is not None:
                on_rows(doing, min(start + step, n), n)

    def are_those_of_the_fit(self, model: Any) -> bool:
        """Tell whether the model was fitted on these very rows."""
        x = self.x
        if len(x.shape) > 2:
            x = x.reshape(x.shape[0], math.prod(x.shape[1:]))
        return bool(data_fingerprint(x) == getattr(model, "data_", None))


def shown_rows(model: Any, data: Any, pictures: Any = None) -> ShownRows:
    """Open what a user passes as rows for a fitted model.

    Args:
        model: the fitted estimator; it remembers how its rows were read.
        data: a Dataset, an array, a list of texts, a path or "name:digits".
        pictures: (n, h, w) or (n, h, w, 3) images, one a row, where the rows are features.

    Raises:
        DataError: Another width than the model's, or another number of pictures than rows.
    """
    reader = dict(getattr(model, "reader_", None) or _assumed_reader(model, data))
    dataset = data if isinstance(data, Dataset) else open_features(data, **reader)
    if is_undescribed(dataset, reader):  # raw images or texts for a model of their features
        data = dataset.x if dataset.texts is None else list(dataset.texts)
        dataset = open_features(data, **reader)
    if dataset.n_features != model.n_features_in_:
        raise DataError(
            f"{dataset.name} has {dataset.n_features} columns, but the model was fitted on "
            f"{model.n_features_in_}. Pass data of the same kind."
        )
    if pictures is None:
        described = pictures_of(data, reader) if dataset.kind == "vectors" else None
        pictures = _images(dataset, model) if described is None else _drawable(described)
    else:
        pictures, shape = _drawable(np.asanyarray(pictures)), np.shape(pictures)
        if pictures is None:
            raise DataError(
                f"pictures must have shape (n, h, w), (n, h, w, c) or (n, c, h, w) with 1 or 3 "
                f"channels, got {shape}."
            )
    if pictures is not None and len(pictures) != len(dataset):
        raise DataError(
            f"pictures has {len(pictures):,} images, but {dataset.name} has {len(dataset):,} "
            "rows. Pass one image a row, in the same order."
        )
    return ShownRows(dataset, pictures, _column_names(dataset, reader))


def _assumed_reader(model: Any, data: Any) -> dict[str, Any]:
    """Return settings for a model that was fitted on an array, which does not say how to read."""
    shape = getattr(model, "image_shape_", None)
    if shape is None or not isinstance(data, str | Path):
        return {"like": "vectors"}
    planes_first = len(shape) == 3 and shape[0] in {1, 3}
    is_grey = len(shape) == 2 or 1 in {shape[0], shape[-1]}
    size = shape[1:] if planes_first else shape[:2]
    return {"like": "images", "image_size": list(size), "color": "grey" if is_grey else "rgb"}


def pictures_of(source: Any, reader: dict[str, Any]) -> Any:
    """Return the images that a source holds where its rows are features of them, else None."""
    if "features" not in reader:
        return None
    if is_undescribed(source, reader) and not isinstance(source, list | tuple):
        return source.x if isinstance(source, Dataset) else source
    if not isinstance(source, str | Path):
        return None
    raw = open_source(source, **{k: v for k, v in reader.items() if k != "features"})
    return raw.x if raw.kind == "images" else None


def _images(dataset: Dataset, model: Any) -> Any:
    """Return the rows as images, (n, h, w) or (n, h, w, 3), if they are such; a view."""
    shape = tuple(getattr(model, "image_shape_", None) or ())
    x = dataset.x
    if sp.issparse(x) or dataset.texts is not None:
        return None
    if len(x.shape) > 2:
        shape = tuple(x.shape[1:])
    elif math.prod(shape) != dataset.n_features or not shape:
        return None
    return _drawable(x.reshape(len(dataset), *shape))


def _drawable(images: Any) -> Any:
    """Return images as (n, h, w) or (n, h, w, 3), a view; None if their planes are no colours."""
    if images.ndim == 3:
        return images
    if images.ndim != 4:
        return None
    if images.shape[1] in {1, 3} and images.shape[3] not in {1, 3}:
        images = images.transpose(0, 2, 3, 1)
    if images.shape[3] not in {1, 3}:
        return None
    return images[..., 0] if images.shape[3] == 1 else images


def _column_names(dataset: Dataset, reader: dict[str, Any]) -> tuple[str, ...] | None:
    names = dataset.reader.get("columns") or reader.get("columns")
    vocabulary = dataset.reader.get("text") or reader.get("text")
    if isinstance(vocabulary, dict):
        names = vocabulary.get("words")
    if not names or len(names) != dataset.n_features:
        return None
    return tuple(str(name) for name in names)

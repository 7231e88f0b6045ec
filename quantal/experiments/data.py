"""The rows of a recipe, and, by a separate call, their true labels for the metrics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..data import Dataset, named, pixels_to_unit_range
from ..data.options import FEATURES, TEXT_FEATURES
from ..errors import DataError
from ..graph.row_scaling import scaled_to_unit_length, without_column_means
from .recipe_parts import DataOptions
from .toys import spirals

TOY = "spirals"


@dataclass(frozen=True)
class ExperimentData:
    """Rows as an estimator gets them. There is no label in it.

    Attributes:
        rows: (n, d) float32 array or CSR array.
        image_shape: (h, w) or (h, w, 3) of a row, for images.
        kept: row numbers of the data set that ``rows`` came from, before copies were made;
            None for all.
        ids: names of those rows where the data set has names (documents).
    """

    rows: Any
    image_shape: tuple[int, ...] | None = None
    kept: NDArray[np.int64] | None = None
    ids: Sequence[str] | None = None


class NamesRows(Protocol):
    """What a recipe of either kind says of its rows."""

    @property
    def name(self) -> str:
        """Of the recipe."""

    @property
    def dataset(self) -> str:
        """A named data set, or "spirals"."""

    @property
    def data(self) -> DataOptions:
        """How the rows are made."""


def load_rows(recipe: NamesRows, *, data_dir: str | Path | None = None) -> ExperimentData:
    """Build the rows that a recipe clusters.

    Images are scaled, then limited, then replaced by their distorted copies (copy j of image i is
    row ``i * copies + j``), then flattened; or they are limited and described by features, which
    are kept in `quantal.features.feature_cache` for further runs. Text becomes tf-idf. With
    ``learned_by`` all of this is embedded by the network of another recipe, which is fitted if need
    be.

    Args:
        recipe: data set and options.
        data_dir: folder of the data sets; default: the environment variable QUANTAL_DATA.

    Raises:
        DataError: if the set is not there, or an option does not apply to it.
    """
    data = _unlearned_rows(recipe, data_dir)
    if recipe.data.learned_by is None:
        return data
    from .learned import embedded_rows

    rows = embedded_rows(recipe.data.learned_by, data.rows, data_dir=data_dir)
    return ExperimentData(rows, kept=data.kept, ids=data.ids)


def _unlearned_rows(recipe: NamesRows, data_dir: str | Path | None) -> ExperimentData:
    options = recipe.data
    if recipe.dataset == TOY:
        return ExperimentData(_spirals(options)[0])
    dataset = _open(recipe, data_dir)
    _require_fitting(recipe, dataset.kind)
    kept = _kept_rows(dataset.x.shape[0], options)
    rows, ids = dataset.x, dataset.ids
    if kept is not None:
        ids = None if ids is None else [ids[i] for i in kept]
    if options.features is not None and dataset.kind == "images":
        return ExperimentData(_described(rows, kept, options.features), kept=kept, ids=ids)
    if dataset.kind != "images":
        return ExperimentData(rows if kept is None else rows[kept], kept=kept, ids=ids)
    images = scaled(np.asarray(rows), options.scaling)
    images = images if kept is None else images[kept]
    if options.copies:
        images = _distorted(images, options)
    flat = images.reshape(len(images), -1)
    flat = without_column_means(flat) if options.centered else flat
    flat = scaled_to_unit_length(flat) if options.unit_rows else flat
    return ExperimentData(flat, images.shape[1:], kept, ids)


def load_truth(
    recipe: NamesRows, data: ExperimentData, *, data_dir: str | Path | None = None
) -> NDArray[np.int64]:
    """The true label of each row of ``data``; for scoring finished runs and nothing else.

    Args:
        recipe: the one that ``data`` was built for.
        data: what `load_rows` returned for it.
        data_dir: folder of the data sets, as for `load_rows`.

    Returns:
        (n,) int64, in the order of ``data.rows``.
    """
    if recipe.dataset == TOY:
        return _spirals(recipe.data)[1]
    if data.ids is not None:
        labels = named.labels(recipe.dataset, data_dir, ids=data.ids)
    else:
        labels = named.labels(recipe.dataset, data_dir)
        labels = labels if data.kept is None else labels[data.kept]
    return np.repeat(labels, recipe.data.copies) if recipe.data.copies else labels


def scaled(images: NDArray[Any], scaling: str) -> NDArray[np.float32]:
    """Pixels as `DataOptions.scaling` names it.

    Args:
        images: any shape.
        scaling: "pixels", "unit" or "none".
    """
    if scaling == "pixels":
        return pixels_to_unit_range(images)
    values = images.astype(np.float32)
    if scaling == "unit":
        low, high = float(values.min()), float(values.max())
        values = (values - low) * np.float32(2 / (high - low or 1)) - 1
    return values


def _require_fitting(recipe: NamesRows, kind: str) -> None:
    """Raise DataError where an option is for another kind of data."""
    options = recipe.data
    shaped = options.centered or options.unit_rows
    for_images = options.scaling in {"pixels", "unit"} or options.copies > 0 or shaped
    if kind == "text" and for_images:
        raise DataError(
            f"{recipe.name}: data.copies, data.centered, data.unit_rows and the scalings 'pixels' "
            f"and 'unit' are for images, but {recipe.dataset} is text."
        )
    if options.features is not None and for_images:
        raise DataError(
            f"{recipe.name}: data.features describes the unscaled pixels of images; leave it out, "
            "or data.copies, data.centered, data.unit_rows and data.scaling."
        )
    # A text that was encoded is no text any more, but vectors.
    is_image, for_text = kind == "images", options.features in TEXT_FEATURES
    if options.features is not None and for_text == is_image:
        allowed = FEATURES if is_image else TEXT_FEATURES
        raise DataError(
            f"{recipe.name}: data.features = {options.features!r} does not describe "
            f"{recipe.dataset}, which is {kind}. Choose {' or '.join(map(repr, allowed))}, or "
            "leave it out."
        )
    if options.features is not None and options.text is not None:
        raise DataError(
            f"{recipe.name}: data.text says how words are counted and data.features replaces the "
            "words; keep one of them."
        )
    if kind != "text" and options.text is not None:
        raise DataError(f"{recipe.name}: data.text is for text, but {recipe.dataset} is not text.")


def _open(recipe: NamesRows, data_dir: str | Path | None) -> Dataset:
    dataset = named.load(recipe.dataset, data_dir)
    if dataset.kind != "text":
        return dataset
    from ..features import open_features

    wanted = {"text": recipe.data.text, "features": recipe.data.features}
    given: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    return open_features(f"name:{recipe.dataset}", data_dir=data_dir, **given)


def _described(
    images: NDArray[Any], kept: NDArray[np.int64] | None, features: str
) -> NDArray[np.float32]:
    """Describe the kept images; what is white is settled by all of them."""
    from ..features.descriptors import descriptor_for
    from ..features.feature_cache import cached_features

    descriptor = descriptor_for(images, features)
    return cached_features(descriptor, images if kept is None else images[kept])


def _kept_rows(n: int, options: DataOptions) -> NDArray[np.int64] | None:
    if options.last is not None and options.last < n:
        return np.arange(n - options.last, n, dtype=np.int64)
    if options.limit is None or options.limit >= n:
        return None
    drawn = np.random.default_rng(options.seed).choice(n, options.limit, replace=False)
    return np.sort(drawn).astype(np.int64)


def _spirals(options: DataOptions) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    rng = np.random.default_rng(options.seed)
    return spirals(options.arcs, options.per_arc, rng, noise=options.noise)


def _distorted(images: NDArray[np.float32], options: DataOptions) -> NDArray[np.float32]:
    """``copies`` random affine distortions of each image, the originals left out."""
    import torch

    from ..views import AffineDistortion

    if images.ndim != 3:
        raise DataError(f"data.copies needs grey images (n, h, w), got shape {images.shape}.")
    generator = torch.Generator().manual_seed(options.seed)
    repeated = torch.from_numpy(np.repeat(images, options.copies, axis=0))
    distort = AffineDistortion(
        images.shape[1:], translation=options.copy_shift, fill=float(images.min())
    )
    flat = distort(repeated.reshape(len(repeated), -1), generator)
    return np.asarray(flat.reshape(repeated.shape).numpy(), dtype=np.float32)

"""From any source to rows of numbers: `quantal.data.open_source`, then features."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from ..data import Dataset, open_source, require_usable_rows
from ..data.memory_ceiling import require_memory
from ..errors import DataError, QuantalWarning
from .descriptors import Descriptor, descriptor_for, descriptor_from
from .tfidf import TfIdf
from .white import white_of

MOST_APART = 4  # whites of one unit of brightness differ by less
DARKEST = 100  # no set of images keeps below a hundredth of white
# Which construction the papers used on a named set; anything else gets "default".
PAPER_CONSTRUCTION = {"name:20news": "20news", "name:reuters": "reuters"}


def open_features(source: Any, **options: Any) -> Dataset:
    """Open any source as rows of numbers; text becomes tf-idf vectors, images GIST on request.

    Every document of a user's own text keeps its row: one that holds none of the frequent words
    becomes a row of zeros, with a warning. ``text="20news"`` drops documents with fewer than ten
    of them, as in the IMSAT paper, and lists them in ``skipped``; it is the default for
    name:20news, as "reuters" is for name:reuters. New rows for a fitted model (``like``) are
    never dropped. ``features="gist"`` describes images by `Gist`: 960 numbers of colour images,
    512 of grey ones; "gist-512" takes the mean of the colours. "hog", "phog", "lbp" and "spm" are
    `Hog`, `Phog`, `LocalPatterns` and `SpatialPyramid`.

    Args:
        source: As for `quantal.data.open_source`.
        **options: As for `quantal.data.open_source`; ``text`` is a construction, or the
            vocabulary of a fitted model as its data set's ``reader`` holds it; so is ``features``.

    Returns:
        The data set; for text ``x`` is (n, d) float32 CSR and ``reader["text"]`` the vocabulary,
        with ``features`` ``x`` is (n, d) float32 and ``reader["features"]`` their settings.

    Raises:
        DataError, ParameterError, FileFormatError, MissingExtraError: As `open_source`; also where
            no word or document is left, features are wanted of what are no images, or saved
            settings are damaged.
    """
    dataset = open_source(source, **options)
    if dataset.texts is not None and dataset.n_features == 0:
        if options.get("features") is not None:
            raise _no_images(dataset)
        return _weighed(dataset, options.get("text") or _construction_of(source), options)
    if options.get("features") is not None:
        return _described(dataset, options["features"], options)
    return dataset


def _described(dataset: Dataset, settings: Any, options: dict[str, Any]) -> Dataset:
    """Replace images by features; vectors given to a model that expects those pass as they are."""
    if dataset.kind != "images":
        if options.get("like") is not None:
            return dataset
        raise _no_images(dataset)
    if isinstance(settings, dict):
        descriptor, _ = descriptor_from(settings)
        _require_same_white(dataset, descriptor)
    else:
        descriptor = descriptor_for(dataset.x, settings)
    require_memory(4 * len(dataset) * descriptor.n_features, f"Features of {dataset.name}")
    x = descriptor.transform(dataset.x)
    require_usable_rows(x, n_min=_n_min(options), what=f"{dataset.name} as features")
    reader = {**dataset.reader, "features": descriptor.to_config()}
    return replace(dataset, x=x, kind="vectors", reader=reader)


def _require_same_white(dataset: Dataset, descriptor: Descriptor) -> None:
    """Raise where pixels of new images are in another unit: the features would mean nothing."""
    white = white_of(dataset.x)  # the type's, or the largest value
    whole = dataset.x.dtype.kind in "bu"
    least = descriptor.white / (MOST_APART if whole else DARKEST)
    if not least <= white <= MOST_APART * descriptor.white:
        raise DataError(
            f"Pixels of {dataset.name} go up to {white:g} ({dataset.x.dtype}), but white was "
            f"{descriptor.white:g} in the images that the model was fitted on. Scale them alike, "
            f"for example by * {descriptor.white / white:g}, or pass the unscaled images."
        )


def _no_images(dataset: Dataset) -> DataError:
    return DataError(
        f"features describe images, but {dataset.name} holds {dataset.kind}. Leave features out "
        "(--features), or pass images."
    )


def _n_min(options: dict[str, Any]) -> int:
    return 1 if options.get("like") is not None else 2


def _weighed(dataset: Dataset, settings: Any, options: dict[str, Any]) -> Dataset:
    """Turn documents into tf-idf vectors; those that the construction drops are listed."""
    documents = dataset.texts or ()
    if isinstance(settings, dict):
        vectorizer = TfIdf.from_config(settings)
        x, kept = vectorizer.transform(documents), np.ones(len(dataset), dtype=bool)
    else:
        vectorizer = TfIdf(settings)
        x = vectorizer.fit_transform(documents)
        kept = vectorizer.kept_
    _warn_of_empty_rows(x, dataset.name)
    require_usable_rows(x, n_min=_n_min(options), what=f"{dataset.name} as tf-idf")
    names = dataset.ids or [str(row) for row in range(len(dataset))]
    return replace(
        dataset,
        x=x,
        ids=[name for name, keep in zip(names, kept, strict=True) if keep],
        texts=[text for text, keep in zip(documents, kept, strict=True) if keep],
        skipped=(
            *dataset.skipped,
            *(name for name, keep in zip(names, kept, strict=True) if not keep),
        ),
        reader={**dataset.reader, "text": vectorizer.to_config()},
    )


def _construction_of(source: Any) -> str:
    return PAPER_CONSTRUCTION.get(source, "default") if isinstance(source, str) else "default"


def _warn_of_empty_rows(x: Any, name: str) -> None:
    empty = int((np.diff(x.indptr) == 0).sum())
    if empty:
        warnings.warn(
            f"{name}: {empty} of {x.shape[0]} documents hold none of the {x.shape[1]} known words "
            "and become rows of zeros, which all look alike. Remove them if that is not wanted.",
            QuantalWarning,
            stacklevel=4,
        )

"""From any source to rows of numbers: `quantal.data.open_source`, then features."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from ..data import Dataset, open_source, require_usable_rows
from ..data.memory_ceiling import require_memory
from ..errors import DataError, ParameterError, QuantalWarning
from .descriptors import (
    Descriptor,
    descriptor_for,
    descriptor_from,
    is_of_text,
    text_descriptor_from,
)
from .feature_cache import cached_features
from .tfidf import TfIdf
from .white import white_of

OnRows = Callable[[int, int], None]
MOST_APART = 4  # whites of one unit of brightness differ by less
DARKEST = 100  # no set of images keeps below a hundredth of white
# Which construction the papers used on a named set; anything else gets "default".
PAPER_CONSTRUCTION = {"name:20news": "20news", "name:reuters": "reuters"}


def open_features(source: Any, *, on_rows: OnRows | None = None, **options: Any) -> Dataset:
    """Open any source as rows of numbers; text becomes tf-idf vectors, images GIST on request.

    Every document of a user's own text keeps its row: one that holds none of the frequent words
    becomes a row of zeros, with a warning. ``text="20news"`` drops documents with fewer than ten
    of them, as in the IMSAT paper, and lists them in ``skipped``; it is the default for
    name:20news, as "reuters" is for name:reuters. New rows for a fitted model (``like``) are
    never dropped. ``features="gist"`` describes images by `Gist`: 960 numbers of colour images,
    512 of grey ones; "gist-512" takes the mean of the colours. "hog", "phog", "lbp" and "spm" are
    `Hog`, `Phog`, `LocalPatterns` and `SpatialPyramid`. Two are frozen encoders that were trained
    elsewhere: "efficientnet-lite0" describes images (`EfficientNetLite0`), "wordllama" texts
    (`WordLlama`); their rows are kept in the user's cache folder under a hash of the content.

    Args:
        source: As for `quantal.data.open_source`.
        on_rows: Called now and then with the number of rows described by ``features``, and of all.
        **options: As for `quantal.data.open_source`; ``text`` is a construction, or the
            vocabulary of a fitted model as its data set's ``reader`` holds it; so is ``features``.

    Returns:
        The data set; for text ``x`` is (n, d) float32 CSR and ``reader["text"]`` the vocabulary,
        with ``features`` ``x`` is (n, d) float32 and ``reader["features"]`` their settings.

    Raises:
        DataError, ParameterError, FileFormatError, MissingExtraError: As `open_source`; also where
            no word or document is left, features are wanted of what they do not describe, saved
            settings are damaged, or an encoder is not installed.
    """
    dataset = open_source(source, **options)
    features = options.get("features")
    if dataset.texts is not None and dataset.n_features == 0:
        if features is not None:
            return _encoded(dataset, features, options, on_rows)
        return _weighed(dataset, options.get("text") or _construction_of(source), options)
    if features is not None:
        return _described(dataset, features, options, on_rows)
    return dataset


def _encoded(
    dataset: Dataset, settings: Any, options: dict[str, Any], on_rows: OnRows | None
) -> Dataset:
    """Replace texts by the vectors of an encoder."""
    if not is_of_text(settings):
        raise _not_described(dataset, settings)
    if options.get("text") is not None:
        raise ParameterError(
            f"text={options['text']!r} chooses a tf-idf construction, but features={settings!r} "
            "takes the place of tf-idf. Leave one of them out."
        )
    descriptor, name = text_descriptor_from(settings)
    require_memory(4 * len(dataset) * descriptor.n_features, f"Features of {dataset.name}")
    x = cached_features(descriptor, list(dataset.texts or ()), on_rows=on_rows)
    _warn_of_empty_rows((x != 0).any(axis=1), dataset.name, f"tokens of {name}")
    require_usable_rows(x, n_min=_n_min(options), what=f"{dataset.name} as features")
    reader = {**dataset.reader, "features": descriptor.to_config()}
    return replace(dataset, x=x, kind="vectors", reader=reader)


def _described(
    dataset: Dataset, settings: Any, options: dict[str, Any], on_rows: OnRows | None
) -> Dataset:
    """Replace images by features; vectors given to a model that expects those pass as they are."""
    if dataset.kind != "images" or is_of_text(settings):
        if options.get("like") is not None and dataset.kind != "images":
            return dataset
        raise _not_described(dataset, settings)
    if isinstance(settings, dict):
        descriptor, _ = descriptor_from(settings)
        _require_same_white(dataset, descriptor)
    else:
        descriptor = descriptor_for(dataset.x, settings)
    require_memory(4 * len(dataset) * descriptor.n_features, f"Features of {dataset.name}")
    x = _rows_of(descriptor, dataset.x, on_rows)
    require_usable_rows(x, n_min=_n_min(options), what=f"{dataset.name} as features")
    reader = {**dataset.reader, "features": descriptor.to_config()}
    return replace(dataset, x=x, kind="vectors", reader=reader)


def _rows_of(descriptor: Descriptor, images: Any, on_rows: OnRows | None) -> Any:
    """Describe images; what takes long is looked for among the rows kept from earlier calls."""
    if getattr(descriptor, "is_costly", False):
        return cached_features(descriptor, images, on_rows=on_rows)
    return descriptor.transform(images, on_rows)


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


def _not_described(dataset: Dataset, settings: Any) -> DataError:
    wanted = "texts" if is_of_text(settings) else "images"
    also = " 'wordllama' describes texts." if dataset.kind == "text" else ""
    return DataError(
        f"These features describe {wanted}, but {dataset.name} holds {dataset.kind}. Leave "
        f"features out (--features), or pass {wanted}.{also}"
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
    _warn_of_empty_rows(np.diff(x.indptr) > 0, dataset.name, f"{x.shape[1]} known words")
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


def _warn_of_empty_rows(is_filled: Any, name: str, known: str) -> None:
    empty = int((~is_filled).sum())
    if empty:
        warnings.warn(
            f"{name}: {empty} of {len(is_filled)} documents hold none of the {known} "
            "and become rows of zeros, which all look alike. Remove them if that is not wanted.",
            QuantalWarning,
            stacklevel=4,
        )

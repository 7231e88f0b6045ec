"""From any source to rows of numbers: `quantal.data.open_source`, then features for text."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from ..data import Dataset, open_source, require_usable_rows
from ..errors import QuantalWarning
from .tfidf import TfIdf

# Which construction the papers used on a named set; anything else gets "default".
PAPER_CONSTRUCTION = {"name:20news": "20news", "name:reuters": "reuters"}


def open_features(source: Any, **options: Any) -> Dataset:
    """Open any source as rows of numbers; text becomes tf-idf vectors.

    Every document of a user's own text keeps its row: one that holds none of the frequent words
    becomes a row of zeros, with a warning. ``text="20news"`` drops documents with fewer than ten
    of them, as in the IMSAT paper, and lists them in ``skipped``; it is the default for
    name:20news, as "reuters" is for name:reuters. New rows for a fitted model (``like``) are
    never dropped.

    Args:
        source: As for `quantal.data.open_source`.
        **options: As for `quantal.data.open_source`; ``text`` is a construction, or the
            vocabulary of a fitted model as its data set's ``reader`` holds it.

    Returns:
        The data set; for text ``x`` is (n, d) float32 CSR and ``reader["text"]`` the vocabulary.

    Raises:
        DataError, ParameterError, FileFormatError, MissingExtraError: As `open_source`; also where
            no word or document is left, or a saved vocabulary is damaged.
    """
    dataset = open_source(source, **options)
    if dataset.texts is None or dataset.n_features > 0:
        return dataset
    settings = options.get("text") or _construction_of(source)
    if isinstance(settings, dict):
        vectorizer = TfIdf.from_config(settings)
        x, kept = vectorizer.transform(dataset.texts), np.ones(len(dataset), dtype=bool)
    else:
        vectorizer = TfIdf(settings)
        x = vectorizer.fit_transform(dataset.texts)
        kept = vectorizer.kept_
    _warn_of_empty_rows(x, dataset.name)
    n_min = 1 if options.get("like") is not None else 2
    require_usable_rows(x, n_min=n_min, what=f"{dataset.name} as tf-idf")
    names = dataset.ids or [str(row) for row in range(len(dataset))]
    return replace(
        dataset,
        x=x,
        ids=[name for name, keep in zip(names, kept, strict=True) if keep],
        texts=[text for text, keep in zip(dataset.texts, kept, strict=True) if keep],
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
            stacklevel=3,
        )

"""What a data set looks like, in one pass over its rows."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import scipy.sparse as sp

from .dataset import Dataset
from .memory_map import row_chunks
from .sources import open_source

SAMPLE_ROWS = 10_000  # rows compared with each other to estimate duplicates


def describe(source: Any, **options: Any) -> dict[str, Any]:
    """Measure a data set without holding it in memory.

    Args:
        source: As for `open_source`; a Dataset is described as it is.
        **options: As for `open_source`.

    Returns:
        JSON values: ``name``, ``kind``, ``n`` rows, ``d`` numbers a row, ``shape``, ``dtype``,
        ``bytes``, ``minimum``, ``maximum``, ``zeros`` (share of zero entries), ``constant_columns``
        (count), ``duplicates`` (share of rows that repeat an earlier one among ``sampled`` rows),
        ``skipped`` (count). For text without vectors: ``n``, ``words`` (median a document),
        ``bytes``, ``duplicates``.
    """
    dataset = open_source(source, **options)
    head = {"name": dataset.name, "kind": dataset.kind, "n": len(dataset)}
    tail = {"skipped": len(dataset.skipped)}
    if dataset.n_features == 0:
        return {**head, **_describe_texts(dataset), **tail}
    x = dataset.x
    form = {"d": dataset.n_features, "shape": list(map(int, x.shape)), "dtype": str(x.dtype)}
    measured = _measure_sparse(x) if sp.issparse(x) else _measure(x)
    return {**head, **form, **measured, **_duplicates(x), **tail}


def _describe_texts(dataset: Dataset) -> dict[str, Any]:
    texts = list(dataset.texts or ())
    return {
        "words": float(np.median([len(text.split()) for text in texts])),
        "bytes": sum(len(text.encode()) for text in texts),
        "duplicates": 1 - len(set(texts)) / len(texts),
        "sampled": len(texts),
    }


def _measure(x: Any) -> dict[str, Any]:
    lowest = highest = None
    nonzero = 0
    for _, rows in row_chunks(x):
        low, high = rows.min(axis=0), rows.max(axis=0)
        lowest = low if lowest is None else np.minimum(lowest, low)
        highest = high if highest is None else np.maximum(highest, high)
        nonzero += int(np.count_nonzero(rows))
    assert lowest is not None  # a data set has rows
    assert highest is not None
    return _summary(lowest, highest, nonzero, x.size, int(x.nbytes))


def _measure_sparse(x: Any) -> dict[str, Any]:
    lowest, highest = x.min(axis=0).toarray(), x.max(axis=0).toarray()
    size = int(x.shape[0]) * int(x.shape[1])
    held = int(x.data.nbytes + x.indices.nbytes + x.indptr.nbytes)
    return _summary(lowest, highest, int(np.count_nonzero(x.data)), size, held)


def _summary(lowest: Any, highest: Any, nonzero: int, size: int, held: int) -> dict[str, Any]:
    return {
        "bytes": held,
        "minimum": float(lowest.min()),
        "maximum": float(highest.max()),
        "zeros": 1 - nonzero / size,
        "constant_columns": int((lowest == highest).sum()),
    }


def _duplicates(x: Any) -> dict[str, Any]:
    """Compare evenly spaced rows, read in order so that a memory map is streamed."""
    step = max(1, -(-int(x.shape[0]) // SAMPLE_ROWS))
    seen: set[bytes] = set()
    sampled = 0
    for start, rows in row_chunks(x):
        first = -start % step
        chosen = rows[first::step]
        dense = np.ascontiguousarray(chosen) if isinstance(chosen, np.ndarray) else chosen.toarray()
        for row in dense:
            seen.add(_fingerprint(row))
        sampled += len(dense)
    return {"duplicates": 1 - len(seen) / sampled, "sampled": sampled}


def _fingerprint(row: Any) -> bytes:
    return hashlib.blake2b(row.tobytes(), digest_size=16).digest()

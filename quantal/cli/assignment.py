"""Labels of the rows of a data set by a fitted model, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .label_files import label_file
from .row_blocks import row_blocks
from .terminal import Terminal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data import Dataset


def assignments(
    model: Any, dataset: Dataset, terminal: Terminal
) -> Iterator[tuple[int, NDArray[Any], NDArray[Any]]]:
    """Yield ``(first_row, labels, probabilities)`` of consecutive blocks; memory stays flat.

    Args:
        model: fitted, with ``predict_log_proba``, which also takes sparse rows.
        dataset: its rows.
        terminal: shows a bar for many rows.
    """
    import numpy as np

    row_bytes = 8 * dataset.n_features + 8 * model.n_clusters
    for block in row_blocks(len(dataset), row_bytes, "labelling", terminal):
        p = np.exp(model.predict_log_proba(dataset.x[block]))
        yield block.start, p.argmax(axis=1), p.max(axis=1)


def write_labels(model: Any, dataset: Dataset, path: Path, terminal: Terminal) -> NDArray[Any]:
    """Write id, label and probability of every row to ``path``.

    Returns:
        Rows in each cluster, shape (n_clusters,).
    """
    import numpy as np

    sizes = np.zeros(model.n_clusters, np.int64)
    with label_file(path, len(dataset), has_names=dataset.ids is not None) as file:
        for start, labels, probabilities in assignments(model, dataset, terminal):
            file.write(row_names(dataset, start, start + len(labels)), labels, probabilities)
            sizes += np.bincount(labels, minlength=model.n_clusters)
    return sizes


def row_names(dataset: Dataset, start: int, stop: int) -> Sequence[str] | Sequence[int]:
    """Return the ids of some rows; their numbers where they have no names."""
    return range(start, stop) if dataset.ids is None else dataset.ids[start:stop]

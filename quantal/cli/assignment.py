"""Labels of the rows of a data set by a fitted model, a block at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ParameterError
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

    Probabilities are nan where the method gives none. Methods that label only the rows of their
    fit give these labels again for the same rows.

    Args:
        model: a fitted clusterer.
        dataset: its rows.
        terminal: shows a bar for many rows.

    Raises:
        ParameterError: The method labels only the rows of its fit, and these are others.
    """
    import numpy as np

    row_bytes = 8 * dataset.n_features + 8 * model.n_clusters
    known = None if hasattr(model, "predict") else _labels_of_fit(model, dataset)
    for block in row_blocks(len(dataset), row_bytes, "labelling", terminal):
        if hasattr(model, "predict_log_proba"):  # which also takes sparse rows
            p = np.exp(model.predict_log_proba(dataset.x[block]))
            yield block.start, p.argmax(axis=1), p.max(axis=1)
            continue
        labels = model.predict(dataset.x[block]) if known is None else known[block]
        yield block.start, labels, np.full(len(labels), np.nan, np.float32)


def _labels_of_fit(model: Any, dataset: Dataset) -> NDArray[Any]:
    from ..estimators import data_fingerprint

    if data_fingerprint(dataset.x) != model.data_:
        raise ParameterError(
            f"{type(model).__name__} labels only the rows that it was fitted on, and these are "
            "others. Fit it on all rows at once, with quantal fit --labels FILE, or choose a "
            "method that labels new rows: imsat, rim, landmark-spectral."
        )
    labels: NDArray[Any] = model.labels_
    return labels


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

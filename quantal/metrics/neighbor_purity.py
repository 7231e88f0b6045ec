"""How often the nearest neighbours of a row are of its class."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, require_range
from ..graph import nearest_neighbors
from .label_values import as_labels


def neighbor_purity(
    X: ArrayLike, truth: ArrayLike, counts: Sequence[int] = (1, 2, 5, 10, 20, 50, 100)
) -> NDArray[np.float64]:
    """Return the mean share of rows of one's own class among one's K nearest, for several K.

    Args:
        X: (n, d) rows; neighbours are those of smallest Euclidean distance, the row itself left
            out.
        truth: (n,) class of each row, integers or strings, without unknown ones.
        counts: the K, each from 1 to n - 1.

    Returns:
        (len(counts),) float64, each from 0 to 1.

    Raises:
        DataError: ``X`` and ``truth`` differ in length, or a class is unknown.
        ParameterError: A count is out of its range.

    Source: Yang, Parikh, Batra 2016, supplement, Section 7 and Figure 5. Whether the row counts
        among its own neighbours is not said there; here it does not.

    Examples:
        >>> neighbor_purity([[0.0], [1.0], [5.0], [6.5]], [0, 0, 1, 1], [1, 3])
        array([1.        , 0.33333333])
    """
    names, missing = as_labels(truth, "truth")
    if missing.any():
        raise DataError(
            f"truth is unknown for {int(missing.sum())} rows; leave them out of X and truth."
        )
    classes = np.unique(names, return_inverse=True)[1]
    n, n_rows = len(classes), len(np.asarray(X))
    if n != n_rows:
        raise DataError(f"X has {n_rows} rows and truth {n} labels; they must agree.")
    for count in counts:
        require_range("counts", count, low=1, high=n - 1, integer=True)
    _, neighbors = nearest_neighbors(X, max(counts))
    alike = classes[neighbors] == classes[:, None]
    shares = np.cumsum(alike.mean(axis=0)) / np.arange(1, alike.shape[1] + 1)
    return np.asarray([shares[count - 1] for count in counts])

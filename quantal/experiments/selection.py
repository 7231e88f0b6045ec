"""Eq. 21 of the IMSAT paper: one hyper-parameter value for several data sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import DataError


def relative_accuracy_selection(
    values: Sequence[Any], accuracies: Mapping[str, Sequence[float]]
) -> Any:
    """The value whose accuracies, each relative to its data set's best, have the largest sum.

    The selection reads accuracies, hence labels. It belongs to the paper's protocol and is
    reported as such; no estimator of quantal selects anything this way.

    Args:
        values: the swept values, in order.
        accuracies: per data set, one accuracy per value, in (0, 1].

    Returns:
        argmax over ``values`` of sum over data sets of ACC(value) / max ACC; the first of equals.

    Raises:
        DataError: if a curve has another length than ``values``, or there is none.

    Source: Hu et al. 2017, arXiv:1702.08720, Eq. 21.

    Examples:
        >>> relative_accuracy_selection([1, 2], {"a": [0.9, 0.8], "b": [0.1, 0.2]})
        2
    """
    if not accuracies:
        raise DataError("The selection needs the accuracies of at least one data set, got none.")
    total = np.zeros(len(values))
    for name, curve in accuracies.items():
        if len(curve) != len(values):
            raise DataError(
                f"{name} has {len(curve)} accuracies for {len(values)} values; "
                "give one for each value."
            )
        best = max(curve)
        total += np.asarray(curve, dtype=float) / best if best > 0 else 0.0
    return values[int(np.argmax(total))]

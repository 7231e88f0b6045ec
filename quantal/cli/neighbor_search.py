"""How long the search for neighbours before training will take: said before it begins."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from .terminal import Terminal, duration

if TYPE_CHECKING:
    from ..data import Dataset

SIDE = 1024  # rows and columns of the trial product
TRIALS = 3
OVERHEAD = 1.6  # search over plain product, as measured on 8,000 rows of 784 columns
WORTH_SAYING = 5.0  # seconds


def announce(estimator: Any, dataset: Dataset, terminal: Terminal) -> None:
    """Say how long the distances to neighbours will take, if that is long."""
    if terminal.quiet or not needs_neighbors(estimator):
        return
    wanted = getattr(estimator, "neighbor_sample", None)
    seconds = expected_seconds(
        len(dataset), dataset.n_features, wanted if isinstance(wanted, int) else None
    )
    if seconds >= WORTH_SAYING:
        terminal.say(
            f"first the distance of each row to a near neighbour, about {duration(seconds)}; then "
            "training, with a bar"
        )


def needs_neighbors(estimator: Any) -> bool:
    """Tell whether the estimator's perturbation follows the distances of neighbours."""
    augmentation = getattr(estimator, "augmentation", None)
    if augmentation is None:
        return False
    names = f"{augmentation} {getattr(estimator, 'warm_up', None)}"
    by_distance = estimator.radius is None or ("vat" in names and estimator.units == "neighbors")
    return by_distance and ("vat" in names or "rpt" in names)


def expected_seconds(n_rows: int, n_features: int, sample: int | None = None) -> float:
    """Estimate the search from the speed of a small matrix product on this machine.

    Args:
        n_rows: rows of the data.
        n_features: their columns.
        sample: rows in which neighbours are looked for, if the user said so.
    """
    import numpy as np

    from ..estimators.radius import EXACT_ROWS, SAMPLE_ROWS

    block = np.ones((SIDE, SIDE), np.float32)
    times = []
    for _ in range(TRIALS):
        began = time.perf_counter()
        block @ block
        times.append(time.perf_counter() - began)
    n_reference = n_rows if n_rows <= EXACT_ROWS else SAMPLE_ROWS
    if sample is not None:
        n_reference = min(sample, n_rows)
    return OVERHEAD * min(times) * n_rows * n_reference * n_features / SIDE**3

"""What ``quantal fit`` prints in the end: sizes of clusters, or how the bits are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .encoding import shares_of_ones
from .terminal import Terminal, duration, size_bars

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data import Dataset

MOST_LISTED = 12


def summarise_clusters(
    estimator: Any, dataset: Dataset, seconds: float, terminal: Terminal
) -> None:
    """Print rows, clusters, seconds, the objective if there is one, and a bar for each cluster."""
    objective = ""
    if hasattr(estimator, "objective_"):
        objective = f", objective {estimator.objective_:.4f} nats (lower is better)"
    terminal.show(
        f"{_rows(dataset)} in {estimator.n_clusters} clusters, {duration(seconds)}{objective}\n"
    )
    sizes = estimator.cluster_sizes_.tolist()
    terminal.show(size_bars([(str(i), size) for i, size in enumerate(sizes)]))
    if dataset.kind == "images" and getattr(estimator, "collapse_", None):
        terminal.show(
            "\npixels may say too little: --features efficientnet-lite0 describes photos by an "
            "encoder, --features gist or hog without one"
        )


def summarise_codes(estimator: Any, dataset: Dataset, seconds: float, terminal: Terminal) -> None:
    """Print rows, bits, seconds and which bits are constant."""
    if terminal.quiet:
        return
    n_bits = int(estimator.n_bits)
    n_bytes = -(-n_bits // 8)
    size = f"{n_bits} bits ({n_bytes} byte{'s' if n_bytes > 1 else ''})"
    terminal.show(f"{_rows(dataset)} in codes of {size}, {duration(seconds)}")
    terminal.show(bit_report(shares_of_ones(estimator, dataset, terminal)))


def bit_report(shares: NDArray[Any]) -> str:
    """Return a line or two on the share of rows for which each bit is 1, shape (n_bits,)."""
    import numpy as np

    from ..hashing.bit_figures import LEAST_SHARE

    spread = f"bits are 1 for {100 * shares.min():.0f} to {100 * shares.max():.0f} % of the rows"
    constant = np.flatnonzero((shares < LEAST_SHARE) | (shares > 1 - LEAST_SHARE))
    if len(constant) == 0:
        return f"{spread}; none is constant"
    listed = ", ".join(map(str, constant[:MOST_LISTED].tolist()))
    more = ", ..." if len(constant) > MOST_LISTED else ""
    return (
        f"{spread}\n{len(constant)} of {len(shares)} bits are constant, equal for more than "
        f"{100 * (1 - LEAST_SHARE):.0f} % of the rows, and tell next to nothing: bits "
        f"{listed}{more}"
    )


def _rows(dataset: Dataset) -> str:
    return f"{dataset.name}: {len(dataset):,} rows of {dataset.n_features:,} columns"

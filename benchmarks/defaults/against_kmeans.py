"""IMSAT with nothing but the number of clusters given, beside k-means on the same rows.

    python -m benchmarks.defaults.against_kmeans [name:SET | FILE.npz ...]

An .npz file holds ``x`` and ``y``. Labels are read after both are fitted, to score them.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans

from quantal.clustering import IMSAT
from quantal.data import named
from quantal.errors import CollapseWarning
from quantal.metrics import clustering_accuracy, normalized_mutual_information


def rows_and_labels(source: str) -> tuple[np.ndarray, np.ndarray]:
    """Return (n, d) rows and (n,) labels."""
    if source.startswith("name:"):
        name = source.removeprefix("name:")
        x, y = np.asarray(named.load(name).x), named.labels(name)
    else:
        with np.load(Path(source), allow_pickle=False) as file:
            x, y = file["x"], file["y"]
    return x.reshape(len(x), -1), y


def both_scores(y: np.ndarray, labels: np.ndarray) -> str:
    """Return accuracy and NMI in percent."""
    accuracy = clustering_accuracy(y, labels)
    return f"{100 * accuracy:.1f} / {100 * normalized_mutual_information(y, labels):.1f}"


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="*", default=["name:digits"])
    args = parser.parse_args()
    warnings.simplefilter("ignore", CollapseWarning)
    print(
        "| data | rows x columns | clusters | k-means ACC / NMI | IMSAT ACC / NMI | warnings | s |"
    )
    print("|---|---|---|---|---|---|---|")
    for source in args.sources:
        x, y = rows_and_labels(source)
        k = len(np.unique(y))
        means = KMeans(k, n_init=10, random_state=0).fit_predict(x)
        start = time.perf_counter()
        model = IMSAT(k, random_state=0).fit(x)
        seconds = time.perf_counter() - start
        scores = [both_scores(y, labels) for labels in (means, model.labels_)]
        found = ", ".join(finding.kind for finding in model.collapse_) or "none"
        shape = f"{x.shape[0]} x {x.shape[1]}"
        print(
            f"| {Path(source).stem} | {shape} | {k} | {scores[0]} | {scores[1]} | {found} "
            f"| {seconds:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()

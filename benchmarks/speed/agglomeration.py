"""The engine of merges beside scikit-learn's and beside dense matrices, from 1,000 to 70,000 rows.

    python -m benchmarks.speed.agglomeration [--rows 1000 2000 ...] [--most-dense 4000] [--rounds 3]

All start from one graph of 20 neighbours, whose search is not timed, and stop at ten clusters:

- ours: `initial_clusters` and `agglomerate` by the exact update and by local structure, and by the
  exact update alone, which is graph-degree linkage.
- scikit-learn: ``AgglomerativeClustering(connectivity=graph)`` with average linkage, its quickest
  for the purpose: it merges rows of the same graph, made symmetric, by another linkage and from
  single rows on. The graph is not completed here: of its parts there may be more than ten.
- dense: `benchmarks.peers.dense_linkage`, the published codes' way, up to ``--most-dense`` rows.

Rows lie on ten bent surfaces of six dimensions in 32. The slope is that of log seconds on log rows,
by least squares; 1 is linear.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.peers.dense_linkage import dense_merges
from quantal.graph import AffinityGraph, affinity_graph, agglomerate, initial_clusters

N_CLUSTERS, N_NEIGHBORS, N_COLUMNS, N_INNER = 10, 20, 32, 6
Method = Callable[[NDArray[np.float32], AffinityGraph], Any]


def surfaces(n: int, seed: int = 0) -> NDArray[np.float32]:
    """Return (n, 32) rows near ten bent surfaces."""
    rng = np.random.default_rng(seed)
    inner = rng.normal(size=(n, N_INNER))
    bent = np.concatenate([inner, np.sin(2 * inner), inner**2 - 1], axis=1)
    x = np.empty((n, N_COLUMNS), np.float32)
    for cluster in range(N_CLUSTERS):
        own = slice(cluster, None, N_CLUSTERS)
        turn = rng.normal(size=(bent.shape[1], N_COLUMNS)) / np.sqrt(bent.shape[1])
        x[own] = bent[own] @ turn + rng.normal(size=N_COLUMNS)
    return x


def ours(local: bool) -> Method:
    """Merge by degrees, with the local structure of JULE or without."""
    options: dict[str, Any] = {"n_nearest": 5, "local_weight": 1.0} if local else {}

    def merge(_: NDArray[np.float32], graph: AffinityGraph) -> Any:
        first = initial_clusters(graph.neighbors)
        return agglomerate(graph.weights, first, N_CLUSTERS, **options).cut

    return merge


def scikit_learns(x: NDArray[np.float32], graph: AffinityGraph) -> Any:
    """Merge rows along the same edges by average linkage."""
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        N_CLUSTERS, linkage="average", connectivity=graph.weights.maximum(graph.weights.T)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says that the graph has several parts
        return model.fit(x)


def dense(alpha: float | None) -> Method:
    """Merge by dense matrices, by the exact update (None) or by ``alpha``."""

    def merge(_: NDArray[np.float32], graph: AffinityGraph) -> Any:
        first = initial_clusters(graph.neighbors)
        return dense_merges(graph.weights.toarray(), first, N_CLUSTERS, alpha)

    return merge


METHODS: dict[str, Method] = {
    "ours, local structure": ours(local=True),
    "ours, degrees": ours(local=False),
    "scikit-learn, average": scikit_learns,
    "dense, exact": dense(None),
    "dense, alpha = 0": dense(0.0),
}


def slope(seconds: dict[int, float]) -> float:
    """Exponent of the rows in the seconds."""
    return float(np.polyfit(np.log(list(seconds)), np.log(list(seconds.values())), 1)[0])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = (1000, 2000, 4000, 8000, 16000, 32000, 70000)
    parser.add_argument("--rows", type=int, nargs="+", default=default)
    parser.add_argument("--most-dense", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    taken: dict[str, dict[int, float]] = {name: {} for name in METHODS}
    with threadpool_limits(1):
        warm = surfaces(500)
        for method in METHODS.values():  # compiles and imports
            method(warm, affinity_graph(warm, N_NEIGHBORS, n_threads=1))
        for n in args.rows:
            x = surfaces(n)
            graph = affinity_graph(x, N_NEIGHBORS, unit_rows=False)
            names = [m for m in METHODS if n <= args.most_dense or not m.startswith("dense")]
            rounds: dict[str, list[float]] = {name: [] for name in names}
            for _ in range(args.rounds):
                for name in names:
                    start = time.process_time()
                    METHODS[name](x, graph)
                    rounds[name].append(time.process_time() - start)
            base = statistics.median(rounds["ours, local structure"])
            for name in names:
                taken[name][n] = statistics.median(rounds[name])
                ratio = taken[name][n] / base
                print(f"{n:6d} rows  {name:22s} {taken[name][n]:9.3f} s  {ratio:8.2f} x ours",
                      flush=True)  # fmt: skip
    for name, seconds in taken.items():
        if len(seconds) > 1:
            print(f"slope of {name}: {slope(seconds):.2f}")


if __name__ == "__main__":
    main()

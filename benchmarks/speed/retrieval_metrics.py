"""All retrieval scores of many queries against many codes, beside two usual ways to get them.

    python -m benchmarks.speed.retrieval_metrics [--codes 1000000] [--queries 1000] [--bits 64]

The peers run on few queries and are scaled up, since each query costs them the same:

- "script": what evaluation code in this field does for each query: distances by NumPy's XOR and
  bit count, scikit-learn's average_precision_score on 1 / (1 + distance), a sort for precision@500;
- "numpy": the same histograms as ours, by NumPy's bit count and two bincounts a query.

Rounds alternate, so that whatever else the machine does meets all; ratios are those of medians.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import time
from collections.abc import Callable

import numba
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from quantal.metrics import distance_histograms, evaluate_retrieval

N_CLASSES = 10

Words = NDArray[np.uint64]
Labels = NDArray[np.int64]


def seconds_of(action: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def on_threads(n: int, action: Callable[[], object]) -> None:
    """Run ``action`` on n threads."""
    most = numba.config.NUMBA_NUM_THREADS
    numba.config.NUMBA_NUM_THREADS = n
    try:
        action()
    finally:
        numba.config.NUMBA_NUM_THREADS = most


def noisy_codes(n: int, n_bytes: int, seed: int) -> tuple[NDArray[np.uint8], Labels]:
    """Codes of ten classes, each a pattern with a quarter of its bits flipped."""
    rng = np.random.default_rng(seed)
    patterns = np.random.default_rng(0).integers(0, 256, (N_CLASSES, n_bytes), dtype=np.uint8)
    labels = rng.integers(0, N_CLASSES, n)
    flips = rng.integers(0, 256, (2, n, n_bytes), dtype=np.uint8)
    return patterns[labels] ^ (flips[0] & flips[1]), labels


def distances_to(query: Words, words: Words) -> Labels:
    """Hamming distances of one query to all codes, by NumPy."""
    return np.bitwise_count(words ^ query).sum(axis=1, dtype=np.int64)


def script(query: Words, label: int, words: Words, labels: Labels) -> None:
    """Average precision and precision@500 of one query, the usual way."""
    distances, relevant = distances_to(query, words), labels == label
    average_precision_score(relevant, 1 / (1 + distances))
    relevant[np.argsort(distances)[:500]].mean()


def by_numpy(query: Words, label: int, words: Words, labels: Labels) -> None:
    """The two histograms of one query."""
    distances = distances_to(query, words)
    np.bincount(distances, minlength=64 * words.shape[1] + 1)
    np.bincount(distances[labels == label], minlength=64 * words.shape[1] + 1)


def contenders(args: argparse.Namespace) -> dict[str, tuple[Callable[[], object], float]]:
    """What is timed, by name, and the factor that brings it to all queries."""
    codes, labels = noisy_codes(args.codes, args.bits // 8, 1)
    queries, asked = noisy_codes(args.queries, args.bits // 8, 2)
    words = codes.view(np.uint64)
    few = list(zip(queries.view(np.uint64), asked, strict=True))[: args.peer_queries]
    distance_histograms(codes[:9], queries[:9], labels[:9], asked[:9])  # compiles

    def ours() -> object:
        return evaluate_retrieval(codes, queries, labels, asked)

    def peer(one: Callable[..., None]) -> Callable[[], object]:
        return lambda: [one(query, label, words, labels) for query, label in few]

    scale = args.queries / len(few)
    return {
        "ours, 1 thread": (lambda: on_threads(1, ours), 1),
        f"ours, {numba.config.NUMBA_NUM_THREADS} threads": (ours, 1),
        "numpy": (peer(by_numpy), scale),
        "script": (peer(script), scale),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codes", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--bits", type=int, default=64, choices=(64, 128, 256))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peer-queries", type=int, default=3, help="queries of a peer a round")
    args = parser.parse_args()
    timed = contenders(args)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    timed["ours, 1 thread"][0]()
    more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    times: dict[str, list[float]] = {name: [] for name in timed}
    for _ in range(args.rounds):
        for name, (action, factor) in timed.items():
            times[name].append(factor * seconds_of(action))
    medians = {name: statistics.median(values) for name, values in times.items()}
    pairs = args.codes * args.queries
    print(f"{args.queries} queries, {args.codes} codes of {args.bits} bits; peers on 1 thread")
    for name, median in medians.items():
        ratio = median / medians["ours, 1 thread"]
        print(f"{name:16s} {median:8.2f} s, {1e9 * median / pairs:6.2f} ns a pair, {ratio:6.1f} x")
    print(f"ours rose by {more >> 10} MiB; a float32 for each pair: {4 * pairs >> 20} MiB")


if __name__ == "__main__":
    main()

"""Training and encoding time of ITQ against faiss, in pairs of runs on the same threads.

    python -m benchmarks.speed.itq [--rows 60000] [--columns 784] [--bits 64] [--threads 1]

The peer is faiss's PCAMatrix and ITQMatrix, trained one after the other on all rows with as many
turns as ours, and for encoding the same two chained before an IndexLSH without a rotation of its
own, which packs signs. (ITQTransform is another method: it scales every row to length 1.) Ours is
``fit`` and ``encode`` as a user calls them, checks of the rows and the decoder included. Rows are
float32, Gaussian, with a spectrum that falls like that of images. On a machine that does other work
too, the ratio by processor time on one thread is the steady one.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import faiss
import numpy as np
from threadpoolctl import threadpool_limits

from quantal.hashing import ITQ

Seconds = tuple[float, float]
Pairs = list[tuple[Seconds, Seconds]]


def rows_like_images(n: int, d: int) -> np.ndarray:
    """Return (n, d) float32 rows whose variances fall as 1 / rank."""
    rng = np.random.default_rng(0)
    turn = np.linalg.qr(rng.standard_normal((d, d)))[0].astype(np.float32)
    spread = (1 / np.sqrt(np.arange(1, d + 1))).astype(np.float32)
    return np.asarray(rng.standard_normal((n, d), dtype=np.float32) * spread @ turn + 1)


def train_peer(x: np.ndarray, n_bits: int) -> Any:
    """Train the chain and return an index that encodes with it."""
    pca, rotation = faiss.PCAMatrix(x.shape[1], n_bits), faiss.ITQMatrix(n_bits)
    pca.max_points_per_d = len(x)  # all rows, as ours
    pca.train(x)
    rotation.train(pca.apply(x))
    index = faiss.IndexPreTransform(faiss.IndexLSH(n_bits, n_bits, False, False))
    index.prepend_transform(rotation)
    index.prepend_transform(pca)
    return index


def seconds_of(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds of one call: by the clock, and of the processor over all threads."""
    start, used = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - start, time.process_time() - used


def report(what: str, pairs: Pairs, n: int) -> None:
    """Print both medians and the median of the ratios of the pairs, by the clock and used."""
    by_clock, used = ([(ours[kind], theirs[kind]) for ours, theirs in pairs] for kind in (0, 1))
    mine, other = (statistics.median(column) for column in zip(*by_clock, strict=True))
    ratio, ratio_used = (statistics.median(b / a for a, b in kind) for kind in (by_clock, used))
    print(
        f"{what:14s} ours {mine:8.3f} s ({n / mine:9.0f} rows/s)   faiss {other:8.3f} s   "
        f"{ratio:5.2f} x as fast by the clock, {ratio_used:5.2f} x by processor time"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    parser.add_argument("--columns", type=int, default=784)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    x = rows_like_images(args.rows, args.columns)
    times: dict[str, Pairs] = {what: [] for what in ("train", "train, default", "encode")}
    faiss.omp_set_num_threads(args.threads)
    with threadpool_limits(args.threads):
        whole = ITQ(args.bits, max_samples=None, random_state=0).fit(x)
        default = ITQ(args.bits, random_state=0)
        peer = train_peer(x, args.bits)
        products = []
        for _ in range(args.rounds):
            theirs = seconds_of(lambda: train_peer(x, args.bits))
            times["train"].append((seconds_of(lambda: whole.fit(x)), theirs))
            times["train, default"].append((seconds_of(lambda: default.fit(x)), theirs))
            theirs = seconds_of(lambda: peer.sa_encode(x))
            times["encode"].append((seconds_of(lambda: whole.encode(x)), theirs))
            products.append(seconds_of(lambda: x @ whole.directions_))
    print(
        f"{args.rows} x {args.columns} float32 rows, {args.bits} bits, {args.threads} thread(s), "
        f"{args.rounds} rounds"
    )
    for what, pairs in times.items():
        report(what, pairs, args.rows)
    costs = zip((ours for ours, _ in times["encode"]), products, strict=True)
    cost = statistics.median(ours[1] / product[1] for ours, product in costs)
    print(f"encoding takes {cost:.2f} x the processor time of its bare matrix product")


if __name__ == "__main__":
    main()

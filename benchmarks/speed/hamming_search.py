"""Exact Hamming search of ours beside faiss's, on the same codes and number of threads.

python -m benchmarks.speed.hamming_search [--codes 1000000] [--queries 1000] [--threads 1]

For each width and k, ours and ``faiss.IndexBinaryFlat`` take turns; the ratio of their throughputs
is taken round by round, and its median printed. The codes are noisy copies of one another, so that
queries have near neighbours. Bytes per second are bytes of codes compared, in multiples of what the
same threads read from memory.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from quantal.codes import hamming_search

WIDTHS = (64, 128, 256)
NEIGHBOURS = (10, 100)
FLIPPED = 0.15  # share of bits in which a query differs from some code


def seconds(call: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def memory_bandwidth(n_threads: int, rounds: int) -> float:
    """Bytes per second that threads read together, by summing arrays far larger than caches."""
    n_words = (512 << 20) // 8 // n_threads
    arrays = [np.ones(n_words, np.uint64) for _ in range(n_threads)]
    with ThreadPoolExecutor(n_threads) as pool:
        times = [seconds(lambda: list(pool.map(np.max, arrays))) for _ in range(rounds)]
    return n_threads * n_words * 8 / statistics.median(times)


def compare(n_bits: int, k: int, args: argparse.Namespace, bandwidth: float) -> None:
    """Print one row."""
    import faiss

    rng = np.random.default_rng(n_bits)
    codes = rng.integers(0, 256, (args.codes, n_bits // 8), np.uint8)
    noise = np.packbits(rng.random((args.queries, n_bits)) < FLIPPED, axis=1)
    queries = codes[rng.integers(0, args.codes, args.queries)] ^ noise
    index = faiss.IndexBinaryFlat(n_bits)
    index.add(codes)
    hamming_search(codes[:1000], queries[:1], k, n_threads=args.threads)  # compiles
    ours, theirs = [], []
    for _ in range(args.rounds):
        ours.append(seconds(lambda: hamming_search(codes, queries, k, n_threads=args.threads)))
        theirs.append(seconds(lambda: index.search(queries, k)))
    same = hamming_search(codes, queries[:20], k, n_threads=args.threads)
    assert (same[0] == index.search(queries[:20], k)[0]).all()
    pairs = args.codes * args.queries
    ratio = statistics.median(b / a for a, b in zip(ours, theirs, strict=True))
    mine, other = (pairs / statistics.median(times) for times in (ours, theirs))
    print(
        f"{n_bits:4d} bits, k = {k:3d}, {args.queries} queries: ours {mine / 1e9:6.2f}, faiss "
        f"{other / 1e9:6.2f} G codes/s, ratio {ratio:5.2f}; ours "
        f"{mine * n_bits / 8 / bandwidth:5.2f} x memory bandwidth",
        flush=True,
    )


def main() -> None:
    """Measure in alternation and print medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codes", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=1_000)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    import faiss

    faiss.omp_set_num_threads(args.threads)
    bandwidth = memory_bandwidth(args.threads, args.rounds)
    print(f"{args.threads} threads read {bandwidth / 1e9:.1f} GB/s from memory")
    for n_bits in WIDTHS:
        for k in NEIGHBOURS:
            compare(n_bits, k, args, bandwidth)


if __name__ == "__main__":
    main()

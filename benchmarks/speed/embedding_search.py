"""The guide to hashing many embeddings, measured: bytes, neighbours found, time beside a scan.

Rows are synthetic: mixtures whose variance falls off from direction to direction, as that of
embeddings does, written to a file that is mapped into memory. `python -m
benchmarks.speed.embedding_search 1000000 96` takes two minutes on one core.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from quantal.codes import hamming_search, read_codes, rerank, write_codes
from quantal.data import row_chunks
from quantal.hashing import ITQ

N_QUERIES, K, CANDIDATES = 100, 10, 1000


def write_rows(path, n_rows, width):
    """Write n_rows + N_QUERIES rows block by block; the last are the queries."""
    rng = np.random.default_rng(0)
    scales = (1 + np.arange(width)) ** -0.5
    centers = 1.5 * rng.normal(size=(4096, width)) * scales
    total = n_rows + N_QUERIES
    rows = np.lib.format.open_memmap(path, "w+", np.float32, (total, width))
    for start in range(0, total, 1 << 16):
        stop = min(total, start + (1 << 16))
        kind = rng.integers(0, len(centers), stop - start)
        rows[start:stop] = centers[kind] + rng.normal(size=(stop - start, width)) * scales
    rows.flush()


def exact(rows, queries):
    """Nearest rows by a pass over all of them, block by block."""
    best = np.full((len(queries), K), np.inf)
    ids = np.zeros((len(queries), K), np.int64)
    for start, part in row_chunks(rows):
        block = np.asarray(part)
        distances = np.square(block).sum(1) - 2 * queries @ block.T
        near = np.argpartition(distances, K, axis=1)[:, :K]
        both = np.hstack([best, np.take_along_axis(distances, near, 1)])
        named = np.hstack([ids, near + start])
        order = np.argsort(both, axis=1)[:, :K]
        best, ids = np.take_along_axis(both, order, 1), np.take_along_axis(named, order, 1)
    return ids


def timed(call, *args, repeat=1, **kwargs):
    """Return the result and the median seconds of a call."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        result = call(*args, **kwargs)
        seconds.append(time.perf_counter() - start)
    return result, float(np.median(seconds))


def recall(found, wanted):
    """Share of the wanted neighbours that were found."""
    return np.mean([len(set(f) & set(w)) / K for f, w in zip(found, wanted, strict=True)])


def measure(rows, queries, n_bits, folder):
    """Fit, encode, search in stages; return a line for the table."""
    sample = np.asarray(rows[:: max(1, len(rows) // 100_000)])
    hasher, fitting = timed(ITQ(n_bits=n_bits, random_state=0).fit, sample)
    path = folder / f"codes{n_bits}.npy"
    _, encoding = timed(
        write_codes, path, (hasher.encode(part) for _, part in row_chunks(rows)), n_bits
    )
    codes, asked = read_codes(path).packed, hasher.encode(queries)
    hamming_search(codes[:1000], asked, K)  # compiled before it is timed

    def staged():
        return rerank(hamming_search(codes, asked, CANDIDATES)[1], queries, rows, K)[1]

    (_, plain), by_bits = timed(hamming_search, codes, asked, K, repeat=3)
    found, in_stages = timed(staged, repeat=3)
    return path.stat().st_size, fitting, encoding, plain, by_bits, found, in_stages


def main(n_rows=1_000_000, width=96):
    """Print the table of the guide."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_rows(folder / "rows.npy", n_rows, width)
        whole = np.load(folder / "rows.npy", mmap_mode="r")
        rows, queries = whole[:n_rows], np.asarray(whole[n_rows:])
        truth, scan = timed(exact, rows, queries, repeat=3)
        size = rows.nbytes
        print(f"{n_rows:,} x {width} float32, {size / 1e6:,.0f} MB; {N_QUERIES} queries")
        for n_bits in (64, 96):
            held, fitting, encoding, plain, by_bits, found, staged = measure(
                rows, queries, n_bits, folder
            )
            print(f"{n_bits} bits: {held / 1e6:,.1f} MB, {size / held:.0f} times less")
            print(
                f"  fit on a sample {fitting / scan:.2f} scans, encode {encoding / scan:.2f} scans"
            )
            print(
                f"  Hamming: {scan / by_bits:.1f} times a scan's speed, {recall(plain, truth):.2f}"
            )
            print(f"  re-ranked: {scan / staged:.1f} times, recall@10 {recall(found, truth):.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))

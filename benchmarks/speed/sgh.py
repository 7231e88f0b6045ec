"""SGH's training, encoding and asymmetric scan, each beside its yardstick, in pairs of runs.

    QUANTAL_DATA=... python -m benchmarks.speed.sgh [training] [encoding] [scan] [--rows 1000000]

- training: ``SGH(n_steps=S).fit`` on all rows beside faiss's ITQTransform, which trains on at most
  32,768 of them and scales rows to length 1. S is the smallest of ``--steps`` whose reconstruction
  error is not above the peer's. Errors are mean squared distances of 10,000 other rows from what
  their codes decode to, by least squares on the same 100,000 training rows for both. Ours includes
  the checks of the rows, the scaling, the objective and the decoder.
- encoding: ``encode`` as a user calls it, checks and packing included, beside ``X @ W`` of the
  same shape in float32 into an array that is there already.
- scan: `asymmetric_search` (exact, norms of the codes computed before) beside `hamming_search` and
  faiss's IndexBinaryFlat, which both compare codes, on the same codes and queries; by inner
  product also beside faiss's fast scan, which is approximate: its share of the best is printed.

Rows are real SIFT descriptors again and again with noise, as float32. On a machine that does other
work too, the ratio by processor time on one thread is the steady one; both are printed.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.speed.itq import seconds_of
from benchmarks.speed.sift_rows import row_chunks
from quantal.codes import asymmetric_search, fit_decoder, hamming_search, unpack_bits
from quantal.hashing import SGH

PARTS = ("training", "encoding", "scan")
DECODED = 100_000  # rows that decoders are fitted to


def rows_of(n: int, seed: int, key: str = "base") -> np.ndarray:
    """Return (n, 128) float32 rows."""
    return np.concatenate([chunk.astype(np.float32) for chunk in row_chunks(n, seed, key)])


def in_pairs(ours: Callable[[], Any], peer: Callable[[], Any], rounds: int, what: str) -> None:
    """Run both in turn and print the medians, and those of the ratios peer / ours."""
    pairs = [(seconds_of(ours), seconds_of(peer)) for _ in range(rounds)]
    for kind, clock in enumerate(("clock", "processor")):
        mine, other = ([pair[side][kind] for pair in pairs] for side in (0, 1))
        ratio = statistics.median(b / a for a, b in zip(mine, other, strict=True))
        print(
            f"{what}, by the {clock}: ours {statistics.median(mine):.3f} s, peer "
            f"{statistics.median(other):.3f} s, peer / ours {ratio:.2f}",
            flush=True,
        )


def held_out_error(bits_of: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> float:
    """Mean squared distance of other rows from their decoded codes."""
    seen, other = x[:DECODED], rows_of(10_000, 1, "queries")
    decoder = fit_decoder(seen, bits_of(seen))
    lost = other - decoder.decode(bits_of(other))
    return float(np.einsum("nd,nd->n", lost, lost).mean(dtype=np.float64))


def train(args: argparse.Namespace, x: np.ndarray) -> None:
    """Compare training to one error."""
    import faiss

    faiss.omp_set_num_threads(args.threads)

    def peer() -> Any:
        transform = faiss.ITQTransform(x.shape[1], args.bits, True)
        transform.train(x)
        return transform

    trained = peer()
    goal = held_out_error(lambda rows: (trained.apply(rows) > 0).astype(np.uint8), x)
    for n_steps in args.steps:
        hasher = SGH(n_bits=args.bits, n_steps=n_steps, random_state=0).fit(x)
        error = held_out_error(hasher.transform, x)
        print(f"n_steps = {n_steps}: error {error:.0f}, ITQTransform {goal:.0f}", flush=True)
        if error <= goal:
            break
    else:
        print("No number of steps reaches the peer's error.")
        return
    in_pairs(
        lambda: SGH(n_bits=args.bits, n_steps=n_steps, random_state=0).fit(x),
        peer,
        args.rounds,
        f"training with {n_steps} steps",
    )


def fitted(args: argparse.Namespace, x: np.ndarray) -> SGH:
    """Return a hasher whose quality does not matter."""
    return SGH(n_bits=args.bits, n_steps=100, random_state=0).fit(x[:DECODED])


def encode(args: argparse.Namespace, x: np.ndarray) -> None:
    """Compare encoding with the product alone."""
    hasher = fitted(args, x)
    out = np.empty((len(x), args.bits), np.float32)
    in_pairs(
        lambda: hasher.encode(x),
        lambda: np.matmul(x, hasher.directions_, out=out),
        args.rounds,
        "encoding",
    )


def scan(args: argparse.Namespace, x: np.ndarray) -> None:
    """Compare searches of the same codes."""
    import faiss

    faiss.omp_set_num_threads(args.threads)
    hasher = fitted(args, x)
    codes, queries = hasher.encode(x), rows_of(args.queries, 1, "queries")
    asked = hasher.encode(queries)
    decoder = fit_decoder(x[:DECODED], unpack_bits(codes[:DECODED], args.bits))
    norms = decoder.squared_norms(codes)
    index = faiss.IndexBinaryFlat(8 * codes.shape[1])
    index.add(codes)
    fast = fast_scan(codes, args.bits)
    weights = (queries @ decoder.codewords.T).astype(np.float32)
    for k in args.k:
        peers: dict[str, Callable[[], Any]] = {
            "hamming_search": lambda k=k: hamming_search(codes, asked, k, n_threads=args.threads),
            "faiss": lambda k=k: index.search(asked, k),
        }
        for metric in ("l2", "inner_product"):
            given: Any = {"norms": norms} if metric == "l2" else {}
            asymmetric_search(codes[:5000], queries[:2], decoder, k, metric)  # compiles

            def ours(k: int = k, metric: Any = metric, given: Any = given) -> Any:
                return asymmetric_search(
                    codes, queries, decoder, k, metric, n_threads=args.threads, **given
                )

            by_product = {"faiss's fast scan": lambda k=k: fast.search(weights, k)}
            for name, peer in (peers | (by_product if metric == "inner_product" else {})).items():
                what = f"scan of {args.queries} queries, k = {k}, {metric}, beside {name}"
                in_pairs(ours, peer, args.rounds, what)
        found, exact = fast.search(weights, k)[1], ours()[1]
        shared = np.mean([len(np.intersect1d(a, b)) for a, b in zip(found, exact, strict=True)])
        print(f"of the {k} best by inner product fast scan finds {shared / k:.1%}", flush=True)


def fast_scan(codes: np.ndarray, bits: int) -> Any:
    """Return faiss's fast scan of codes; its codebooks are the patterns of four bits."""
    import faiss

    index = faiss.IndexPQFastScan(bits, bits // 4, 4, faiss.METRIC_INNER_PRODUCT)
    patterns = (np.arange(16)[:, None] >> np.arange(4)) & 1
    codebooks = np.tile(patterns, (bits // 4, 1, 1)).astype(np.float32)
    faiss.copy_array_to_vector(codebooks.ravel(), index.pq.centroids)
    index.is_trained = True
    index.add(unpack_bits(codes, bits).astype(np.float32))
    return index


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", default=PARTS, choices=PARTS)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--k", type=int, nargs="+", default=(10, 100))
    parser.add_argument("--steps", type=int, nargs="+", default=(25, 50, 100, 200, 400, 800, 3000))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    import torch

    torch.set_num_threads(args.threads)
    x = rows_of(args.rows, 0)
    print(f"{args.rows} x {x.shape[1]} float32, {args.bits} bits, {args.threads} threads")
    with threadpool_limits(args.threads):
        for part in args.parts:
            {"training": train, "encoding": encode, "scan": scan}[part](args, x)


if __name__ == "__main__":
    main()

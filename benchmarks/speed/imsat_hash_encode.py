"""Encoding by IMSATHash beside the bare matrix products of its network.

    python -m benchmarks.speed.imsat_hash_encode [--rows 20000] [--width 400] [--bits 64]

The peer multiplies the same float32 rows, as they come, by the network's weights, 256 rows at a
time as ours does: no preparation of the rows, no batch norm, no threshold, no packing. Ours is
``encode`` as a user calls it, on rows brought to one scale first (the default) and with
``scaling="none"``. Each round times all three; a ratio is the median of those of the rounds.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch

from quantal.errors import QuantalWarning
from quantal.estimators.blockwise import BLOCK
from quantal.hashing import IMSATHash

N_FITTED = 2_000  # what the network has learnt does not change its speed


def rows_of(n: int, d: int) -> np.ndarray:
    """Return (n, d) float32 rows between -1 and 1."""
    return np.random.default_rng(0).uniform(-1, 1, (n, d)).astype(np.float32)


def fitted(x: np.ndarray, width: int, n_bits: int, scaling: str) -> IMSATHash:
    """Fit for one epoch; rows without structure leave bits undecided, which is no matter here."""
    hasher = IMSATHash(
        n_bits, hidden_layer_sizes=(width, width), scaling=scaling, n_epochs=1, random_state=0
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        return hasher.fit(x[:N_FITTED])


def bare_products(x: np.ndarray, hasher: IMSATHash) -> Callable[[], None]:
    """Return the chain of products of the network's weights over all rows."""
    weights = [w.detach() for w in (*hasher.network_.weights, hasher.network_.output)]
    rows = torch.from_numpy(x)

    def multiply() -> None:
        with torch.no_grad():
            for start in range(0, len(rows), BLOCK):
                values = rows[start : start + BLOCK]
                for weight in weights:
                    values = values @ weight

    return multiply


def seconds_of(action: Callable[[], object]) -> float:
    """Seconds of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--columns", type=int, default=784)
    parser.add_argument("--width", type=int, default=400)
    parser.add_argument("--bits", type=int, default=64)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    x = rows_of(args.rows, args.columns)
    hashers = {s: fitted(x, args.width, args.bits, s) for s in ("global", "none")}
    actions: dict[str, Callable[[], object]] = {"bare products": bare_products(x, hashers["none"])}
    actions |= {f'scaling="{s}"': (lambda h=h: h.encode(x)) for s, h in hashers.items()}
    for action in actions.values():
        action()
    rounds = [[seconds_of(action) for action in actions.values()] for _ in range(args.rounds)]
    print(
        f"{args.rows} x {args.columns} float32 rows, network of {args.width}-{args.width}-"
        f"{args.bits}, {args.threads} thread(s), {args.rounds} rounds"
    )
    for number, name in enumerate(actions):
        median = statistics.median(times[number] for times in rounds)
        ratio = statistics.median(times[number] / times[0] for times in rounds)
        print(
            f"{name:18s} {median:7.3f} s, {args.rows / median:9.0f} rows/s, "
            f"{ratio:5.2f} x the time of the bare products"
        )


if __name__ == "__main__":
    main()

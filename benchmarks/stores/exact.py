"""The codes that are stored, and what a search of them must find, from NumPy alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quantal.codes import Codes, pack_bits

N_CODES, N_QUERIES, K = 2000, 20, 10
WIDTHS = (16, 64)  # of 16 bits, hundreds tie


def gallery(n_bits: int) -> Codes:
    """Return codes with names that are hard to quote; few bits are set, so that distances tie."""
    bits = np.random.default_rng(n_bits).random((N_CODES, n_bits)) < 0.3
    names = [f"row\t{row}\\n'\"$q$ é\n" for row in range(N_CODES)]
    return Codes(pack_bits(bits), n_bits, ids=names, method="itq 0123456789abcdef")


def queries(n_bits: int) -> NDArray[np.uint8]:
    """Return packed queries."""
    return pack_bits(np.random.default_rng(n_bits + 1).random((N_QUERIES, n_bits)) < 0.3)


def nearest(codes: Codes, asked: NDArray[np.uint8], k: int = K) -> tuple[Any, Any]:
    """Return the k nearest, distances and rows, (q, k) each; ties by row."""
    apart = np.bitwise_count(codes.packed[None] ^ asked[:, None]).sum(-1, dtype=np.int64)
    rows = np.argsort(apart, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(apart, rows, 1), rows


def agreement(
    n_bits: int, search: Callable[[NDArray[np.uint8], int], tuple[Any, Any]], k: int = K
) -> str:
    """Return in words how far a search agrees with the exact one."""
    expected, expected_rows = nearest(gallery(n_bits), queries(n_bits), k)
    distances, rows = search(queries(n_bits), k)
    tied = expected == expected[:, -1:]
    return (
        f"{n_bits} bits, k={k}: distances equal {np.mean(distances == expected):.3f}, "
        f"rows equal {np.mean(rows == expected_rows):.3f} ({tied.mean():.2f} of them tied with the "
        "last)"
    )

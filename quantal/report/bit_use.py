"""How hash codes use their bits, and which rows are neighbours by Hamming distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..codes import hamming_search, unpack_bits
from ..hashing.bit_figures import LEAST_SHARE
from .shown_rows import OnRows, ShownRows

MOST_CODES = 5000  # of the sample behind pairs of bits and distinct codes
MOST_PAIRED = 1000  # rows whose distances to each other are counted
N_EXAMPLES = 6
N_NEIGHBORS = 8
REPEATS = 0.98  # a correlation of two bits above it in size says that one repeats the other


@dataclass(frozen=True, eq=False)
class BitUse:
    """What the codes of all rows show.

    Attributes:
        shares: Share of the rows for which each bit is 1, shape (n_bits,).
        sample: Row numbers of a sample, ascending.
        codes: Their packed codes, shape (m, n_bytes).
        examples: Row numbers of the examples.
        example_codes: Their packed codes.
        neighbors: (e, k) row numbers nearest to each example, itself left out.
        distances: (e, k) their Hamming distances.
    """

    shares: NDArray[np.float64]
    sample: NDArray[np.int64]
    codes: NDArray[np.uint8]
    examples: NDArray[np.int64]
    example_codes: NDArray[np.uint8]
    neighbors: NDArray[np.int64]
    distances: NDArray[np.int64]


def dead_bits(shares: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the numbers of the bits that are constant, or nearly so.

    Args:
        shares: share of the rows for which each bit is 1, shape (n_bits,).
    """
    return np.flatnonzero((shares < LEAST_SHARE) | (shares > 1 - LEAST_SHARE))


def bit_use(
    model: Any, shown: ShownRows, generator: np.random.Generator, on_rows: OnRows | None = None
) -> BitUse:
    """Encode all rows block by block, and keep the codes of a sample.

    Args:
        model: a fitted hasher.
        shown: the rows.
        generator: draws the examples and the sample.
        on_rows: told of the progress.
    """
    n, n_bits = len(shown), int(model.n_bits)
    examples = np.sort(generator.choice(n, min(N_EXAMPLES, n), replace=False))
    sample = np.sort(generator.choice(n, min(MOST_CODES, n), replace=False))
    asked = model.encode(shown.take(examples))
    ones, kept = np.zeros(n_bits, np.int64), []
    nearest = _Nearest(asked, min(N_NEIGHBORS + 1, n))
    for start, rows in shown.blocks("encoding", on_rows):
        codes = model.encode(rows)
        ones += unpack_bits(codes, n_bits).sum(axis=0, dtype=np.int64)
        mine = sample[np.searchsorted(sample, start) : np.searchsorted(sample, start + len(codes))]
        kept.append(codes[mine - start])
        nearest.look_through(codes, start)
    neighbors, distances = nearest.without(examples)
    return BitUse(ones / n, sample, np.concatenate(kept), examples, asked, neighbors, distances)


class _Nearest:
    """The k codes nearest to each query over blocks; of equal distances the lower row first."""

    def __init__(self, queries: NDArray[np.uint8], k: int) -> None:
        self._queries, self._k = queries, k
        self.distances = np.empty((len(queries), 0), np.int64)
        self.ids = np.empty((len(queries), 0), np.int64)

    def look_through(self, codes: NDArray[np.uint8], start: int) -> None:
        """Take the next block of codes, whose first row is ``start``."""
        found, ids = hamming_search(codes, self._queries, min(self._k, len(codes)), n_threads=1)
        distances = np.concatenate([self.distances, found], axis=1)
        rows = np.concatenate([self.ids, ids + start], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, : self._k]  # earlier rows first
        self.distances = np.take_along_axis(distances, order, axis=1)
        self.ids = np.take_along_axis(rows, order, axis=1)

    def without(self, own: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return row numbers and distances less the queries themselves, one column fewer."""
        is_own = self.ids == own[:, None]
        is_own[~is_own.any(axis=1), -1] = True  # it was crowded out by equal codes
        shape = (len(own), max(0, self.ids.shape[1] - 1))
        return self.ids[~is_own].reshape(shape), self.distances[~is_own].reshape(shape)


@dataclass(frozen=True, eq=False)
class BitPairs:
    """What a sample of codes shows of pairs.

    Attributes:
        n_codes: Codes of the sample.
        n_distinct: Different ones among them.
        counts: Pairs of rows at each Hamming distance, shape (n_bits + 1,).
        n_paired: Rows behind these pairs.
        most_alike: Two bits and their correlation, the largest in size; None for one bit.
        repeated: Numbers of the bits that an earlier one repeats, or its opposite.
    """

    n_codes: int
    n_distinct: int
    counts: NDArray[np.int64]
    n_paired: int
    most_alike: tuple[int, int, float] | None
    repeated: list[int]


def bit_pairs(codes: NDArray[np.uint8], n_bits: int) -> BitPairs:
    """Compare the codes of a sample, and their bits, with each other.

    Args:
        codes: (m, n_bytes) packed, m at least 1, in random order or by rows of a random sample.
        n_bits: length of the codes.
    """
    bits = unpack_bits(codes, n_bits).astype(np.float32)
    step = -(-len(bits) // MOST_PAIRED)
    some = bits[::step]
    ones = some.sum(axis=1)
    distances = ones[:, None] + ones - 2 * some @ some.T
    upper = np.rint(distances[np.triu_indices(len(some), 1)]).astype(np.int64)
    return BitPairs(
        len(codes),
        len(np.unique(codes, axis=0)),
        np.bincount(upper, minlength=n_bits + 1),
        len(some),
        *_alike(bits),
    )


def _alike(
    bits: NDArray[np.float32],
) -> tuple[tuple[int, int, float] | None, list[int]]:
    """Return the two bits of the largest correlation in size, and the bits that repeat others.

    Constant bits have no correlation.
    """
    centred = bits - bits.mean(axis=0)
    lengths = np.sqrt((centred**2).sum(axis=0))
    live = np.flatnonzero(lengths > 0)
    if len(live) < 2:
        return None, []
    unit = centred[:, live] / lengths[live]
    alike = np.triu(unit.T @ unit, 1)
    i, j = divmod(int(np.abs(alike).argmax()), len(live))
    repeated = [int(b) for b in live[np.abs(alike).max(axis=0) > REPEATS]]
    return (int(live[i]), int(live[j]), float(np.clip(alike[i, j], -1, 1))), repeated

"""How well codes find true neighbours, alone and asked by real-valued queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..codes import fit_decoder, pack_bits
from ..metrics import neighbor_histograms, ranks_of_ids, recall_at, score_ranks
from .recall_data import SearchTask
from .recall_recipe import CURVES, DEPTHS, SCORES

Recall = Callable[[int, int, str], float]  # K, N and what decides ties
Rows = NDArray[np.float64]


@dataclass(frozen=True)
class RecallScores:
    """Recall of one way of searching.

    Attributes:
        expected: "K@N" -> recall in [0, 1], the mean over all orders of ties.
        by_id: the same with ties ordered by id, as a stable sort leaves them.
        curves: K, as text, -> recall at each of `DEPTHS` that the gallery allows, ties expected.
    """

    expected: dict[str, float]
    by_id: dict[str, float]
    curves: dict[str, list[float]]


@dataclass(frozen=True)
class Judged:
    """What a fitted method is worth.

    Attributes:
        symmetric: queries are coded too: Hamming distance, or distance of decoded vectors for a
            method without bits. None where the method has no such search.
        asymmetric: queries stay real; codes are decoded, bits by least squares.
        own_error: half the mean squared distance of rows from what the method's own decoder makes
            of their codes; None without one.
        least_squares_error: the same with the least-squares decoder of the bits.
    """

    symmetric: RecallScores | None
    asymmetric: RecallScores | None
    own_error: float | None
    least_squares_error: float | None


def judge_search(method: Any, task: SearchTask, encoding: Mapping[str, Any]) -> Judged:
    """Search a gallery with what a fitted method makes of it.

    Args:
        method: fitted to the gallery. With ``transform`` it gives bits; else with ``encode`` and
            ``decode`` codes that stand for vectors; else ``search(queries, k)`` gives ids.
        task: rows, queries and true neighbours.
        encoding: further arguments of ``transform``.
    """
    if hasattr(method, "transform"):
        return _judge_bits(method, task, encoding)
    if hasattr(method, "decode"):
        return _judge_decoded(method, task)
    ids = method.search(task.queries, min(DEPTHS[-1], len(task.gallery)))
    ranks = ranks_of_ids(ids, task.neighbors, len(task.gallery))
    found = _scores(lambda k, n, ties: ranks.recall_at(k, n, ties=ties), len(task.gallery))
    return Judged(None, found, None, None)


def _judge_bits(method: Any, task: SearchTask, encoding: Mapping[str, Any]) -> Judged:
    bits = method.transform(task.gallery, **encoding)
    asked = method.transform(task.queries, **encoding)
    codes = pack_bits(bits)
    decoder = fit_decoder(task.gallery, bits)
    own = getattr(method, "inverse_transform", None)
    _, first, groups = np.unique(codes, axis=0, return_index=True, return_inverse=True)
    return Judged(
        symmetric=_hamming(codes, pack_bits(asked), task, bits.shape[1]),
        asymmetric=_by_decoded(decoder.decode(bits[first]), groups, task.queries, task),
        own_error=None if own is None else half_error(task.gallery, own(bits)),
        least_squares_error=half_error(task.gallery, decoder.decode(bits)),
    )


def _judge_decoded(method: Any, task: SearchTask) -> Judged:
    codes, asked = method.encode(task.gallery), method.encode(task.queries)
    distinct, groups = np.unique(codes, axis=0, return_inverse=True)
    decoded = method.decode(distinct)
    return Judged(
        symmetric=_by_decoded(decoded, groups, method.decode(asked), task),
        asymmetric=_by_decoded(decoded, groups, task.queries, task),
        own_error=half_error(task.gallery, decoded[groups.ravel()]),
        least_squares_error=None,
    )


def half_error(rows: NDArray[Any], rebuilt: NDArray[Any]) -> float:
    """Half the mean over rows of the squared distance, as the authors of SGH monitor it."""
    lost = np.asarray(rows, np.float32) - np.asarray(rebuilt, np.float32)
    return 0.5 * float(np.einsum("nd,nd->n", lost, lost).mean(dtype=np.float64))


def _hamming(
    codes: NDArray[np.uint8], asked: NDArray[np.uint8], task: SearchTask, n_bits: int
) -> RecallScores:
    wanted = sorted({*CURVES, *(k for k, _ in SCORES)})
    of = {k: neighbor_histograms(codes, asked, task.neighbors[:, :k], n_bits) for k in wanted}

    def recall(k: int, n: int, ties: Any) -> float:
        return recall_at(of[k], n, ties=ties)

    return _scores(recall, len(codes))


def _by_decoded(
    decoded: NDArray[Any], groups: NDArray[Any], asked: NDArray[Any], task: SearchTask
) -> RecallScores:
    """Rank codes by the vectors that they stand for; equal codes tie."""
    vectors, queries = np.asarray(decoded, np.float64), np.asarray(asked, np.float64)
    norms = np.einsum("nd,nd->n", vectors, vectors) if task.metric == "l2" else 0.0
    factor = 2.0 if task.metric == "l2" else 1.0

    def scores(start: int, stop: int) -> Rows:
        return np.asarray(norms - factor * (queries[start:stop] @ vectors.T))

    ranks = score_ranks(scores, task.neighbors, groups.ravel())
    return _scores(lambda k, n, ties: ranks.recall_at(k, n, ties=ties), len(task.gallery))


def _scores(recall: Recall, n_rows: int) -> RecallScores:
    depths = [n for n in DEPTHS if n <= n_rows]
    return RecallScores(
        {f"{k}@{n}": _rounded(recall(k, n, "expected")) for k, n in SCORES},
        {f"{k}@{n}": _rounded(recall(k, n, "by_id")) for k, n in SCORES},
        {str(k): [_rounded(recall(k, n, "expected")) for n in depths] for k in CURVES},
    )


def _rounded(value: float) -> float:
    return round(value, 6)

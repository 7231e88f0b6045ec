"""Search of codes by real-valued queries: only the codes are rounded to bits, not the query."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DataError, ParameterError, require_choice, require_range
from ..threads import one_thread_a_product, thread_count
from .asymmetric_scan import byte_tables, bytes_per_query, scan_all
from .decoder import LinearDecoder
from .norms import code_norms
from .ordering import first_by_score
from .packing import require_packed
from .partition import query_batches
from .reranking import METRICS, real_queries, require_candidates


def asymmetric_search(
    codes: NDArray[np.uint8],
    queries: ArrayLike,
    decoder: LinearDecoder,
    k: int,
    metric: Literal["l2", "inner_product"] = "l2",
    candidates: NDArray[np.int64] | None = None,
    *,
    norms: NDArray[np.float64] | None = None,
    n_threads: int | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Find the k codes whose decoded rows are best for each real-valued query.

    The same bits are ranked far better than by Hamming distance. For a query q and a code h that
    stands for m(h) = offset + U^T h,

        ||q - m(h)||^2 = ||q - offset||^2 - 2 t^T h + ||U^T h||^2,   t = U (q - offset),
        q^T m(h)       = q^T offset + (U q)^T h,

    so a query becomes one weight a bit, and the sum over a code takes one table look-up a byte.
    Without candidates every code is scored: the result is exact. Everything is in float64.

    Args:
        codes: (n, ceil(l / 8)) uint8; a memory map is read in segments.
        queries: (q, d) real numbers in the unit of the rows that the decoder was fitted to.
        decoder: offset and codewords, see `fit_decoder`.
        k: codes per query.
        metric: "l2": smallest Euclidean distance; "inner_product": largest inner product.
        candidates: (q, c) int64 row numbers to rank instead of all codes, such as
            `hamming_search` or an approximate index found with the queries' own codes; -1 is
            passed over.
        norms: (n,) float64 from ``decoder.squared_norms(codes)``; None computes them on the way
            ("l2" only).
        n_threads: as for `hamming_search`.

    Returns:
        distances: (q, k) float32, Euclidean distances ascending, or inner products descending;
            infinite (or minus infinite) where a query had fewer than k candidates.
        ids: (q, k) int64 row numbers, ties by the lower; -1 where there was no candidate left.

    Raises:
        DataError: Arrays that do not fit together, or queries that are not finite.
        ParameterError: ``k``, ``metric`` or ``n_threads`` is out of range.

    Source: Dai et al. 2017, arXiv:1701.02815, for the decoder; asymmetric scoring of binary codes
    by tables, Gordo et al. 2014 (doi:10.1109/TPAMI.2013.101).
    """
    codes = require_packed(codes, "codes", decoder.n_bits)
    asked = real_queries(queries, decoder.n_features)
    require_choice("metric", metric, METRICS)
    require_range("k", k, low=1, integer=True)
    if candidates is not None:
        candidates = require_candidates(candidates, len(asked), len(codes))
    _require_enough(int(k), codes, candidates)
    if norms is not None:
        norms = _require_norms(norms, len(codes))
    threads = thread_count(n_threads)
    scores = np.empty((len(asked), int(k)))
    ids = np.empty((len(asked), int(k)), np.int64)
    for start, stop in query_batches(len(asked), bytes_per_query(codes, int(k))):
        part = slice(start, stop)
        weights, constant = _weights(asked[part], decoder, metric, codes.shape[1])
        if candidates is None:
            added = None if metric == "inner_product" else decoder if norms is None else norms
            found, rows = scan_all(codes, weights, int(k), added, threads)
        else:
            added = _candidate_norms(codes, candidates[part], decoder, metric, norms)
            found, rows = _rank_candidates(codes, weights, candidates[part], added, int(k))
        scores[part], ids[part] = found + constant[:, None], rows
    if metric == "l2":
        return np.sqrt(np.maximum(scores, 0)).astype(np.float32), ids
    return (-scores).astype(np.float32), ids


def _weights(
    queries: NDArray[np.float64], decoder: LinearDecoder, metric: str, n_bytes: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return what each bit adds to the score, (q, 8 * n_bytes), and the rest of it, (q,)."""
    weights = np.zeros((len(queries), 8 * n_bytes))
    with one_thread_a_product():  # the order of sums, hence the last bit, depends on the threads
        if metric == "l2":
            shifted = queries - decoder.offset
            weights[:, : decoder.n_bits] = -2 * shifted @ decoder.codewords.T
            return weights, np.einsum("qd,qd->q", shifted, shifted)
        weights[:, : decoder.n_bits] = -queries @ decoder.codewords.T
        return weights, -queries @ decoder.offset


def _rank_candidates(
    codes: NDArray[np.uint8],
    weights: NDArray[np.float64],
    candidates: NDArray[np.int64],
    norms: NDArray[np.float64],
    k: int,
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    from .asymmetric_kernels import score_candidates

    scores = np.empty(candidates.shape)
    score_candidates(codes, candidates, norms, byte_tables(weights), scores)
    return first_by_score(scores, candidates, k)


def _candidate_norms(
    codes: NDArray[np.uint8],
    candidates: NDArray[np.int64],
    decoder: LinearDecoder,
    metric: str,
    norms: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Return (q, c) norms of the candidates; anything where there is none."""
    if metric == "inner_product":
        return np.zeros(candidates.shape)
    rows = np.maximum(candidates, 0)
    if norms is not None:
        return norms[rows]
    return code_norms(codes[rows.ravel()], decoder).reshape(candidates.shape)


def _require_enough(k: int, codes: NDArray[np.uint8], candidates: NDArray[np.int64] | None) -> None:
    most = len(codes) if candidates is None else candidates.shape[1]
    what = "codes" if candidates is None else "candidates per query"
    if k > most:
        raise ParameterError(
            f"k must be at most {most}, the number of {what}, got {k}. "
            f"Pass a smaller k or more {what}."
        )


def _require_norms(norms: Any, n_codes: int) -> NDArray[np.float64]:
    values = np.asarray(norms)
    if values.shape != (n_codes,) or values.dtype != np.float64:
        raise DataError(
            f"norms must be float64 of shape ({n_codes},), got {values.dtype} of shape "
            f"{values.shape}. Pass decoder.squared_norms(codes)."
        )
    return values

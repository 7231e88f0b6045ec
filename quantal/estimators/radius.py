"""Perturbation radii from the distances of near neighbours."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ..graph import Progress, kth_distance, nearest_neighbors, sampled_reference
from ..training.rows import Rows
from .device_neighbors import kth_distance_on_device

EXACT_ROWS = 200_000  # up to here every pair of rows is compared
SAMPLE_ROWS = 20_000  # above, neighbours are looked for in a seeded sample of so many rows
BLOCK_ROWS, BLOCK_VALUES = 32_768, 32 << 20  # most rows and values prepared at once, 128 MB
SMALLEST_SHARE = 0.1  # duplicates have distance 0; the floor is this share of the median


def neighbor_distances(
    rows: Rows,
    n_neighbors: int,
    seed: int,
    n_compared: int | None = None,
    progress: Progress | None = None,
) -> tuple[NDArray[np.float32], int]:
    """Distance of every prepared row to its ``n_neighbors``-th nearest other row.

    Above 200,000 rows (or where columns are scaled one by one and do not fit in memory)
    neighbours are looked for in a seeded sample of 20,000 rows, and the rank is lowered in
    proportion (to at least the first), because a sample is less dense.

    Args:
        rows: the data.
        n_neighbors: rank of the neighbour; lowered to n - 1 in tiny data.
        seed: source of the sample.
        n_compared: look for neighbours in a sample of so many rows, whatever the size of the data.
        progress: hears now and then which share is done, from 0 to 1.

    Returns:
        distances: shape (n,), float32, >= 0.
        n_compared: rows that neighbours were looked for in.

    Source: Hu et al. 2017, Section 4.1, eps(x) = alpha * sigma_t(x).
    """
    n = len(rows)
    if n_compared is None and n <= EXACT_ROWS:
        n_compared = n if rows.is_held or rows.preparation.scaling != "columns" else SAMPLE_ROWS
    wanted = min(n, n_compared or SAMPLE_ROWS)
    if wanted == n:
        return _exact_distances(rows, min(n_neighbors, n - 1), progress), n
    sample = sampled_reference(n, wanted, generator=np.random.default_rng(seed))
    rank = max(1, round(n_neighbors * len(sample) / n))
    reference = rows.prepared(torch.from_numpy(sample)).cpu().numpy()
    out = np.empty(n, np.float32)
    step = max(1, min(BLOCK_ROWS, BLOCK_VALUES // reference.shape[1]))
    for start in range(0, n, step):
        stop = min(n, start + step)
        block = rows.span(start, stop).cpu().numpy()
        near, _ = nearest_neighbors(block, rank + 1, reference=reference)
        is_sampled = np.isin(np.arange(start, stop), sample, assume_unique=True)
        out[start:stop] = np.where(is_sampled, near[:, rank], near[:, rank - 1])
        if progress is not None:
            progress(stop / n)
    return out, len(sample)


def _exact_distances(rows: Rows, rank: int, progress: Progress | None) -> NDArray[np.float32]:
    if rows.is_held and rows.device.type != "cpu":
        return kth_distance_on_device(rows.span(0, len(rows)), rank, progress).cpu().numpy()
    if rows.is_held:
        return kth_distance(rows.span(0, len(rows)).cpu().numpy(), rank, progress=progress)
    # One unit for all columns: distances of the raw rows are the same but for that unit, and the
    # search reads a memory map or a sparse matrix block by block.
    unit = np.float32(rows.preparation.unit[0])
    return np.asarray(kth_distance(rows.x, rank, progress=progress) / unit, dtype=np.float32)


def with_floor(distances: NDArray[np.float32], n_features: int) -> NDArray[np.float32]:
    """Raise the distances of duplicate rows to a tenth of the median positive distance.

    Where every distance is 0 (each row has many copies), a tenth of the data's own spread is
    used: prepared columns have a mean variance of 1, so that is 0.1 * sqrt(n_features).
    """
    positive = distances[distances > 0]
    typical = float(np.median(positive)) if len(positive) else float(np.sqrt(n_features))
    return np.maximum(distances, np.float32(SMALLEST_SHARE * typical))

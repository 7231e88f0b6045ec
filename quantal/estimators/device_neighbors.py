"""Distances of near neighbours by the device that holds the rows, a GPU say."""

from __future__ import annotations

import torch
from torch import Tensor

from ..graph import Progress

SPARE = 8  # candidates beyond the wanted rank, against rounding of the expansion
PRODUCT_VALUES, GATHERED_VALUES = 1 << 28, 1 << 26  # most numbers of a block at once


def kth_distance_on_device(rows: Tensor, k: int, progress: Progress | None = None) -> Tensor:
    """Distance of each row to its k-th nearest other row, computed where ``rows`` lies.

    Candidates come from ||a||^2 + ||b||^2 - 2ab of centred rows in float32; their distances are
    then taken from differences in float64. As for `quantal.graph.kth_distance` up to rounding,
    unless more than eight rows are so near to the k-th that the expansion cannot order them.

    Args:
        rows: (n, d) floating-point, on any device.
        k: which neighbour, 1 is the nearest other row; at most n - 1.
        progress: hears now and then which share is done, from 0 to 1.

    Returns:
        (n,) float32 on the same device; 0 where k duplicates exist.
    """
    n, width = rows.shape
    centred = (rows.double() - rows.double().mean(0)).float()
    length = centred.square().sum(1)
    count = min(n - 1, k + SPARE)
    step = max(1, min(PRODUCT_VALUES // n, GATHERED_VALUES // (count * width)))
    found = torch.empty(n, dtype=torch.float32, device=rows.device)
    for start in range(0, n, step):
        block = centred[start : start + step]
        # A row's own length is left out: it changes no order.
        gap = torch.addmm(length, block, centred.T, alpha=-2.0)
        own = torch.arange(len(block), device=rows.device)
        gap[own, start + own] = torch.inf
        near = gap.topk(count, dim=1, largest=False, sorted=False).indices
        between = rows[near].double() - rows[start : start + step, None].double()
        squared = between.square().sum(2).sort(dim=1).values[:, k - 1]
        found[start : start + step] = squared.sqrt().float()
        if progress is not None:
            progress((start + len(block)) / n)
    return found

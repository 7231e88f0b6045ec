"""Which rows a step sees: a function of the seed and the epoch, so that resuming needs no state."""

from __future__ import annotations

import torch
from torch import Tensor

from .randomness import derived_generator

ORDER_PURPOSE = 1
BATCHES = ("permuted", "drawn")


def batches_per_epoch(n_rows: int, batch_size: int) -> int:
    """Return the number of whole batches in ``n_rows``, at least one."""
    return max(1, n_rows // batch_size)


def epoch_order(
    n_rows: int, batch_size: int, seed: int, epoch: int, batches: str = "permuted"
) -> Tensor:
    """Return the row numbers of one epoch, shape (batches, rows of a batch), int64.

    Args:
        n_rows: rows of the data.
        batch_size: rows of a step; no row is twice in one.
        seed: source of the order.
        epoch: which pass.
        batches: "permuted": a fresh permutation cut into whole batches, the remainder waits for
            another epoch. "drawn": every batch is drawn from all rows, whatever the others hold,
            as the IMSAT authors draw theirs.

    Over a permutation the noise of the gradients nearly cancels. Drawn batches leave it in, and a
    run that has cut two clusters the wrong way wanders out sooner.
    """
    size = min(batch_size, n_rows)
    count = batches_per_epoch(n_rows, size)
    generator = derived_generator(seed, ORDER_PURPOSE, epoch)
    if batches == "drawn":
        return _drawn(n_rows, count, size, generator)
    order = torch.randperm(n_rows, generator=generator)
    return order[: count * size].view(count, size)


def _drawn(n_rows: int, count: int, size: int, generator: torch.Generator) -> Tensor:
    """Draw ``count`` sets of ``size`` different rows, each from all rows."""
    if 2 * size > n_rows:
        orders = [torch.randperm(n_rows, generator=generator)[:size] for _ in range(count)]
        return torch.stack(orders)
    rows = torch.randint(n_rows, (count, size), generator=generator)
    while True:  # draw again what a batch already holds
        values, places = rows.sort(dim=1, stable=True)
        twice = torch.zeros_like(rows, dtype=torch.bool)
        twice.scatter_(1, places[:, 1:], values[:, 1:] == values[:, :-1])
        if not twice.any():
            return rows
        rows[twice] = torch.randint(n_rows, (int(twice.sum()),), generator=generator)

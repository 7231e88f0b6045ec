"""Which rows a step sees: a function of the seed and the epoch, so that resuming needs no state."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .randomness import derived_generator

ORDER_PURPOSE = 1
BATCHES = ("permuted", "drawn")


@dataclass(frozen=True, eq=False)
class Groups:
    """Rows that belong together, and how many of them an order keeps next to each other.

    Attributes:
        of_row: Group of each row, shape (n,), int64.
        together: Rows of a group that stay together, >= 2; what a group has beyond a multiple of
            it stays together as well.
    """

    of_row: Tensor
    together: int


def batches_per_epoch(n_rows: int, batch_size: int) -> int:
    """Return the number of whole batches in ``n_rows``, at least one."""
    return max(1, n_rows // batch_size)


def epoch_order(
    n_rows: int,
    batch_size: int,
    seed: int,
    epoch: int,
    batches: str = "permuted",
    groups: Groups | None = None,
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
        groups: permute packs of rows of one group instead of rows, so that a batch holds several
            rows of a group however many groups there are. For "permuted" only.

    Over a permutation the noise of the gradients nearly cancels. Drawn batches leave it in, and a
    run that has cut two clusters the wrong way wanders out sooner.
    """
    size = min(batch_size, n_rows)
    count = batches_per_epoch(n_rows, size)
    generator = derived_generator(seed, ORDER_PURPOSE, epoch)
    if batches == "drawn":
        return _drawn(n_rows, count, size, generator)
    order = torch.randperm(n_rows, generator=generator)
    if groups is not None:
        order = _in_packs(order, groups, generator)
    return order[: count * size].view(count, size)


def _in_packs(order: Tensor, groups: Groups, generator: torch.Generator) -> Tensor:
    """Return the rows of ``order`` in packs of one group each; packs are in random order."""
    group, places = groups.of_row[order].sort(stable=True)
    order = order[places]
    within = torch.arange(len(order)) - torch.searchsorted(group, group)
    pack = (within % groups.together == 0).cumsum(0) - 1
    rank = torch.randperm(int(pack[-1]) + 1, generator=generator)
    return order[rank[pack].argsort(stable=True)]


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

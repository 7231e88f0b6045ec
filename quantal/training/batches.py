"""Which rows a step sees: a function of the seed and the epoch, so that resuming needs no state."""

from __future__ import annotations

import torch
from torch import Tensor

from .randomness import derived_generator

ORDER_PURPOSE = 1


def batches_per_epoch(n_rows: int, batch_size: int) -> int:
    """Return the number of whole batches in ``n_rows``, at least one."""
    return max(1, n_rows // batch_size)


def epoch_order(n_rows: int, batch_size: int, seed: int, epoch: int) -> Tensor:
    """Return the row numbers of one epoch, shape (batches, rows of a batch), int64.

    Every epoch is a fresh permutation cut into whole batches; the remainder waits for another
    epoch. (The IMSAT authors draw each batch afresh from all rows instead; over an epoch the two
    differ only in which rows are seen twice.)
    """
    size = min(batch_size, n_rows)
    count = batches_per_epoch(n_rows, size)
    order = torch.randperm(n_rows, generator=derived_generator(seed, ORDER_PURPOSE, epoch))
    return order[: count * size].view(count, size)

"""The share of a batch that one of several processes computes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ..batch_share import BatchShare
from .lost_process import explained


class ProcessShare(BatchShare):
    """Consecutive rows of a batch; the processes' shares differ by at most one row.

    Args:
        n_rows: rows of the batch, of all processes together.
        rank: number of this process, from 0.
        count: how many processes there are.
    """

    def __init__(self, n_rows: int, rank: int, count: int) -> None:
        self._n_rows, self._rank = n_rows, rank
        ends = [n_rows * number // count for number in range(count + 1)]
        self._start, self._stop = ends[rank], ends[rank + 1]
        sizes = torch.tensor([b - a for a, b in pairwise(ends)])
        self._weights = sizes.double() / max(1, n_rows)

    @property
    def weights(self) -> Tensor:
        """Part of the batch's rows that each process has, shape (processes,), float64."""
        return self._weights

    def size(self, n_rows: int) -> int:
        """Return how many rows the batch has where ``n_rows`` are here."""
        own = self._stop - self._start
        return self._n_rows if own == 0 else n_rows // own * self._n_rows

    def mine(self, of_all: Tensor, dim: int = 0) -> Tensor:
        """Return the rows of this process; see `BatchShare.mine`."""
        length = self._stop - self._start
        copies = of_all.shape[dim] // self._n_rows
        if copies == 1:
            return of_all.narrow(dim, self._start, length)
        apart = torch.unflatten(of_all, dim, (copies, self._n_rows))
        return apart.narrow(dim + 1, self._start, length).flatten(dim, dim + 1)

    def of_all(self, mine: Tensor, dim: int = 0) -> Tensor:
        """Return the rows of all processes, without gradient; one copy only."""
        shape = list(mine.shape)
        shape[dim] = self._n_rows
        whole = mine.new_zeros(shape)
        whole.narrow(dim, self._start, len(mine.movedim(dim, 0))).copy_(mine.detach())
        return self.added(whole)

    def each(self, mine: Tensor) -> Tensor:
        """Return what every process has, shape (processes, ...), without gradient."""
        own = mine.detach().contiguous()
        found = [torch.empty_like(own) for _ in range(len(self._weights))]
        with explained():
            dist.all_gather(found, own)
        return torch.stack(found)

    def added(self, mine: Tensor) -> Tensor:
        """Return the sum over processes, without gradient."""
        summed = mine.detach().clone(memory_format=torch.contiguous_format)
        with explained():
            dist.all_reduce(summed)
        return summed

    def total(self, mine: Tensor) -> Tensor:
        """Return the sum over processes, with its gradient; see `BatchShare.total`."""
        summed: Tensor = _Total.apply(mine, self)  # type: ignore[no-untyped-call]
        return summed

    def mean(self, of_rows: Tensor) -> Tensor:
        """Return the mean over the rows of the batch, with its gradient."""
        return self.total(of_rows.sum(dim=0) / self.size(len(of_rows)))

    def log_mean_exp(self, of_rows: Tensor) -> Tensor:
        """Return the logarithm of the mean of exponentials, with its gradient.

        Logarithms are exchanged, so that no exponential can vanish on the way.
        """
        own = torch.logsumexp(of_rows, dim=0)
        parts = list(self.each(own))
        parts[self._rank] = own  # the only one with a gradient here
        whole = torch.logsumexp(torch.stack(parts), dim=0)
        return whole - torch.tensor(float(self.size(len(of_rows)))).log().to(whole)


class _Total(torch.autograd.Function):
    """A sum over processes that all go on alike: the gradient of each part is that of the sum."""

    @staticmethod
    def forward(ctx: Any, mine: Tensor, share: ProcessShare) -> Tensor:  # noqa: ARG004
        return share.added(mine)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # noqa: ARG004
        return gradients[0], None

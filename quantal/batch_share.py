"""A batch that one process computes, or several: what each needs to know of the others' rows.

Information is a function of means over the batch. Where several processes compute one batch, each
its share of the rows, these means are those of all rows, or the processes would optimise something
else. Networks, objectives and steps ask a `BatchShare` for them; here, where the share is the whole
batch, it answers without any exchange. `quantal.training.distributed` has the other kind.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


class BatchShare:
    """The rows of a batch that this process computes: all of them.

    Rows may come several times over, as copies one set after the other: a tensor of ``c`` times
    as many rows holds ``c`` copies of the share, or of the batch.
    """

    @property
    def weights(self) -> Tensor:
        """Part of the batch's rows that each process has, shape (processes,), summing to 1."""
        return torch.ones(1)

    def size(self, n_rows: int) -> int:
        """Return how many rows the batch has where ``n_rows`` are here."""
        return n_rows

    def mine(self, of_all: Tensor, dim: int = 0) -> Tensor:  # noqa: ARG002
        """Return the rows of this process.

        Args:
            of_all: one entry for each row of the batch along ``dim``.
            dim: the axis of the rows.
        """
        return of_all

    def of_all(self, mine: Tensor, dim: int = 0) -> Tensor:  # noqa: ARG002
        """Return the rows of all processes, without gradient.

        Args:
            mine: one entry for each row of this process along ``dim``.
            dim: the axis of the rows.
        """
        return mine.detach()

    def each(self, mine: Tensor) -> Tensor:
        """Return what every process has, shape (processes, ...), without gradient."""
        return mine.detach()[None]

    def added(self, mine: Tensor) -> Tensor:
        """Return the sum over processes, without gradient."""
        return mine.detach()

    def total(self, mine: Tensor) -> Tensor:
        """Return the sum over processes, with its gradient.

        Every process goes on to compute the same loss from it, so the gradient is that of one
        such loss and needs no exchange.
        """
        return mine

    def mean(self, of_rows: Tensor) -> Tensor:
        """Return the mean over the rows of the batch, with its gradient.

        Args:
            of_rows: shape (n,) or (n, ...).
        """
        return of_rows.mean() if of_rows.ndim == 1 else of_rows.mean(dim=0)

    def log_mean_exp(self, of_rows: Tensor) -> Tensor:
        """Return the logarithm of the mean of exponentials, with its gradient.

        Args:
            of_rows: shape (n, k).
        """
        return torch.logsumexp(of_rows, dim=0) - math.log(len(of_rows))


WHOLE = BatchShare()
"""The share of a process that computes its batches alone."""

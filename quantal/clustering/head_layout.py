"""Which columns of a network's output belong to which head and sub-head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..batch_share import WHOLE, BatchShare
from ..networks import BatchNormMode
from ..objectives import kl_divergence, log_softmax


@dataclass(frozen=True)
class Head:
    """Sub-heads of one size, side by side in the network's output.

    Attributes:
        first: Number of their first column.
        n_clusters: Columns of each.
        n_subheads: How many there are.
    """

    first: int
    n_clusters: int
    n_subheads: int

    @property
    def columns(self) -> slice:
        """The columns of all sub-heads."""
        return slice(self.first, self.first + self.n_clusters * self.n_subheads)

    def log_probabilities(self, logits: Tensor) -> Tensor:
        """Return log-probabilities, shape (n_subheads, n, n_clusters), of the whole output."""
        own = logits[:, self.columns].view(len(logits), self.n_subheads, self.n_clusters)
        return log_softmax(own, dim=2).transpose(0, 1)


@dataclass(frozen=True)
class HeadLayout:
    """The heads of a network: clusters, and more clusters than wanted where asked for.

    Attributes:
        n_clusters: Clusters of the head that labels come from.
        n_subheads: Sub-heads of each head.
        n_overclusters: Clusters of the second head, or None.
        overcluster_every: One pass of so many trains the second head.

    Source: Ji, Henriques, Vedaldi 2019, Section 3.1 (auxiliary over-clustering, sub-heads).
    """

    n_clusters: int
    n_subheads: int = 1
    n_overclusters: int | None = None
    overcluster_every: int = 3

    @property
    def clusters(self) -> Head:
        """The head that labels come from."""
        return Head(0, self.n_clusters, self.n_subheads)

    @property
    def overclusters(self) -> Head | None:
        """The second head."""
        if self.n_overclusters is None:
            return None
        return Head(self.clusters.columns.stop, self.n_overclusters, self.n_subheads)

    @property
    def heads(self) -> list[Head]:
        """All heads."""
        return [head for head in (self.clusters, self.overclusters) if head is not None]

    @property
    def n_outputs(self) -> int:
        """Columns of the network's output."""
        return int(self.heads[-1].columns.stop)

    def in_pass(self, number: int) -> Head:
        """Return the head that a pass over the data trains; passes count from 0."""
        over = self.overclusters
        is_over = number % self.overcluster_every == self.overcluster_every - 1
        return over if over is not None and is_over else self.clusters


@dataclass(frozen=True, eq=False)
class BoundHead:
    """A bound network seen through one head.

    Attributes:
        network: What ``bind`` of a network returned.
        head: The head.
    """

    network: Any
    head: Head

    def __call__(self, x: Tensor, mode: BatchNormMode) -> Tensor:
        """Return log-probabilities, shape (n_subheads, n, k), float32."""
        return self.head.log_probabilities(self.network(x, mode))

    def frozen(self) -> BoundHead:
        """Return the same function with constant parameters."""
        return BoundHead(self.network.frozen(), self.head)


def subhead_divergence(log_p: Tensor, log_q: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Mean over sub-heads and rows of KL[p || q], in nats; both (n_subheads, n, k)."""
    return kl_divergence(log_p.flatten(0, 1), log_q.flatten(0, 1), share)


def copied(log_p: Tensor, n_copies: int) -> Tensor:
    """Repeat the rows of (n_subheads, n, k) one set after the other."""
    return log_p if n_copies == 1 else torch.cat([log_p] * n_copies, dim=1)

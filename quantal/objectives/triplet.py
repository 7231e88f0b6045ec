"""The weighted triplet loss of JULE: rows of one cluster near, rows of other clusters far."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import require_choice, require_range

POSITIVES = ("pairs", "ordered_pairs", "one")


@dataclass(frozen=True)
class TripletLoss:
    """Mean over triplets of max(0, margin + gamma |a - p|^2 - |a - n|^2).

    The anchor a and the positive p are of one cluster, the negative n is of another. Rows must
    have unit norm. Two samples' affinity has no useful gradient, so the squared distance of their
    embeddings stands for it, with a hinge, as in both codes of the authors.

    Attributes:
        margin: Wanted lead of the positive, >= 0.
        gamma: Weight of the positive's distance, > 0; the authors ask for 1 to 2.
        n_negatives: Negatives for each pair, at most one less than the batch's clusters, >= 1.
        positives: "pairs": every pair of one cluster once, the earlier row as the anchor (the
            Torch code); "ordered_pairs": both ways (the Caffe code); "one": one random other row
            of its cluster for every row (the supplement's text).
        scaled_gradient: Give positives and negatives ``gamma - 1`` times their gradient, the
            defect of the authors' Torch criterion (at its default gamma of 1 they receive none).
            For reproduction only.

    Source: Yang, Parikh, Batra 2016, supplement, Eq. 23, as its codes compute it.
    """

    margin: float = 0.2
    gamma: float = 2.0
    n_negatives: int = 20
    positives: str = "pairs"
    scaled_gradient: bool = False

    def __post_init__(self) -> None:
        require_range("margin", self.margin, low=0)
        require_range("gamma", self.gamma, low=0, low_open=True)
        require_range("n_negatives", self.n_negatives, low=1, integer=True)
        require_choice("positives", self.positives, POSITIVES)

    def __call__(self, rows: Tensor, labels: Tensor, generator: torch.Generator) -> Tensor:
        """Return the loss of a batch, a scalar; 0 where the batch has no triplet.

        Args:
            rows: embeddings of unit norm, shape (b, d).
            labels: cluster of each row, shape (b,), integers.
            generator: draws negatives, and positives where they are drawn.
        """
        alike = labels[:, None] == labels
        n_negatives = min(self.n_negatives, len(torch.unique(labels)) - 1)
        anchors, positives = self._pairs(alike, generator)
        if n_negatives < 1 or len(anchors) == 0:
            return 0.0 * rows.sum()  # a step without triplets still has a gradient, which is zero
        negatives = _random_others(~alike[anchors], n_negatives, generator)  # (pairs, n_negatives)
        squared = self._squared_distances(rows)
        near = squared[anchors, positives][:, None]
        far = squared[anchors[:, None], negatives]
        return torch.relu(self.margin + self.gamma * near - far).mean()

    def _pairs(self, alike: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return anchors and positives, shape (pairs,) each."""
        off_diagonal = alike & ~torch.eye(len(alike), dtype=torch.bool, device=alike.device)
        if self.positives == "one":
            anchors = off_diagonal.any(dim=1).nonzero()[:, 0]
            if len(anchors) == 0:
                return anchors, anchors
            return anchors, _random_others(off_diagonal[anchors], 1, generator)[:, 0]
        pairs = off_diagonal.triu() if self.positives == "pairs" else off_diagonal
        anchors, positives = pairs.nonzero(as_tuple=True)
        return anchors, positives

    def _squared_distances(self, rows: Tensor) -> Tensor:
        """Return squared distances between rows, as anchors, and rows, shape (b, b)."""
        others = rows
        if self.scaled_gradient:
            share = self.gamma - 1
            others = share * rows + (1 - share) * rows.detach()
        return 2 - 2 * rows @ others.T


def _random_others(allowed: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Draw ``count`` different allowed columns for every row, shape (rows, count).

    Every row must allow at least ``count`` columns.
    """
    keys = torch.rand(allowed.shape, generator=generator, device=generator.device)
    return keys.to(allowed.device).masked_fill(~allowed, -1.0).topk(count, dim=1).indices

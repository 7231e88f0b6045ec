"""Which sub-head is best, judged by the information on all rows and without labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from ..objectives import joint_assignment, joint_information
from ..training.randomness import derived_generator
from ..training.rows import Rows
from .head_layout import BoundHead, Head
from .pair_terms import PairTerms
from .paired_changes import PairBatch

MOST_ROWS = 20_000  # pairs enough for a joint of 100 x 100
BLOCK_ROWS = 500
PURPOSE = 7


def judged_rows(n_rows: int) -> Tensor:
    """Return the numbers of the rows to judge by: all, or 20,000 spread over the data."""
    count = min(n_rows, MOST_ROWS)
    return torch.from_numpy(np.linspace(0, n_rows - 1, count).round().astype(np.int64))


@dataclass(frozen=True, eq=False)
class Judgement:
    """What the judged rows say of a head, the network being in ``eval`` mode.

    Attributes:
        clean: Log-probabilities of their first views, shape (n_subheads, n, k).
        joint: Joint probabilities of the labels of a row and of its copy, those of all rows and
            not a mean over batches, shape (n_subheads, k, k).
    """

    clean: Tensor
    joint: Tensor

    def losses(self, terms: PairTerms) -> Tensor:
        """Return minus the information of every sub-head, shape (n_subheads,)."""
        information = joint_information(self.joint, terms.entropy_weight)
        costs = torch.stack([terms.input_information(one[None])[0] for one in self.clean])
        return terms.inputs_weight * costs - terms.pairs_weight * information


def judged(
    head: BoundHead,
    terms: PairTerms,
    rows: Rows,
    first: Callable[[Tensor, torch.Generator], Tensor],
    seed: int,
) -> Judgement:
    """Look at a head on all rows, or at most 20,000.

    Args:
        head: the network seen through the head.
        terms: what was trained; a fit without I(Y;Y~) has no copies, and rows are their own.
        rows: the data.
        first: the first view.
        seed: source of the views.
    """
    generator = derived_generator(seed, PURPOSE)
    chosen = judged_rows(len(rows))
    parts, joint = [], torch.zeros(())
    for numbers in torch.split(chosen, BLOCK_ROWS):
        x = rows.prepared(numbers)
        view = first(x, generator)
        with torch.no_grad():
            clean = head(view, "eval")
        copies = clean
        if terms.pairs_weight:
            changed = terms.change(PairBatch(numbers, x, view, clean, head, generator), 1).x
            with torch.no_grad():
                copies = head(changed, "eval")
        parts.append(clean)
        joint = joint.to(clean) + len(numbers) / len(chosen) * joint_assignment(clean, copies)
    return Judgement(torch.cat(parts, dim=1), joint)


def matching(reference: NDArray[np.int64], labels: NDArray[np.int64], k: int) -> NDArray[np.int64]:
    """Return the order of clusters by which ``labels`` agree with ``reference`` on most rows.

    Args:
        reference: (n,) from 0 to k - 1.
        labels: (n,) from 0 to k - 1.
        k: number of clusters.

    Returns:
        (k,) for each cluster of the reference the number of the cluster that matches it.
    """
    shared = np.bincount(reference * k + labels, minlength=k * k).reshape(k, k)
    _, found = linear_sum_assignment(-shared)
    order: NDArray[np.int64] = found.astype(np.int64)
    return order


def column_order(
    head: Head, best: int, labels: NDArray[np.int64], sizes_first: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return the head's columns in their new order: best sub-head first, clusters matched.

    Args:
        head: the head.
        best: number of the best sub-head, which becomes the first.
        labels: cluster of every row by each sub-head, shape (n_subheads, n).
        sizes_first: order of the best sub-head's clusters, shape (k,).

    Returns:
        Numbers of columns of the network's output, shape (n_subheads * k,).
    """
    k = head.n_clusters
    others = [one for one in range(head.n_subheads) if one != best]
    orders = [sizes_first]
    orders += [matching(labels[best], labels[one], k)[sizes_first] for one in others]
    starts = [head.first + k * one for one in (best, *others)]
    return np.concatenate([start + order for start, order in zip(starts, orders, strict=True)])

"""The terms of learning from pairs: which information, which changes, with which weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from ..batch_share import WHOLE, BatchShare
from ..errors import ParameterError, require_choice, require_range
from ..objectives import paired_information
from .balance import InformationTerm
from .head_layout import BoundHead, copied, subhead_divergence
from .paired_changes import Change, PairBatch

INFORMATION = ("pairs", "inputs")
CHANGES = ("geometric", "gaussian", "cutout", "mixup", "vat", "ivat", "swap")
Weighted = list[tuple[Any, float]]


@dataclass(frozen=True, eq=False)
class PairTerms:
    """What a step minimises: minus the information, plus the regularisers.

    Attributes:
        pairs_weight: Weight of I(Y;Y~).
        inputs_weight: Weight of the information term of IMSAT.
        entropy_weight: lambda of `quantal.objectives.paired_information`.
        information: Information term of IMSAT for a number of clusters.
        change: What turns Y into Y~.
        n_copies: Changed copies of each row in I(Y;Y~).
        regularizers: Name, weight and change of every regulariser.
    """

    pairs_weight: float
    inputs_weight: float
    entropy_weight: float
    information: Callable[[int], InformationTerm]
    change: Change
    n_copies: int
    regularizers: list[tuple[str, float, Change]]

    def __call__(
        self, head: BoundHead, batch_of: Callable[[Tensor], PairBatch], first: Tensor
    ) -> dict[str, Tensor]:
        """Return the named terms of a step and their total.

        Args:
            head: the network's head that is trained.
            batch_of: makes the batch for given clean log-probabilities.
            first: first views of this process's rows, shape (b, m).
        """
        clean = head(first, "train")  # (n_subheads, b, k)
        batch = batch_of(clean.detach())
        share = batch.share
        values, penalty = {}, torch.zeros((), device=first.device)
        for name, weight, change in self.regularizers:
            changed = change(batch, 1)
            changed_log_p = head(changed.x, "batch")
            values[name] = subhead_divergence(changed.target, changed_log_p, share)
            penalty = penalty + weight * values[name]
        total = penalty
        if self.pairs_weight:
            log_q = head(self.change(batch, self.n_copies).x, "train")
            log_p = copied(clean, self.n_copies)
            pairs = -paired_information(log_p, log_q, self.entropy_weight, share).mean()
            values["pairs"] = pairs
            total = total + self.pairs_weight * pairs
        cost, parts = self.input_information(clean, share)
        if self.inputs_weight:
            total = total + self.inputs_weight * cost
        return {**values, **parts, "penalty": penalty, "total": total}

    def input_information(
        self, log_p: Tensor, share: BatchShare = WHOLE
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return IMSAT's term and its named parts, means over the sub-heads.

        Args:
            log_p: log-probabilities, shape (n_subheads, n, k).
            share: which rows of the batch these are.
        """
        term = self.information(log_p.shape[2])
        values, parts = zip(*(term(one, share) for one in log_p), strict=True)
        means = {name: torch.stack([part[name] for part in parts]).mean() for name in parts[0]}
        return torch.stack(values).mean(), means


def weighted(name: str, value: Any, allowed: tuple[str, ...], *, own: bool) -> Weighted:
    """Turn a parameter into a list of (kind, weight).

    Args:
        name: of the parameter.
        value: a kind, or a list of kinds and of (kind, weight) pairs; weights are 1 if not given.
        allowed: the kinds.
        own: whether a callable is a kind too.

    Raises:
        ParameterError: Not of that form, or a kind twice.
    """
    members = list(value) if isinstance(value, list | tuple) else [value]
    found: Weighted = []
    for member in members:
        kind, weight = member, 1.0
        if isinstance(member, list | tuple):
            if len(member) != 2:
                raise ParameterError(
                    f"{name} takes kinds and (kind, weight) pairs, got {member!r}."
                )
            kind, weight = member
        require_range(f"a weight in {name}", weight, low=0, low_open=True)
        if not (own and callable(kind)):
            require_choice(name, kind, allowed)
        if kind in [seen for seen, _ in found]:
            raise ParameterError(f"{name} names {kind!r} twice. Give it once, with one weight.")
        found.append((kind, float(weight)))
    if not found:
        raise ParameterError(f"{name} is empty. Name at least one of {', '.join(allowed)}.")
    return found

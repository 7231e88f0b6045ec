"""What turns a batch into its changed copies: geometry, noise, mixtures, adversaries.

A change serves twice: inside the information I(Y;Y~), and as a regulariser KL[p(x) || p(T(x))].
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Protocol

import torch
from torch import Tensor

from ..batch_share import WHOLE, BatchShare
from ..errors import ParameterError
from ..objectives import adversarial_direction, paired_information
from ..views import Mixup, View
from .head_layout import BoundHead, copied, subhead_divergence


@dataclass(frozen=True, eq=False)
class PairBatch:
    """What a change may use.

    Attributes:
        numbers: Row numbers of the whole batch, shape (b,).
        rows: Prepared rows of the whole batch, shape (b, d).
        first: Their first views, shape (b, m).
        clean: Log-probabilities of the first views that are this process's, which are all where
            there is one, detached, shape (n_subheads, b, k).
        network: The network with this step's weights, seen through the head that is trained.
        generator: Source of every draw.
        share: Which rows of the batch are this process's.
    """

    numbers: Tensor
    rows: Tensor
    first: Tensor
    clean: Tensor
    network: BoundHead
    generator: torch.Generator
    share: BatchShare = WHOLE


@dataclass(frozen=True, eq=False)
class Changed:
    """Changed copies of a batch, or of the rows of it that are this process's.

    Attributes:
        x: The copies, one set after the other, shape (copies * b, m).
        target: Log-probabilities that a regulariser compares theirs with, shape
            (n_subheads, copies * b, k).
    """

    x: Tensor
    target: Tensor


class Change(Protocol):
    """Makes changed copies of a batch."""

    def __call__(self, batch: PairBatch, n_copies: int) -> Changed:
        """Return ``n_copies`` changed copies of every row."""


@dataclass(frozen=True, eq=False)
class OfRows:
    """A second view of the rows themselves, not of their first view.

    Attributes:
        view: (n, d) rows and a generator in, (n, m) out.
    """

    view: View

    def __call__(self, batch: PairBatch, n_copies: int) -> Changed:
        """See `Change`."""
        x = self.view(batch.rows.repeat(n_copies, 1), batch.generator)
        return Changed(batch.share.mine(x), copied(batch.clean, n_copies))


@dataclass(frozen=True, eq=False)
class OfView:
    """A change of the first view.

    Attributes:
        view: (n, m) views and a generator in, the same shape out.
    """

    view: View

    def __call__(self, batch: PairBatch, n_copies: int) -> Changed:
        """See `Change`."""
        before = batch.first.repeat(n_copies, 1)
        x = self.view(before, batch.generator)
        if not isinstance(x, Tensor) or x.shape != before.shape:
            came = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
            raise ParameterError(
                f"The transformation returned {came} for views of {tuple(before.shape)}; it takes "
                "(views, generator) and must return a tensor of their shape."
            )
        return Changed(batch.share.mine(x), copied(batch.clean, n_copies))


@dataclass(frozen=True, eq=False)
class Mixing:
    """Mixtures of every row with the row at the mirrored place of the batch.

    The target of a regulariser is the same mixture of the two predictions.

    Attributes:
        view: Draws the shares and blends.

    Source: Peng et al. 2019, Eq. 7, and the authors' code for partner and target. The paper's
    text mixes the two outputs inside the information; code and we feed the mixed images.
    """

    view: Mixup

    def __call__(self, batch: PairBatch, n_copies: int) -> Changed:
        """See `Change`."""
        share_of_batch = batch.share
        x = batch.first.repeat(n_copies, 1)
        log_p = copied(share_of_batch.of_all(batch.clean, dim=1), n_copies)
        shares = self.view.draw(len(x), batch.generator)
        share = shares.to(log_p)[:, None]
        target = torch.logaddexp(log_p + share.log(), log_p.flip(1) + torch.log1p(-share))
        mixed = self.view.mix(x, shares)
        return Changed(share_of_batch.mine(mixed), share_of_batch.mine(target, dim=1))


@dataclass(frozen=True, eq=False)
class Adversary:
    """The perturbation of a given length that changes the predictions most.

    Attributes:
        radius: Its length for every row of the data, shape (n,).
        xi: Length of the probing step, a number or shape (n,).
        n_power: Power iterations.
        against: What it increases: "divergence", the KL divergence of the predictions (VAT), or
            "information", minus the information I(Y;Y~) of the batch (IVAT).

    Source: Peng et al. 2019, Eq. 6 and Section 5.3 for IVAT.
    """

    radius: Tensor
    xi: float | Tensor
    n_power: int
    against: str = "divergence"

    def __call__(self, batch: PairBatch, n_copies: int) -> Changed:
        """See `Change`."""
        share = batch.share
        x, clean = share.mine(batch.first).repeat(n_copies, 1), copied(batch.clean, n_copies)
        numbers = share.mine(batch.numbers).repeat(n_copies)
        against = subhead_divergence if self.against == "divergence" else lost_information
        frozen = batch.network.frozen()
        direction = adversarial_direction(
            lambda probe: frozen(probe, "batch"),
            x,
            clean,
            xi=self.xi if isinstance(self.xi, float) else self.xi[numbers][:, None],
            n_power=self.n_power,
            generator=batch.generator,
            divergence=partial(against, share=share),
            share=share,
        )
        return Changed(torch.addcmul(x, direction, self.radius[numbers][:, None]), clean)


def lost_information(log_p: Tensor, log_q: Tensor, share: BatchShare = WHOLE) -> Tensor:
    """Minus the mean over sub-heads of I(Y;Y~), nats; both (n_subheads, n, k)."""
    return -paired_information(log_p, log_q, share=share).mean()

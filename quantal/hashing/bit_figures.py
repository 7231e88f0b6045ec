"""The figures of a finished fit, judged on all rows and without labels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..estimators.blockwise import block_values
from ..objectives import bit_conditional_entropy
from ..objectives.bit_information import redundancy, xlogx
from ..training import Collapse
from ..training.rows import Rows

LEAST_SHARE = 0.02  # a bit that is 0 or 1 for fewer rows than that tells next to nothing
UNDECIDED = 0.5  # of log 2: a mean conditional entropy above it says that bits are not decided
MOST_LISTED = 8


@dataclass(frozen=True, eq=False)
class BitFigures:
    """What a fit came to.

    Attributes:
        means: Share of the rows whose bit is 1, shape (n_bits,), float64.
        conditional_entropy: Sum over bits of H(Y_d|X), nats.
        marginal_entropy: Sum over bits of H(Y_d), nats.
        redundancy: Sum over ordered pairs of bits of I(Y_d;Y_d'), nats.
    """

    means: NDArray[np.float64]
    conditional_entropy: float
    marginal_entropy: float
    redundancy: float

    @property
    def loss(self) -> float:
        """The information term of Eq. 14 on all rows; lower is better."""
        return self.conditional_entropy - self.marginal_entropy + self.redundancy


def measure_bits(rows: Rows, logits_of: Callable[[Tensor], Tensor]) -> BitFigures:
    """Return the figures of all rows, read block by block.

    Args:
        rows: the data.
        logits_of: (b, d) -> (b, n_bits) in ``eval`` mode.
    """
    n = len(rows)
    conditional = 0.0
    ones = total = joint = torch.zeros((), dtype=torch.float64)
    for _, logits in block_values(rows, logits_of):
        p = logits.sigmoid()
        conditional += float(bit_conditional_entropy(logits)) * len(logits)
        ones = ones + (logits > 0).sum(dim=0).cpu()
        total = total + p.sum(dim=0).double().cpu()
        joint = joint + (p.T @ p).double().cpu()  # float32 within a block, float64 across them
    mean, both = total / n, joint / n
    one = (mean[:, None] - both).clamp_min(0)
    none = (1 - mean[:, None] - mean + both).clamp_min(0)
    return BitFigures(
        means=(ones.double() / n).numpy(),
        conditional_entropy=conditional / n,
        marginal_entropy=-float((xlogx(mean) + xlogx(1 - mean)).sum()),
        redundancy=float(redundancy((both, one, none), (mean, 1 - mean))),
    )


def constant_bits(means: NDArray[np.float64], remedy: str) -> list[Collapse]:
    """Return a finding if some bits have one value for nearly all rows.

    Args:
        means: share of the rows whose bit is 1, shape (n_bits,).
        remedy: what to change besides asking for fewer bits; ends the message.
    """
    dead = np.flatnonzero((means < LEAST_SHARE) | (means > 1 - LEAST_SHARE))
    if len(dead) == 0:
        return []
    listed = ", ".join(str(number) for number in dead[:MOST_LISTED])
    message = (
        f"{len(dead)} of {len(means)} bits are constant: equal for more than "
        f"{100 * (1 - LEAST_SHARE):.0f} % of the rows (bits "
        f"{listed}{', ...' if len(dead) > MOST_LISTED else ''}). Ask for fewer bits, {remedy}."
    )
    return [Collapse("constant bits", message)]


def undecided_bits(
    conditional_entropy: float, n_bits: int, remedy: str, most: float = UNDECIDED
) -> list[Collapse]:
    """Return a finding if most bits are near a coin's toss.

    Args:
        conditional_entropy: sum over bits of H(Y_d|X), nats.
        n_bits: number of bits.
        remedy: what to change; ends the message.
        most: share of log 2 up to which the mean entropy of a bit is no finding.
    """
    mean = conditional_entropy / n_bits
    if mean <= most * math.log(2):
        return []
    message = (
        f"Most bits are not decided: the mean entropy of a bit given its row is {mean:.2f} nats of "
        f"at most {math.log(2):.2f}, so nearby rows differ by chance. {remedy}."
    )
    return [Collapse("undecided bits", message)]

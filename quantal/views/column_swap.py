"""Replace some columns of each row by those of another row: a view of plain vectors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import DataError, require_range


@dataclass(frozen=True)
class ColumnSwap:
    """Replace a share of the columns of each row by those of another row of the batch.

    For vectors, whose columns have no geometry. The columns are drawn anew for each row, the
    other row is any but itself, and all replaced columns of a row come from the same one.

    Args:
        share: how much of the columns is replaced, in [0, 1], rounded to whole columns; at least
            one column unless 0.

    Raises:
        ParameterError: ``share`` is out of range.

    Source:
        After SCARF: Bahri et al. 2022, arXiv:2106.15147, who replace 0.6.
        Differs: SCARF draws every replaced cell from its own row of the whole data set, which
        leaves replaced columns unrelated; ours keep the relations that another row has.
    """

    share: float = 0.3

    def __post_init__(self) -> None:
        require_range("share", self.share, low=0, high=1)

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the batch with columns replaced, same shape, dtype and device.

        Args:
            x: batch (B, d) in random order. A batch of one row has no other and is returned
                as it is.
            generator: source of columns and rows, on any device.

        Raises:
            DataError: ``x`` is not a matrix.
        """
        if x.ndim != 2:
            raise DataError(f"ColumnSwap needs vectors (B, d), got {tuple(x.shape)}.")
        n, width = x.shape
        count = max(1, round(self.share * width)) if self.share else 0
        if n < 2 or count == 0:
            return x
        device = generator.device
        scores = torch.rand(n, width, generator=generator, device=device)
        columns = scores.topk(count, dim=1, sorted=False).indices.to(x.device)  # (B, count)
        step = torch.randint(1, n, (n,), generator=generator, device=device)
        other = (torch.arange(n, device=device) + step).remainder(n).to(x.device)
        return x.scatter(1, columns, x[other].gather(1, columns))

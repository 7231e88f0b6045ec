"""What a graph does to rows before its network sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.preparation import Preparation
from ..networks.sobel_filter import grey
from ..views import GeometricView

# Adding and taking away the multiple of a number by this leaves 17 bits of its 53 (Dekker 1971):
# the rounding of `Preparation`, in operations that every runtime has.
SPLITTER = 2.0**36 + 1


class PreparedRows(nn.Module):
    """A `Preparation` as a layer: raw rows of any shape in, (n, d) float32 out."""

    order: Tensor
    center: Tensor
    unit: Tensor

    def __init__(self, preparation: Preparation) -> None:
        super().__init__()
        self.is_raw = preparation.scaling == "none"
        natural = np.array_equal(preparation.order, np.arange(len(preparation.order)))
        self.moves = not natural
        self.register_buffer("order", torch.from_numpy(preparation.order.copy()))
        self.register_buffer("center", torch.from_numpy(preparation.center.copy()))
        self.register_buffer("unit", torch.from_numpy(preparation.unit.copy()))

    def forward(self, x: Tensor) -> Tensor:
        """Prepare rows, in float64 as the library does."""
        rows = x.flatten(1)
        if self.is_raw:
            return rows
        if self.moves:
            rows = rows[:, self.order]
        scaled = (rows.double() - self.center) / self.unit
        large = scaled * SPLITTER
        return (large - (large - scaled)).float()


class CentredRows(nn.Module):
    """Rows less a centre, taken in float64 and rounded; or rows as they are."""

    center: Tensor

    def __init__(self, center: Any) -> None:
        super().__init__()
        self.centres = center is not None
        if self.centres:
            self.register_buffer("center", torch.from_numpy(np.array(center, np.float64)))

    def forward(self, x: Tensor) -> Tensor:
        """Return (n, d) float32."""
        rows = x.flatten(1)
        return (rows.double() - self.center).float() if self.centres else rows


class JudgedView(nn.Module):
    """The view that predictions are made from: a crop at the centre, resized, perhaps in grey.

    That is one matrix from the left and one from the right of every channel. Both are read off
    what the view makes of stripes, because the view itself asks how many images there are, which
    a traced graph would take for a constant.
    """

    down: Tensor
    across: Tensor

    def __init__(self, view: GeometricView, image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.image_shape = image_shape
        self.is_grey = view.grey
        height, width = image_shape[1:]
        plain = replace(view, grey=False)
        rows = torch.eye(height)[:, None, :, None].expand(-1, 1, -1, width)
        columns = torch.eye(width)[:, None, None, :].expand(-1, 1, height, -1)
        # Weights of a resize sum to 1, so a stripe stays a stripe.
        self.register_buffer("down", plain(rows)[:, 0, :, 0].T.contiguous())
        self.register_buffer("across", plain(columns)[:, 0, 0, :].contiguous())

    def forward(self, rows: Tensor) -> Tensor:
        """Return views of (n, c * h * w) rows, as rows again."""
        images = rows.reshape(-1, *self.image_shape)
        images = self.down @ (images @ self.across)
        return (grey(images) if self.is_grey else images).flatten(1)

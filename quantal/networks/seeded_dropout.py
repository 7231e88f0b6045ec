"""Dropout whose draws come from a generator that the caller passes."""

from __future__ import annotations

import torch
from torch import Tensor

STEPS = 1 << 16  # a share is drawn to 16 bits, four to a number
LOWEST = -(1 << 63)


def dropout(x: Tensor, rate: float, generator: torch.Generator) -> Tensor:
    """Set a random share of the numbers to 0 and divide the others by what is left.

    Args:
        x: any shape.
        rate: probability of a 0, in [0, 1), to the nearest 1 / 65536.
        generator: source of the draws, on any device.

    Returns:
        Same shape; its mean over draws is ``x``. ``x`` itself where the rate is 0.

    Source: Srivastava et al. 2014, in the form that leaves prediction as it is.
    """
    dropped = round(rate * STEPS)
    if dropped == 0:
        return x
    drawn = torch.empty(-(-x.numel() // 4), dtype=torch.int64, device=generator.device)
    drawn.random_(LOWEST, None, generator=generator)  # all 64 bits
    shares = drawn.view(torch.int16)[: x.numel()].view(x.shape)
    kept = (shares >= dropped - STEPS // 2).to(x.device)
    return x * kept * (STEPS / (STEPS - dropped))

"""Mixup: blend each row of a batch with another one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import DataError, require_range

SMALLEST_CONCENTRATION = 0.05  # below, both gamma numbers can be too small for a float64


@dataclass(frozen=True)
class Mixup:
    """Blend the batch with itself in reversed order: ``a x + (1 - a) reversed(x)``.

    The share a is drawn for each row from Beta(concentration, concentration). To blend targets,
    such as probabilities, by the same shares, draw once and mix twice::

        view = Mixup()
        shares = view.draw(len(x), generator)
        mixed, target = view.mix(x, shares), view.mix(probabilities, shares)

    Args:
        concentration: of the Beta distribution, at least 0.05; 1 is uniform, less prefers shares
            close to 0 and 1.

    Raises:
        ParameterError: ``concentration`` is out of range.

    Source:
        Zhang et al. 2018, arXiv:1710.09412; partner and Beta(1, 1) as in the code of Peng et al.
        2019. The batch must be in random order. The middle row of an odd batch is its own partner.
    """

    concentration: float = 1.0

    def __post_init__(self) -> None:
        require_range("concentration", self.concentration, low=SMALLEST_CONCENTRATION)

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return the blended batch, same shape, dtype and device.

        Args:
            x: floating-point batch (B, ...).
            generator: source of the shares, on any device.
        """
        return self.mix(x, self.draw(len(x), generator))

    def draw(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw the share of each of ``n`` rows in its own blend: (n,) float32 in [0, 1]."""
        device = generator.device
        if math.isclose(self.concentration, 1.0):
            return torch.rand(n, generator=generator, device=device)
        parameter = torch.full((2, n), self.concentration, dtype=torch.float64, device=device)
        gamma: Tensor = torch._standard_gamma(parameter, generator=generator)
        return (gamma[0] / gamma.sum(0)).float()

    def mix(self, values: Tensor, shares: Tensor) -> Tensor:
        """Blend rows with the rows in reversed order.

        Args:
            values: floating-point (B, ...): images, vectors or probabilities.
            shares: (B,) share of each row in its own blend.

        Returns:
            Same shape, dtype and device as ``values``; rows of probabilities stay such rows.
        """
        if not values.is_floating_point() or shares.shape != values.shape[:1]:
            raise DataError(
                f"Mixup needs floating-point values (B, ...) and shares (B,), got {values.dtype} "
                f"of shape {tuple(values.shape)} and shares of shape {tuple(shares.shape)}."
            )
        wide = values.to(torch.promote_types(values.dtype, torch.float32))
        own = shares.to(wide).view(-1, *[1] * (values.ndim - 1))
        return torch.lerp(wide.flip(0), wide, own).to(values.dtype)

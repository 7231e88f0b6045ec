"""Independent Gaussian noise on every feature."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import require_range


@dataclass(frozen=True)
class GaussianNoise:
    """Add independent normal noise of one standard deviation to every feature.

    Args:
        std: standard deviation, in the unit of the data; 0 changes nothing.

    Raises:
        ParameterError: ``std`` is negative or not a number.
    """

    std: float

    def __post_init__(self) -> None:
        require_range("std", self.std, low=0)

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return ``x`` plus noise, same shape, dtype and device.

        Args:
            x: floating-point batch of any shape.
            generator: source of the noise; fastest when on the device of ``x``.
        """
        # Drawn in float32 so that one seed gives one noise whatever the precision of x.
        noise = torch.randn(x.shape, generator=generator, device=generator.device)
        return x + self.std * noise.to(x)

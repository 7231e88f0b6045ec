"""Cutout: hide a square of each image."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ..errors import DataError, ParameterError, require_range

SMALLEST_SIDE = 8
"""Below this the square's smallest side, a quarter of the image's, would be less than 2."""


@dataclass(frozen=True)
class Cutout:
    """Set a square of each image to 0, all channels alike, everything else as it was.

    A number s is drawn from the integers ``low`` to ``high``; the side is ``2 (s // 2)``, so
    that odd numbers are rounded down. All places fully inside the image are equally likely.

    Args:
        low: smallest s, in pixels, at least 2.
        high: largest s, itself included.

    Raises:
        ParameterError: ``low`` is below 2 or above ``high``.

    Source:
        DeVries and Taylor 2017, arXiv:1708.04552; range, rounding and place as in the code of
        Peng et al. 2019 for images of 24 x 24 and 32 x 32.
    """

    low: int = 6
    high: int = 12

    def __post_init__(self) -> None:
        require_range("low", self.low, low=2, integer=True)
        require_range("high", self.high, low=self.low, integer=True)

    @classmethod
    def for_images(cls, height: int, width: int) -> Cutout:
        """Return the view for a size of image.

        Args:
            height: of the images, in pixels, at least 8.
            width: of the images, in pixels, at least 8.

        Returns:
            6 to 12 pixels where the shorter side is 24 to 32, the sizes of the paper; a
            quarter to half of a shorter side below that, 6/32 to 12/32 of one above.
        """
        shorter = min(height, width)
        if shorter < SMALLEST_SIDE:
            raise ParameterError(
                f"Cutout needs images of at least {SMALLEST_SIDE} x {SMALLEST_SIDE} pixels, "
                f"got {height} x {width}. Enlarge the images first."
            )
        scale = shorter / min(max(shorter, 24), 32)
        return cls(round(6 * scale), round(12 * scale))

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return a batch with a square hidden in each image, same shape, dtype and device.

        Args:
            x: images (B, c, h, w).
            generator: source of sides and places, on any device.

        Raises:
            DataError: ``x`` holds no images, or smaller ones than the largest square.
        """
        if x.ndim != 4:
            raise DataError(f"Cutout needs images (B, c, h, w), got {tuple(x.shape)}.")
        height, width = x.shape[2:]
        largest = 2 * (self.high // 2)
        if largest > min(height, width):
            raise DataError(
                f"A square of {largest} x {largest} does not fit in images of {height} x {width}. "
                f"Use Cutout.for_images({height}, {width})."
            )
        side, top, left = self.squares(len(x), height, width, generator).to(x.device)
        rows = inside(height, top, side)  # (B, h)
        columns = inside(width, left, side)
        return x.masked_fill((rows[:, :, None] & columns[:, None, :])[:, None], 0)

    def squares(self, n: int, height: int, width: int, generator: torch.Generator) -> Tensor:
        """Draw ``n`` squares in images of ``height`` x ``width``.

        Returns:
            (3, n) int64: side, top row, left column.
        """
        uniform = torch.rand(3, n, generator=generator, device=generator.device).double()
        side = self.low + (uniform[0] * (self.high - self.low + 1)).long()
        side = side // 2 * 2
        top = (uniform[1] * (height - side + 1)).long()
        left = (uniform[2] * (width - side + 1)).long()
        return torch.stack((side, top, left))


def inside(length: int, first: Tensor, side: Tensor) -> Tensor:
    """Which of ``length`` positions lie in each (n,) interval, (n, length) bool."""
    position = torch.arange(length, device=first.device)
    return (position >= first[:, None]) & (position < (first + side)[:, None])

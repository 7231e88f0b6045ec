"""Rotation of each image of a batch by its own angle, to the pixel as PIL does it."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

UNIT = 1 << 16
"""One pixel in PIL's fixed point, which has 16 bits behind the point."""


def rotate_nearest(images: Tensor, degrees: Tensor) -> Tensor:
    """Rotate images about their centres, nearest pixel, zero outside.

    The same pixels as ``PIL.Image.rotate``: source positions are in the fixed point that PIL
    uses, and the centre of an image of width w is at w/2, between pixels where w is even.

    Args:
        images: (B, c, h, w), any dtype, h + w below 2^15.
        degrees: (B,) angles, counter-clockwise as seen on the screen.

    Returns:
        (B, c, h, w), copies of pixels of ``images`` or zero.
    """
    height, width = images.shape[-2:]
    # A border of one zero pixel is what everything outside the image falls on.
    bordered = functional.pad(images, (1, 1, 1, 1)).flatten(2)  # (B, c, (h + 2)(w + 2))
    x, y = source_positions(degrees.to(images.device), height, width)
    x.clamp_(0, width + 1)
    source = y.clamp_(0, height + 1).mul_(width + 2).add_(x).long()  # (B, h, w)
    source = source.flatten(1)[:, None].expand(-1, images.shape[1], -1)
    return bordered.gather(2, source).view_as(images)


def source_positions(degrees: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Column and row of the pixel that each output pixel shows, each int32 (B, h, w).

    They count from 1, as the image has a border, and lie anywhere.
    """
    angle = torch.deg2rad(degrees.double())
    cos, sin = angle.cos(), angle.sin()
    # From the centre of the image to the middle of the first pixel.
    left, top = (1 - width) / 2, (1 - height) / 2
    columns = torch.arange(width, dtype=torch.int32, device=degrees.device)
    rows = torch.arange(height, dtype=torch.int32, device=degrees.device)
    first_x = fixed_point(cos * left - sin * top + width / 2 + 1)
    first_y = fixed_point(sin * left + cos * top + height / 2 + 1)
    down_x = first_x[:, None] + fixed_point(-sin)[:, None] * rows  # (B, h)
    down_y = first_y[:, None] + fixed_point(cos)[:, None] * rows
    across_x = fixed_point(cos)[:, None] * columns  # (B, w)
    across_y = fixed_point(sin)[:, None] * columns
    x = (down_x[:, :, None] + across_x[:, None, :]).bitwise_right_shift_(16)
    y = (down_y[:, :, None] + across_y[:, None, :]).bitwise_right_shift_(16)
    return x, y


def fixed_point(values: Tensor) -> Tensor:
    """Round to the nearest multiple of 1/65536, upwards at ties: int32, in that unit."""
    return (values * UNIT + 0.5).floor().int()

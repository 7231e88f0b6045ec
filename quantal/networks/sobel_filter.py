"""Images as horizontal and vertical differences of their grey values."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import ParameterError

GREY = (0.299, 0.587, 0.114)  # of red, green and blue: what PIL and torchvision use


def grey(x: Tensor) -> Tensor:
    """Return images with one channel.

    Args:
        x: images, shape (n, 1, h, w) or (n, 3, h, w) with red, green and blue.

    Returns:
        Shape (n, 1, h, w): 0.299 red + 0.587 green + 0.114 blue; images with one channel as they
        are.

    Raises:
        ParameterError: The images have another number of channels.
    """
    if x.shape[1] == 1:
        return x
    if x.shape[1] != 3:
        raise ParameterError(
            f"sobel takes images with 1 channel (grey) or 3 (red, green, blue), got {x.shape[1]}. "
            "Use sobel=False."
        )
    red, green, blue = GREY
    return red * x[:, :1] + green * x[:, 1:2] + blue * x[:, 2:]


def sobel(x: Tensor) -> Tensor:
    """Filter grey images with Sobel's two kernels, zeros around the image.

    The kernels, laid on the image unturned, are

        dx: 1 0 -1      dy:  1  2  1
            2 0 -2           0  0  0
            1 0 -1          -1 -2 -1

    They are constants; gradients reach ``x``.

    Args:
        x: images, shape (n, 1, h, w), floating point.

    Returns:
        Shape (n, 2, h, w): dx, then dy.

    Raises:
        ParameterError: The shape of ``x`` is another one.

    Source: Ji, Henriques, Vedaldi 2019, appendix; the authors' code.
    """
    if x.ndim != 4 or x.shape[1] != 1:
        raise ParameterError(
            f"sobel takes images of shape (n, 1, height, width), got {tuple(x.shape)}. "
            "Turn colours to grey first."
        )
    padded = functional.pad(x, (1, 1, 1, 1))
    # Both kernels are products of (1, 2, 1) and (1, 0, -1): sums along one side, then differences.
    down = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]  # (n, 1, h, w + 2)
    along = padded[..., :-2] + 2 * padded[..., 1:-1] + padded[..., 2:]  # (n, 1, h + 2, w)
    dx = down[..., :-2] - down[..., 2:]
    dy = along[:, :, :-2] - along[:, :, 2:]
    return torch.cat([dx, dy], dim=1)

"""A crop of each image at its own place and of its own size, resized to one size."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, repeat

import torch
from torch import Tensor
from torch.nn import functional

INTERPOLATIONS = ("bilinear", "nearest")


def crop_and_resize(
    images: Tensor,
    which: Tensor,
    places: tuple[Tensor, Tensor],
    *,
    crops: tuple[tuple[int, int], ...],
    output: tuple[int, int],
    interpolation: str,
    flipped: Tensor | None = None,
) -> Tensor:
    """Cut one rectangle out of each image and resize it.

    A resize is linear and separable, and so is a cut: one matrix from the left and one from the
    right do both, and the mirror too. Shrinking is PIL's: its triangle grows with the factor.

    Args:
        images: floating-point (B, c, h, w).
        which: (B,) int64, the number of each image's crop in ``crops``.
        places: (B,) int64 top row and (B,) int64 left column of each crop, inside the image.
        crops: (height, width) of the crops, in pixels.
        output: (height, width) after the resize.
        interpolation: "bilinear" or "nearest".
        flipped: (B,) bool, True for images to be mirrored left to right; None mirrors none.

    Returns:
        (B, c, *output), dtype of ``images``.
    """
    wide = torch.promote_types(images.dtype, torch.float32)
    matrices = []
    for axis, place in enumerate(places):
        sides = tuple(crop[axis] for crop in crops)
        length = images.shape[2 + axis]
        table = resize_table(sides, length, output[axis], interpolation)
        windows = table.to(images.device, wide).unfold(-1, length, 1)
        matrices.append(windows[which, :, length - place])  # (B, output, length)
    down, across = matrices
    if flipped is not None:
        across = torch.where(flipped[:, None, None], across.flip(1), across)
    # Mixed precision around the caller must not reach the pixels.
    with torch.autocast(images.device.type, enabled=False):
        narrow = torch.bmm(images.to(wide).flatten(1, 2), across.mT)  # (B, c h, W)
        narrow = narrow.view(*images.shape[:3], output[1])
        resized = down[:, None] @ narrow  # (B, c, H, W)
    return resized.to(images.dtype)


@lru_cache(maxsize=64)
def resize_table(sides: tuple[int, ...], length: int, output: int, interpolation: str) -> Tensor:
    """Weights of every crop size along one axis, wherever it lies.

    Args:
        sides: crops' lengths, at most ``length``.
        length: the image's.
        output: number of pixels after the resize.
        interpolation: "bilinear" or "nearest".

    Returns:
        (len(sides), output, 2 * length) float64. The crop stands behind ``length`` zeros, so that
        the ``length`` columns from ``length - place`` on are the weights of a crop at ``place``.
        Shared by all callers: not to be written to.
    """
    weights = bilinear_weights if interpolation == "bilinear" else nearest_weights
    table = torch.zeros(len(sides), output, 2 * length, dtype=torch.float64)
    for row, side in enumerate(sides):
        table[row, :, length : length + side] = weights(side, output)
    return table


def bilinear_weights(side: int, output: int) -> Tensor:
    """Weights (output, side) float64 of a resize with PIL's triangle filter, rows sum to 1."""
    widest = max(side / output, 1.0)  # below 1 the filter would miss pixels
    middles = (torch.arange(output, dtype=torch.float64) + 0.5) * side / output
    pixels = torch.arange(side, dtype=torch.float64) + 0.5
    weights = (1 - (pixels - middles[:, None]).abs() / widest).clamp_min_(0)
    return weights / weights.sum(1, keepdim=True)


def nearest_weights(side: int, output: int) -> Tensor:
    """Weights (output, side) float64 that copy the pixel under each output pixel's middle."""
    step = side / output
    # Summed one by one as PIL does: the rounding decides where a middle falls between two pixels.
    middles = accumulate(repeat(step, output - 1), initial=step / 2)
    pixels = torch.tensor([min(int(middle), side - 1) for middle in middles])
    return functional.one_hot(pixels, side).double()

"""The shape of an image, whether the rows had it or a parameter says it."""

from __future__ import annotations

import math
from typing import Any

from ..errors import ParameterError

COLOURS = (1, 3)


def image_layout(
    declared: Any, read: tuple[int, ...] | None, n_features: int
) -> tuple[int, ...] | None:
    """Return the shape of an image, or None for vectors.

    Args:
        declared: the parameter ``image_shape``: (h, w), (h, w, c), (c, h, w) or None.
        read: the shape that the rows were read with, or None for flat rows.
        n_features: numbers in a row.

    Raises:
        ParameterError: ``declared`` is no such shape of so many numbers, or images were read in
            another.
    """
    if declared is None:
        return read
    try:
        shape = tuple(int(size) for size in declared)
    except (TypeError, ValueError):
        shape = ()
    sound = len(shape) in {2, 3} and min(shape) > 0
    if not sound or math.prod(shape) != n_features:
        raise ParameterError(
            f"image_shape must be (h, w), (h, w, c) or (c, h, w) whose product is "
            f"{n_features}, the number of columns, got {declared!r}."
        )
    if read is not None and _pixels(read) != _pixels(shape):
        raise ParameterError(
            f"image_shape is {shape}, but X holds images of shape {tuple(read)}. Leave image_shape "
            "out, or pass flat rows."
        )
    return shape


def _pixels(shape: tuple[int, ...]) -> tuple[tuple[int, int, int], bool]:
    """Return what tells layouts apart: one channel is the same first and last."""
    form, was_last = channels_first(shape)
    return form, was_last and form[0] > 1


def channels_first(shape: tuple[int, ...]) -> tuple[tuple[int, int, int], bool]:
    """Return (channels, height, width) of (h, w), (h, w, c) or (c, h, w), and if c was last."""
    if len(shape) == 2:
        return (1, shape[0], shape[1]), False
    if shape[2] in COLOURS or shape[0] not in COLOURS:
        return (shape[2], shape[0], shape[1]), True
    return (shape[0], shape[1], shape[2]), False

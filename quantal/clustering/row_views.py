"""How rows reach a network that learns from pairs: the first view, the second, the one to judge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.memory_map import row_chunks
from ..data.preparation import Preparation
from ..errors import DataError, require_choice
from ..estimators.image_layout import COLOURS, channels_first
from ..views import KINDS as GEOMETRIES
from ..views import ColumnSwap, View, geometric_views


@dataclass(frozen=True, eq=False)
class RowViews:
    """Views of prepared rows, flat rows in and out.

    Attributes:
        first: What the network sees of a row, shape (n, d) -> (n, m).
        second: Its random counterpart.
        evaluation: What predictions are made from; draws nothing.
        image_shape: (channels, height, width) of what the network sees, or None for vectors.
    """

    first: View
    second: View
    evaluation: Callable[[Tensor], Tensor]
    image_shape: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Flat:
    """A view of images as a view of flat rows.

    Attributes:
        view: (n, c, h, w) in, (n, c', h', w') out.
        image_shape: (c, h, w) of the rows.
    """

    view: Any
    image_shape: tuple[int, int, int]

    def __call__(self, rows: Tensor, generator: torch.Generator | None) -> Tensor:
        """Return the views of (n, c * h * w) rows, flat."""
        images = self.view(rows.view(-1, *self.image_shape), generator)
        return images.flatten(1) if isinstance(images, Tensor) and images.ndim > 1 else images


@dataclass(frozen=True)
class Judged:
    """The view that predictions are made from, as a function of flat rows alone.

    Attributes:
        view: draws nothing.
    """

    view: Flat

    def __call__(self, rows: Tensor) -> Tensor:
        """Return the views of (n, c * h * w) rows, flat."""
        return self.view(rows, None)


def as_it_is(rows: Tensor) -> Tensor:
    """Return the rows: the evaluation view where nothing moves."""
    return rows


def unchanged(rows: Tensor, generator: torch.Generator) -> Tensor:  # noqa: ARG001
    """Return the rows: the first view where nothing moves."""
    return rows


def vector_views(swap: float) -> RowViews:
    """Return views of plain vectors: the second has columns of other rows.

    Args:
        swap: share of the columns that come from another row.
    """
    return RowViews(unchanged, ColumnSwap(swap), as_it_is)


def image_views(geometry: str, image_shape: tuple[int, int, int]) -> RowViews:
    """Return views of images.

    Args:
        geometry: a key of `quantal.views.KINDS`; "auto": "digits" for grey images, which are not
            mirrored, "objects" for colour; or "none": images as they are.
        image_shape: (channels, height, width) of the rows.

    Raises:
        ParameterError: Unknown geometry, or images that are too small for it.
    """
    require_choice("geometry", geometry, ("auto", "none", *GEOMETRIES))
    if geometry == "none":
        return RowViews(unchanged, unchanged, as_it_is, image_shape)
    if geometry == "auto":
        geometry = "digits" if image_shape[0] == 1 else "objects"
    views = geometric_views(geometry, image_shape)
    first, second, judged = (
        Flat(view, image_shape) for view in (views.first, views.second, views.evaluation)
    )
    seen = views.evaluation(torch.zeros(1, *image_shape)).shape
    return RowViews(first, second, Judged(judged), (int(seen[1]), int(seen[2]), int(seen[3])))


def colours_first(shape: tuple[int, ...]) -> tuple[tuple[int, int, int], bool]:
    """Return what `channels_first` does, of images that are grey or of three colours.

    Raises:
        DataError: They are not.
    """
    form, was_last = channels_first(shape)
    if form[0] in COLOURS:
        return form, was_last
    raise DataError(
        f"X holds images of shape {shape}; images have 1 channel or 3, first or last. Pass "
        "(n, h, w), (n, h, w, 3) or (n, 3, h, w)."
    )


def pixel_preparation(x: Any, shape: tuple[int, int, int], *, was_last: bool) -> Preparation:
    """Bring pixels to [0, 1] by the data's own range, and channels to the front.

    Args:
        x: (n, d) images as rows.
        shape: (channels, height, width).
        was_last: whether the rows hold the channels of a pixel side by side.

    Raises:
        DataError: All pixels of all images are equal.
    """
    low, high = np.inf, -np.inf
    for _, part in row_chunks(x):
        values = part if isinstance(part, np.ndarray) else part.toarray()
        low, high = min(low, float(values.min())), max(high, float(values.max()))
    if not high > low:
        raise DataError(
            f"All pixels of all images are {low:g}, so nothing can be told apart. Pass images "
            "that differ."
        )
    low = min(low, 0.0)
    d = int(x.shape[1])
    order = np.arange(d, dtype=np.int64)
    if was_last:
        channels, height, width = shape
        order = order.reshape(height, width, channels).transpose(2, 0, 1).ravel().copy()
    return Preparation("global", np.full(d, low), np.full(d, high - low), order)

"""Which network JULE embeds rows with, and how the rows reach it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.mean_square import mean_square_preparation
from ..data.preparation import Preparation, learn_preparation
from ..errors import ParameterError, require_range
from ..estimators import defaults
from ..estimators.image_layout import channels_first
from ..networks import MLP, BatchNormMode, ConvolutionalNetwork, ConvolutionalPlan, plan_for


@dataclass(frozen=True, eq=False)
class Embedder:
    """A network for rows of one form.

    Attributes:
        preparation: How rows are brought to one scale.
        n_outputs: Numbers in the embedding.
        image_shape: (channels, height, width), or None for vectors.
        channels_last: Whether the rows hold the channels of a pixel side by side.
        plan: The convolutions, or None for vectors.
        hidden_layer_sizes: Widths of the perceptron; empty for images.
    """

    preparation: Preparation
    n_outputs: int
    image_shape: tuple[int, int, int] | None = None
    channels_last: bool = False
    plan: ConvolutionalPlan | None = None
    hidden_layer_sizes: tuple[int, ...] = ()

    @property
    def widths(self) -> Sequence[int]:
        """Widths by which "auto" chooses the precision: products of a convolution are wide."""
        return self.hidden_layer_sizes if self.plan is None else (25 * self.plan.n_channels,)

    def build(self, generator: torch.Generator) -> nn.Module:
        """Return a new network."""
        if self.image_shape is not None and self.plan is not None:
            return ConvolutionalNetwork(self.image_shape, self.plan, generator)
        n_inputs = len(self.preparation.center)
        return MLP(n_inputs, self.hidden_layer_sizes, self.n_outputs, generator)

    def apply(self, network: Any, x: Tensor, mode: BatchNormMode, dtype: torch.dtype) -> Tensor:
        """Return embeddings of unit norm, shape (n, n_outputs), float32, of prepared rows."""
        if self.image_shape is None:
            embedded: Tensor = functional.normalize(network.bind(dtype)(x, mode), dim=1)
            return embedded
        if self.channels_last:
            channels, height, width = self.image_shape
            x = x.view(-1, height, width, channels).permute(0, 3, 1, 2)
        return network(x, mode, dtype)  # type: ignore[no-any-return]

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the network's largest tensors, to be compared before it is built."""
        if self.image_shape is None or self.plan is None:
            widths = [len(self.preparation.center), *self.hidden_layer_sizes, self.n_outputs]
            return {
                **{f"weights.{i}": (widths[i], widths[i + 1]) for i in range(len(widths) - 2)},
                "output": (widths[-2], widths[-1]),
            }
        rows, columns = self.plan.map_sizes(*self.image_shape[1:])
        n_flat = self.plan.n_channels * rows * columns
        return {"output": (n_flat, self.plan.n_outputs)}


def embedder_for(
    x: Any,
    image_shape: tuple[int, ...] | None,
    *,
    pools: Any,
    padding: Any,
    n_channels: int,
    n_outputs: int,
    hidden_layer_sizes: Any,
) -> Embedder:
    """Choose a network for rows ``x``, (n, d), which were images of ``image_shape`` or vectors.

    Args:
        x: the rows.
        image_shape: (h, w), (h, w, c) or (c, h, w) with 1 or 3 channels, or None.
        pools: "auto", or for every block whether a pooling follows.
        padding: "auto" or pixels.
        n_channels: filters of a block.
        n_outputs: numbers in the embedding.
        hidden_layer_sizes: "auto" or the widths for vectors.

    Raises:
        ParameterError: A parameter is out of its range, or is for images where there are none.
    """
    require_range("n_channels", n_channels, low=1, high=4096, integer=True)
    require_range("n_outputs", n_outputs, low=1, high=65_536, integer=True)
    widths = defaults.hidden_layer_sizes(hidden_layer_sizes, int(x.shape[0]))
    if image_shape is None:
        _require_no_images(pools, padding)
        return Embedder(learn_preparation(x, "global"), int(n_outputs), hidden_layer_sizes=widths)
    shape, channels_last = channels_first(image_shape)
    plan = plan_for(*shape[1:])
    if not _is_auto(pools):
        plan = replace(plan, pools=_pools(pools), padding=0)
    if not _is_auto(padding):
        require_range("padding", padding, low=0, high=64, integer=True)
        plan = replace(plan, padding=int(padding))
    plan = replace(plan, n_channels=int(n_channels), n_outputs=int(n_outputs))
    plan.map_sizes(*shape[1:])  # refused where the images are too small
    # The filters' first size fits pixels of mean square 1.
    return Embedder(mean_square_preparation(x), int(n_outputs), shape, channels_last, plan)


def _is_auto(value: Any) -> bool:
    return isinstance(value, str) and value == "auto"


def _require_no_images(pools: Any, padding: Any) -> None:
    for name, value in (("pools", pools), ("padding", padding)):
        if not _is_auto(value):
            raise ParameterError(
                f"{name} is for images, and X holds vectors. Pass images, shape (n, h, w) or "
                f"(n, h, w, c), or leave {name}='auto'."
            )


def _pools(pools: Any) -> tuple[bool, ...]:
    values = tuple(pools) if isinstance(pools, list | tuple) else ()
    if not 1 <= len(values) <= 16 or any(value not in (0, 1) for value in values):
        raise ParameterError(
            "pools must be 'auto' or a list with one of True and False for every block, at most "
            f"16, got {pools!r}."
        )
    return tuple(bool(value) for value in values)

"""The convolutional network of JULE: blocks of 5 x 5 filters, then an embedding of unit norm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import ParameterError
from .batch_norm import BatchNorm, BatchNormMode

FILTER = 5
POOL = 2
STANDARD_DEVIATION = 0.01
EPSILON = 1e-5


@dataclass(frozen=True)
class ConvolutionalPlan:
    """The shape of a `ConvolutionalNetwork`.

    Attributes:
        pools: For every block of convolution, batch norm and ReLU, whether a pooling follows.
        padding: Zeros around each image before every convolution, pixels.
        n_channels: Filters of every block.
        n_outputs: Numbers in the embedding.
    """

    pools: tuple[bool, ...]
    padding: int = 0
    n_channels: int = 50
    n_outputs: int = 160

    def map_sizes(self, height: int, width: int) -> tuple[int, int]:
        """Return height and width of the last block's maps.

        Raises:
            ParameterError: The image is too small for the blocks.
        """
        sizes = [height, width]
        for pool in self.pools:
            sizes = [size + 2 * self.padding - FILTER + 1 for size in sizes]
            if pool:
                sizes = [-(-size // POOL) for size in sizes]
            if min(sizes) < 1:
                raise ParameterError(
                    f"Images of {height} x {width} pixels are too small for {len(self.pools)} "
                    f"blocks of {FILTER} x {FILTER} filters. Use fewer blocks, or padding 2."
                )
        return sizes[0], sizes[1]


def plan_for(height: int, width: int) -> ConvolutionalPlan:
    """Choose blocks by the size of the images, as the paper does for its data sets.

    Args:
        height: pixels.
        width: pixels.

    Returns:
        One block to 20 pixels (the longer side), two to 64, three to 112, four above. Padding of
        2 keeps the maps' size for images of 112 x 92 and for those too small for a filter.

    Source: Yang, Parikh, Batra 2016, supplement, Table 1, and the models of the authors' code.
    Differs: sizes between those of the table take the nearest row's blocks.
    """
    longer, shorter = max(height, width), min(height, width)
    if longer <= 20:
        return ConvolutionalPlan((True,), padding=0 if shorter >= FILTER + 1 else 2)
    if longer <= 28:
        pools: tuple[bool, ...] = (True, False)
    elif longer <= 64:
        pools = (True, True)
    elif longer <= 112:
        pools = (True, True, True)
    else:
        pools = (True, True, True, True)
    narrow = shorter < 22 or len(pools) == 3
    return ConvolutionalPlan(pools, padding=2 if narrow else 0)


class ConvolutionalNetwork(nn.Module):
    """Blocks of convolution, batch norm, ReLU and pooling, then a linear embedding of unit norm.

    Args:
        image_shape: (channels, height, width) of the images.
        plan: see `ConvolutionalPlan`.
        generator: source of the initial weights, normal with a standard deviation of 0.01.

    Raises:
        ParameterError: The images are too small for the plan.

    Source: Yang, Parikh, Batra 2016, supplement, Table 1. Pooling rounds sizes up, as Torch and
    Caffe do.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        plan: ConvolutionalPlan,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        channels, height, width = image_shape
        rows, columns = plan.map_sizes(height, width)
        self.image_shape = (channels, height, width)
        self.plan = plan
        inputs = [channels, *[plan.n_channels] * (len(plan.pools) - 1)]
        self.filters = nn.ParameterList(
            _normal((plan.n_channels, n, FILTER, FILTER), generator) for n in inputs
        )
        self.offsets = nn.ParameterList(
            nn.Parameter(torch.zeros(plan.n_channels)) for _ in plan.pools
        )
        self.norms = nn.ModuleList(BatchNorm(plan.n_channels, EPSILON) for _ in plan.pools)
        self.output = _normal((plan.n_channels * rows * columns, plan.n_outputs), generator)
        self.bias = nn.Parameter(torch.zeros(plan.n_outputs))

    def forward(
        self, x: Tensor, mode: BatchNormMode = "eval", dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """Return embeddings of unit norm, shape (n, n_outputs), float32.

        Args:
            x: images, shape (n, channels, height, width), or as rows of their numbers.
            mode: see `BatchNorm`.
            dtype: type of the convolutions; everything after them is float32.
        """
        maps = x.reshape(-1, *self.image_shape).to(dtype, memory_format=torch.channels_last)
        blocks = zip(self.filters, self.offsets, self.norms, self.plan.pools, strict=True)
        for filters, offset, norm, pool in blocks:
            weight = filters.to(dtype, memory_format=torch.channels_last)
            maps = functional.conv2d(maps, weight, offset.to(dtype), padding=self.plan.padding)
            maps = torch.relu_(norm(maps, mode))
            if pool:
                maps = functional.max_pool2d(maps, POOL, ceil_mode=True)
        flat = maps.float().contiguous().view(len(x), -1)  # (n, channels * rows * columns)
        return functional.normalize(torch.addmm(self.bias, flat, self.output), dim=1)


def _normal(shape: tuple[int, ...], generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(STANDARD_DEVIATION * torch.randn(shape, generator=generator))

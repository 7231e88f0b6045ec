"""The network "6c" of IIC: four 5 x 5 convolutions, pooled like VGG, features of the last maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from .small_maps import Convolution
from .trunk import ConvolutionalTrunk, Pass, kaiming_normal

FILTER = 5
SMALLEST = 2  # pixels: a pooling that would leave less is left out


class VGGTrunk(ConvolutionalTrunk):
    """Convolutions of 5 x 5 with batch norm and ReLU, a pooling of 2 x 2 after each but the last.

    The features are the last maps, channel by channel: 4,608 for images of 24 x 24 pixels, 8,192
    for 32 x 32. A stage is a convolution with its pooling.

    Args:
        image_shape: (channels, height, width) of the images, pixels.
        generator: source of the initial filters, normal with variance 2 / fan-in.
        widths: filters of each convolution.
        sobel: replace each image by its two Sobel differences; colours become grey first.

    Raises:
        ParameterError: A size is below 1, or Sobel meets other than 1 or 3 channels.

    Source: Ji, Henriques, Vedaldi 2019, "6c" of the authors' code; Peng et al.
    Differs: images of any size; poolings that would leave less than 2 pixels along a side are left
    out, so that images of 8 x 8 pixels get two of them.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        generator: torch.Generator,
        *,
        widths: Sequence[int] = (64, 128, 256, 512),
        sobel: bool = False,
    ) -> None:
        super().__init__(image_shape, sobel=sobel)
        n_in = self.n_channels
        _, rows, columns = self.image_shape
        self.pools: list[bool] = []
        for number, width in enumerate(widths):
            filters = kaiming_normal(width, n_in, FILTER, generator)
            self._add(filters, Convolution((rows, columns), FILTER))
            n_in = width
            self.pools.append(number < len(widths) - 1 and min(rows, columns) // 2 >= SMALLEST)
            if self.pools[-1]:
                rows, columns = rows // 2, columns // 2
        self.n_features = n_in * rows * columns

    def _stages(self, maps: Tensor, run: Pass, n_stages: int | None) -> Tensor:
        for number, pool in enumerate(self.pools[:n_stages]):
            maps = run.layer(number, maps)
            if pool:  # before the ReLU: the same maps and gradients, and a quarter of its work
                maps = functional.max_pool2d(maps, 2)
            maps = torch.relu_(maps)
        return maps

    def _features(self, maps: Tensor) -> Tensor:
        return maps.float().contiguous().flatten(1)  # (n, channels * height * width)

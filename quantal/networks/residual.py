"""The network "5g" of IIC: ResNet-34 with a small first convolution, for small images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import ParameterError
from .small_maps import Convolution
from .trunk import ConvolutionalTrunk, Pass, kaiming_normal


@dataclass(frozen=True)
class Block:
    """Two convolutions whose result is added to what came in.

    Attributes:
        first: number of its first convolution; the second and the shortcut's follow.
        has_shortcut: whether what came in is convolved, 1 x 1, before it is added.
    """

    first: int
    has_shortcut: bool


class ResidualTrunk(ConvolutionalTrunk):
    """A convolution, batch norm, ReLU and pooling, then stages of residual blocks.

    The features are the means of the last maps, one a map. Images of 32 x 32 pixels give maps of
    17, 9, 5 and 3 pixels. Stage 0 is what comes before the blocks.

    Args:
        image_shape: (channels, height, width) of the images, pixels; any size.
        generator: source of the initial filters, normal with variance 2 / fan-out.
        widths: maps of each stage; stages after the first halve the sides.
        blocks: residual blocks of each stage.
        sobel: replace each image by its two Sobel differences; colours become grey first.

    Raises:
        ParameterError: A size is below 1, Sobel meets other than 1 or 3 channels, or ``widths``
            and ``blocks`` differ in length.

    Source: Ji, Henriques, Vedaldi 2019, "5g" of the authors' code; He, Zhang, Ren, Sun 2016.
    Differs: the last pooling takes the whole map, as in Peng et al.'s code; for images of 32 x 32
    pixels that is the authors' pooling of 3 x 3.
    """

    def __init__(
        self,
        image_shape: Sequence[int],
        generator: torch.Generator,
        *,
        widths: Sequence[int] = (64, 128, 256, 512),
        blocks: Sequence[int] = (3, 4, 6, 3),
        sobel: bool = False,
    ) -> None:
        super().__init__(image_shape, sobel=sobel)
        if len(widths) != len(blocks):
            raise ParameterError(
                f"widths and blocks name one number a stage, got {len(widths)} and {len(blocks)}."
            )
        _, height, width = self.image_shape
        rows, columns = self._draw(widths[0], self.n_channels, (height, width), 3, generator)
        sides = (rows // 2 + 1, columns // 2 + 1)
        n_in = widths[0]
        self.stages: list[list[Block]] = []
        for stage, (n_out, n_blocks) in enumerate(zip(widths, blocks, strict=True)):
            self.stages.append([])
            for position in range(n_blocks):
                stride = 2 if stage > 0 and position == 0 else 1
                block = Block(len(self.filters), has_shortcut=stride != 1 or n_in != n_out)
                self.stages[-1].append(block)
                halved = self._draw(n_out, n_in, sides, 3, generator, stride)
                self._draw(n_out, n_out, halved, 3, generator)
                if block.has_shortcut:
                    self._draw(n_out, n_in, sides, 1, generator, stride)
                n_in, sides = n_out, halved
        self.n_features = n_in

    def _draw(
        self,
        n_out: int,
        n_in: int,
        sides: tuple[int, int],
        size: int,
        generator: torch.Generator,
        stride: int = 1,
    ) -> tuple[int, int]:
        filters = kaiming_normal(n_out, n_in, size, generator, fan_out=True)
        return self._add(filters, Convolution(sides, size, stride))

    def _stages(self, maps: Tensor, run: Pass, n_stages: int | None) -> Tensor:
        # Pooling before the ReLU: the same maps, and padding counts for less than any number.
        maps = torch.relu_(functional.max_pool2d(run.layer(0, maps), 2, stride=2, padding=1))
        for stage in self.stages[:n_stages]:
            for block in stage:
                hidden = torch.relu_(run.layer(block.first, maps))
                added = run.layer(block.first + 1, hidden)
                if block.has_shortcut:
                    maps = run.layer(block.first + 2, maps)
                maps = torch.relu_(added.add_(maps))
        return maps

    def _features(self, maps: Tensor) -> Tensor:
        return maps.float().mean(dim=(2, 3))

"""What convolutional trunks share: rows to images, weights cast once a step, maps of a stage."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from ..errors import ParameterError, require_range
from .batch_norm import BatchNorm, BatchNormMode
from .small_maps import BoundConvolution, Convolution
from .sobel_filter import grey, sobel

EPSILON = 1e-5  # of the batch norms, as in the authors' code


class BoundTrunk(Protocol):
    """A trunk as a function of a batch, with its weights cast for one step."""

    def __call__(self, x: Tensor, mode: BatchNormMode) -> Tensor:
        """Return features, shape (n, n_features), float32."""
        ...

    def frozen(self) -> BoundTrunk:
        """Return the same function with constant parameters."""
        ...


class Trunk(Protocol):
    """What `ImageClassifier` asks of the network below its linear output."""

    @property
    def n_features(self) -> int:
        """Columns of the features."""
        ...

    @property
    def norms(self) -> nn.ModuleList:
        """Its batch norms; empty only for a model without hidden layers."""
        ...

    def bind(self, dtype: torch.dtype = torch.float32) -> BoundTrunk:
        """Cast the weights once and return the trunk as a function of a batch."""
        ...


@dataclass(frozen=True)
class Pass:
    """One pass of a batch through a trunk.

    Attributes:
        convolutions: the trunk's convolutions, bound.
        norms: its batch norms, one after each convolution.
        mode: see `BatchNorm`.
        frozen: treat every parameter as a constant.
    """

    convolutions: Sequence[BoundConvolution]
    norms: nn.ModuleList
    mode: BatchNormMode
    frozen: bool = False

    def layer(self, number: int, maps: Tensor) -> Tensor:
        """Return maps after convolution ``number`` and its batch norm."""
        z = self.convolutions[number](maps)
        normalised: Tensor = self.norms[number](z, self.mode, frozen=self.frozen)
        return normalised


class ConvolutionalTrunk(nn.Module, ABC):
    """Images to features: convolutions without offsets, each with a batch norm.

    Subclasses draw layers by `_add` and say in `_stages` how maps run through them.

    Args:
        image_shape: (channels, height, width) of the images, pixels.
        sobel: replace each image by its two Sobel differences; colours become grey first.

    Raises:
        ParameterError: A size is below 1, or Sobel meets other than 1 or 3 channels.
    """

    n_features: int

    def __init__(self, image_shape: Sequence[int], *, sobel: bool = False) -> None:
        super().__init__()
        if len(image_shape) != 3:
            raise ParameterError(
                f"image_shape must be (channels, height, width), got {tuple(image_shape)}."
            )
        for name, size in zip(("channels", "height", "width"), image_shape, strict=True):
            require_range(f"image_shape: {name}", size, low=1, integer=True)
        channels, height, width = (int(size) for size in image_shape)
        self.image_shape = (channels, height, width)
        self.sobel = sobel
        if sobel:
            grey(torch.empty(0, *self.image_shape))  # refuses what it cannot take
        self.filters = nn.ParameterList()
        self.norms = nn.ModuleList()
        self.convolutions: list[Convolution] = []

    @property
    def n_channels(self) -> int:
        """Channels that the first convolution takes."""
        return 2 if self.sobel else self.image_shape[0]

    def bind(self, dtype: torch.dtype = torch.float32) -> BoundConvolutions:
        """Cast the filters once and return the trunk as a function of a batch.

        Gradients reach the float32 filters through the cast, which all passes of a step share.

        Args:
            dtype: type of the convolutions and maps.
        """
        return BoundConvolutions(self, self._bound(dtype), dtype)

    def forward(self, x: Tensor, mode: BatchNormMode = "eval") -> Tensor:
        """Return features, shape (n, n_features), float32.

        Args:
            x: images, shape (n, channels, height, width), or as rows of their numbers.
            mode: see `BatchNorm`.
        """
        return self.bind()(x, mode)

    def maps(
        self,
        x: Tensor,
        mode: BatchNormMode = "eval",
        dtype: torch.dtype = torch.float32,
        *,
        n_stages: int | None = None,
    ) -> Tensor:
        """Return the maps of a stage, shape (n, channels, height, width), float32.

        Args:
            x: images, shape (n, channels, height, width), or as rows of their numbers.
            mode: see `BatchNorm`.
            dtype: type of the convolutions.
            n_stages: how many stages to run; None: all.
        """
        run = Pass(self._bound(dtype), self.norms, mode)
        return self._stages(self._images(x, dtype), run, n_stages).float().contiguous()

    @abstractmethod
    def _stages(self, maps: Tensor, run: Pass, n_stages: int | None) -> Tensor:
        """Return the maps after ``n_stages`` stages; None: after all."""

    @abstractmethod
    def _features(self, maps: Tensor) -> Tensor:
        """Return features, shape (n, n_features), float32, of the last maps."""

    def _add(self, filters: Tensor, form: Convolution) -> tuple[int, int]:
        """Append a convolution and its batch norm; return the sides of the maps they return."""
        self.filters.append(nn.Parameter(filters))
        self.norms.append(BatchNorm(len(filters), EPSILON))
        self.convolutions.append(form)
        return form.out_sides

    def _bound(self, dtype: torch.dtype) -> list[BoundConvolution]:
        pairs = zip(self.convolutions, self.filters, strict=True)
        return [form.bind(filters, dtype) for form, filters in pairs]

    def _images(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        images = x.reshape(-1, *self.image_shape)
        if self.sobel:
            images = sobel(grey(images))
        return images.to(dtype, memory_format=torch.channels_last)


class BoundConvolutions:
    """A `ConvolutionalTrunk` with its filters cast for one step; see its ``bind``.

    Args:
        trunk: whose batch norms are used.
        convolutions: its convolutions, bound.
        dtype: type of the convolutions and maps.
        frozen: treat every parameter as a constant.
    """

    def __init__(
        self,
        trunk: ConvolutionalTrunk,
        convolutions: Sequence[BoundConvolution],
        dtype: torch.dtype,
        *,
        frozen: bool = False,
    ) -> None:
        self._trunk = trunk
        self._convolutions = convolutions
        self._dtype = dtype
        self._frozen = frozen

    def frozen(self) -> BoundConvolutions:
        """Return the same function with constant parameters: gradients reach only the input."""
        constant = [convolution.frozen() for convolution in self._convolutions]
        return BoundConvolutions(self._trunk, constant, self._dtype, frozen=True)

    def __call__(self, x: Tensor, mode: BatchNormMode) -> Tensor:
        """Return features, shape (n, n_features), float32, of ``x``, rows or images."""
        trunk = self._trunk
        run = Pass(self._convolutions, trunk.norms, mode, self._frozen)
        return trunk._features(trunk._stages(trunk._images(x, self._dtype), run, None))


def kaiming_normal(
    n_out: int, n_in: int, size: int, generator: torch.Generator, *, fan_out: bool = False
) -> Tensor:
    """Draw (n_out, n_in, size, size) filters, normal with variance 2 / fan.

    Args:
        n_out: maps that come out.
        n_in: maps that go in.
        size: side of the filters, pixels.
        generator: source of the draw.
        fan_out: fan is n_out * size^2, not n_in * size^2.

    Source: He, Zhang, Ren, Sun 2015, for layers that a ReLU follows.
    """
    fan = (n_out if fan_out else n_in) * size**2
    draw = torch.randn(n_out, n_in, size, size, generator=generator)
    return draw.mul_((2 / fan) ** 0.5)

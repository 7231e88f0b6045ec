"""The networks that a clusterer of images knows by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import torch

from ..errors import require_choice
from .residual import ResidualTrunk
from .trunk import ConvolutionalTrunk
from .vgg import VGGTrunk


@dataclass(frozen=True)
class Architecture:
    """A trunk with the sizes that it is known by.

    Attributes:
        trunk: the class.
        sizes: its keyword arguments.
        summary: what it is, in one sentence.
    """

    trunk: type[ResidualTrunk] | type[VGGTrunk]
    summary: str
    sizes: Mapping[str, Any] = field(default_factory=dict)


ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "6c": Architecture(VGGTrunk, "Four 5 x 5 convolutions; the papers' network for digits."),
        "5g": Architecture(ResidualTrunk, "ResNet-34; the papers' network for CIFAR-10."),
        "small": Architecture(
            VGGTrunk,
            "6c with a quarter of its filters, for two processor cores.",
            {"widths": (16, 32, 64, 128)},
        ),
        "small-residual": Architecture(
            ResidualTrunk,
            "5g with a quarter of its filters and one block a stage, for two processor cores.",
            {"widths": (16, 32, 64, 128), "blocks": (1, 1, 1, 1)},
        ),
    }
)


def network_for(
    name: str, image_shape: Sequence[int], generator: torch.Generator, sobel: bool = False
) -> ConvolutionalTrunk:
    """Build the trunk that a name stands for.

    Args:
        name: "6c", "5g", "small" or "small-residual"; see `ARCHITECTURES`.
        image_shape: (channels, height, width) of the images, pixels.
        generator: source of the initial filters.
        sobel: replace each image by its two Sobel differences; colours become grey first.

    Raises:
        ParameterError: The name is unknown, a size is below 1, or Sobel meets other than 1 or 3
            channels.
    """
    require_choice("network", name, ARCHITECTURES)
    chosen = ARCHITECTURES[name]
    return chosen.trunk(image_shape, generator, sobel=sobel, **chosen.sizes)

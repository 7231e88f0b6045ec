"""The network that learns from pairs: by name, a user's own, or a perceptron for vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from ..errors import ParameterError, require_choice
from ..networks import MLP, ImageClassifier, OwnTrunk, network_for
from ..networks.architectures import ARCHITECTURES


def require_network(network: Any) -> None:
    """Raise ParameterError unless ``network`` is "auto", a name or a module."""
    if not isinstance(network, nn.Module):
        require_choice("network", network, ("auto", *ARCHITECTURES))


def resolved_name(network: Any, image_shape: Sequence[int] | None, n_colours: int) -> str | None:
    """Return the name of the network for images, or None where there is no such network.

    "auto" goes by the images themselves, whose views may be grey: photographs take more layers
    than digits.

    Raises:
        ParameterError: A named network for vectors.
    """
    if isinstance(network, nn.Module):
        return None
    if image_shape is None:
        if network != "auto":
            raise ParameterError(
                f"network={network!r} reads images, and X holds vectors. Pass images, shape "
                "(n, h, w) or (n, h, w, 3), image_shape=(h, w), or leave network='auto'."
            )
        return None
    if network == "auto":
        return "small" if n_colours == 1 else "small-residual"
    return str(network)


def pair_network(
    network: Any,
    image_shape: Sequence[int] | None,
    n_colours: int,
    n_features: int,
    widths: Sequence[int],
    n_outputs: int,
    sobel: bool,
    generator: torch.Generator,
) -> nn.Module:
    """Return a new network.

    Args:
        network: "auto", a name or a module of the user's.
        image_shape: (channels, height, width) of what it sees, or None for vectors.
        n_colours: channels of the images themselves, 1 or 3; 0 for vectors.
        n_features: columns of vectors.
        widths: of the perceptron for vectors.
        n_outputs: columns of the output.
        sobel: replace images by their two Sobel differences.
        generator: source of the initial weights.
    """
    if isinstance(network, nn.Module):
        own = OwnTrunk(network, image_shape or (n_features,), generator)
        return ImageClassifier(own, n_outputs, generator)
    name = resolved_name(network, image_shape, n_colours)
    if name is None or image_shape is None:
        return MLP(n_features, widths, n_outputs, generator)
    trunk = network_for(name, image_shape, generator, sobel)
    return ImageClassifier(trunk, n_outputs, generator)

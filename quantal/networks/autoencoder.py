"""Stacked autoencoder: ReLU layers down to a linear code, and their mirror image back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from .mlp import CastWeight

STANDARD_DEVIATION = 0.01
NARROW = 64  # products with fewer columns on a side stay float32: a cast costs more than it saves


class Autoencoder(nn.Module):
    """Encoder ``n_inputs -> hidden -> n_components`` and a decoder with the widths reversed.

    Every layer is affine and followed by ReLU but for the code and the reconstruction, which are
    affine only: they take any sign. Weights are stored as (n_in, n_out), the encoder's layers
    before the decoder's.

    Args:
        n_inputs: columns of the input.
        hidden_layer_sizes: widths of the encoder's hidden layers; may be empty.
        n_components: numbers of the code.
        generator: source of the initial weights, normal with a standard deviation of 0.01;
            biases start at 0.

    Source: Xie, Girshick, Farhadi 2016, Section 3.3 and 4.3.
    """

    def __init__(
        self,
        n_inputs: int,
        hidden_layer_sizes: Sequence[int],
        n_components: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        down = [n_inputs, *hidden_layer_sizes, n_components]
        shapes = [*pairwise(down), *pairwise(reversed(down))]
        self.n_encoder_layers = len(down) - 1
        self.weights = nn.ParameterList(
            nn.Parameter(STANDARD_DEVIATION * torch.randn(shape, generator=generator))
            for shape in shapes
        )
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(n_out)) for _, n_out in shapes)
        self._casts: dict[int, CastWeight] = {}

    def bind(self, dtype: torch.dtype = torch.float32) -> BoundAutoencoder:
        """Return the network as functions of a batch whose wide products have this type.

        A weight is cast when the bound network first uses it. Bind once a step: the cast weights
        are those of that moment.

        Args:
            dtype: type of the products; sums, biases and activations are float32.
        """
        return BoundAutoencoder(self, dtype)

    def cast(self, layer: int, dtype: torch.dtype) -> CastWeight:
        """Return a layer's weight in a shorter type, up to date.

        Args:
            layer: its number; the encoder's come first.
            dtype: the type.
        """
        weight = self.weights[layer]
        known = self._casts.get(layer)
        if known is None or known.value.device != weight.device or known.value.dtype != dtype:
            known = self._casts[layer] = CastWeight(weight, dtype)
        known.refresh()
        return known

    def mirror(self, layer: int) -> int:
        """Return the number of the decoder's layer that undoes one of the encoder.

        Args:
            layer: number of the encoder's layer, from 0.
        """
        return 2 * self.n_encoder_layers - 1 - layer

    def is_linear(self, layer: int) -> bool:
        """Tell whether a layer gives the code or the reconstruction, without ReLU.

        Args:
            layer: its number.
        """
        return layer + 1 in {self.n_encoder_layers, 2 * self.n_encoder_layers}

    def forward(self, x: Tensor) -> Tensor:
        """Return reconstructions of ``x``, same shape (n, n_inputs)."""
        return self.bind()(x)


class BoundAutoencoder:
    """An autoencoder with its wide weights cast for one step; see `Autoencoder.bind`.

    Args:
        network: whose layers are used.
        dtype: type of the wide products.
    """

    def __init__(self, network: Autoencoder, dtype: torch.dtype) -> None:
        self._network = network
        self._dtype = dtype
        self._casts: dict[int, CastWeight] = {}

    def encode(self, x: Tensor, n_layers: int | None = None) -> Tensor:
        """Return what the encoder's first layers give, shape (n, width), float32.

        Args:
            x: rows, shape (n, n_inputs).
            n_layers: how many; None: all, which gives the codes.
        """
        wanted = self._network.n_encoder_layers if n_layers is None else n_layers
        for layer in range(wanted):
            x = self.apply(layer, x)
        return x

    def apply(self, layer: int, x: Tensor) -> Tensor:
        """Return the output of one layer, shape (n, n_out), float32.

        Args:
            layer: its number; the encoder's come first.
            x: its input, shape (n, n_in).
        """
        weight, bias = self._network.weights[layer], self._network.biases[layer]
        if self._dtype == torch.float32 or min(weight.shape) < NARROW:
            z = torch.addmm(bias, x, weight)
        else:
            z = self._short_product(layer, x) + bias  # float32 again
        return z if self._network.is_linear(layer) else torch.relu_(z)

    def _short_product(self, layer: int, x: Tensor) -> Tensor:
        if layer not in self._casts:
            self._casts[layer] = self._network.cast(layer, self._dtype)
        cast, short = self._casts[layer], x.to(self._dtype)
        return cast.product(short) if torch.is_grad_enabled() else short @ cast.value

    def __call__(self, x: Tensor) -> Tensor:
        """Return reconstructions of ``x``, same shape (n, n_inputs)."""
        x = self.encode(x)
        for layer in range(self._network.n_encoder_layers, len(self._network.weights)):
            x = self.apply(layer, x)
        return x

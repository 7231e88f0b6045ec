"""A trunk of any kind and one linear output: what a clusterer of images trains."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .batch_norm import BatchNormMode
from .trunk import BoundTrunk, Trunk

STANDARD_DEVIATION = 0.01


class ImageClassifier(nn.Module):
    """Features of a trunk, then one linear layer; used as an `MLP` is.

    Args:
        trunk: `VGGTrunk`, `ResidualTrunk`, `OwnTrunk`, or a module with the same interface.
        n_outputs: columns of the output.
        generator: source of the initial output weights, normal with standard deviation 0.01.

    Source: Ji, Henriques, Vedaldi 2019, the heads of the authors' code.
    """

    def __init__(self, trunk: Trunk, n_outputs: int, generator: torch.Generator) -> None:
        super().__init__()
        self.trunk = trunk
        draw = torch.randn(trunk.n_features, n_outputs, generator=generator)
        self.output = nn.Parameter(draw.mul_(STANDARD_DEVIATION))
        self.bias = nn.Parameter(torch.zeros(n_outputs))

    @property
    def norms(self) -> nn.ModuleList:
        """The trunk's batch norms."""
        return self.trunk.norms

    def bind(self, dtype: torch.dtype = torch.float32) -> BoundClassifier:
        """Cast the trunk's weights once and return the network as a function of a batch.

        Gradients reach the parameters as usual. Bind once a step.

        Args:
            dtype: type of the trunk's convolutions; everything after the trunk is float32.
        """
        return BoundClassifier(self, self.trunk.bind(dtype))

    def forward(self, x: Tensor, mode: BatchNormMode = "eval") -> Tensor:
        """Return logits, shape (n, n_outputs), for ``x``, images or rows of their numbers."""
        return self.bind()(x, mode)


class BoundClassifier:
    """An `ImageClassifier` with its weights cast for one step; see `ImageClassifier.bind`.

    Args:
        network: whose output layer is used.
        trunk: its trunk, bound.
        frozen: treat every parameter as a constant.
    """

    def __init__(
        self, network: ImageClassifier, trunk: BoundTrunk, *, frozen: bool = False
    ) -> None:
        self._network = network
        self._trunk = trunk
        self._frozen = frozen

    def frozen(self) -> BoundClassifier:
        """Return the same function with constant parameters: gradients reach only the input."""
        return BoundClassifier(self._network, self._trunk.frozen(), frozen=True)

    def embed(self, x: Tensor, mode: BatchNormMode) -> Tensor:
        """Return the trunk's features, shape (n, n_features), float32.

        Args:
            x: images, shape (n, channels, height, width), or as rows of their numbers.
            mode: see `BatchNorm`.
        """
        return self._trunk(x, mode)

    def __call__(self, x: Tensor, mode: BatchNormMode) -> Tensor:
        """Return float32 logits, shape (n, n_outputs); arguments as for `embed`."""
        parameters = (self._network.output, self._network.bias)
        output, bias = (p.detach() if self._frozen else p for p in parameters)
        return torch.addmm(bias, self.embed(x, mode), output)

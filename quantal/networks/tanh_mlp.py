"""Multi-layer perceptron with tanh on every layer, as Deep Hash uses it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def orthonormal(n_in: int, n_out: int, generator: torch.Generator) -> Tensor:
    """Draw an (n_in, n_out) weight with orthonormal columns, or rows where columns are more."""
    draw = torch.randn(max(n_in, n_out), min(n_in, n_out), generator=generator)
    q, r = torch.linalg.qr(draw)
    q = q * torch.where(r.diagonal() < 0, -1.0, 1.0)  # uniform over all rotations
    weight: Tensor = (q if n_in >= n_out else q.T).contiguous()
    return weight


class TanhMLP(nn.Module):
    """Perceptron ``n_inputs -> hidden -> n_outputs``: affine, tanh, ..., affine.

    The last tanh is left to the caller, because bits and probabilities follow from what is in
    front of it. Weights are stored as (n_in, n_out) and start orthonormal, biases at 0.

    Args:
        n_inputs: columns of the input.
        hidden_layer_sizes: widths; empty for a linear model.
        n_outputs: columns of the output.
        generator: source of the initial weights.

    Source: Erin Liong et al. 2015, Section 3.1.
    Differs: the input is multiplied by the buffer ``scale``, a constant that the estimator sets,
    so that orthonormal weights do not saturate the first tanh.
    """

    scale: Tensor

    def __init__(
        self,
        n_inputs: int,
        hidden_layer_sizes: Sequence[int],
        n_outputs: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        widths = [n_inputs, *hidden_layer_sizes, n_outputs]
        self.weights = nn.ParameterList(
            nn.Parameter(orthonormal(a, b, generator)) for a, b in pairwise(widths)
        )
        self.biases = nn.ParameterList(nn.Parameter(torch.zeros(b)) for b in widths[1:])
        self.register_buffer("scale", torch.ones(()))

    def forward(self, x: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return what the last tanh takes, shape (n, n_outputs), float32.

        Args:
            x: rows, shape (n, n_inputs).
            dtype: type of the products but the last.
        """
        *hidden, last = zip(self.weights, self.biases, strict=True)
        z = x * self.scale
        for weight, bias in hidden:
            z = torch.tanh((z.to(dtype) @ weight.to(dtype)).float() + bias)  # (n, width)
        return torch.addmm(last[1], z, last[0])

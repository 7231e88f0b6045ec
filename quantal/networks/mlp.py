"""Multi-layer perceptron of the IMSAT paper: linear, batch norm, ReLU, ..., linear."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn

from .batch_norm import BatchNorm, BatchNormMode

HIDDEN_SCALE = 0.1
OUTPUT_SCALE = 1e-4


def scaled_normal(n_in: int, n_out: int, scale: float, generator: torch.Generator) -> Tensor:
    """Draw an (n_in, n_out) weight with standard deviation sqrt(scale / n_in).

    Source: the IMSAT authors' code under Chainer 1.21, where ``Linear(wscale=w)`` multiplies by
    the *square root* of ``w``. The paper prints scale * sqrt(2 / n_in) instead.
    """
    draw = torch.randn(n_in, n_out, generator=generator)
    return draw.mul_((scale / n_in) ** 0.5)


class MLP(nn.Module):
    """Perceptron ``n_inputs -> hidden -> n_outputs`` with batch norm and ReLU on hidden layers.

    Weights are stored as (n_in, n_out), the layout in which both the forward product and its
    gradients are fastest. Hidden layers have no bias: batch norm would cancel it.

    Args:
        n_inputs: columns of the input.
        hidden_layer_sizes: widths; empty for a linear model.
        n_outputs: columns of the output.
        generator: source of the initial weights.

    Source: Hu et al. 2017, Section 4.2 and appendix D; initialisation as in the authors' code.
    """

    def __init__(
        self,
        n_inputs: int,
        hidden_layer_sizes: Sequence[int],
        n_outputs: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        widths = [n_inputs, *hidden_layer_sizes]
        self.weights = nn.ParameterList(
            nn.Parameter(scaled_normal(a, b, HIDDEN_SCALE, generator)) for a, b in pairwise(widths)
        )
        self.norms = nn.ModuleList(BatchNorm(width) for width in hidden_layer_sizes)
        self.output = nn.Parameter(scaled_normal(widths[-1], n_outputs, OUTPUT_SCALE, generator))
        self.bias = nn.Parameter(torch.zeros(n_outputs))
        self._casts: list[CastWeight] = []

    def bind(self, dtype: torch.dtype = torch.float32) -> BoundMLP:
        """Cast the hidden weights once and return the network as a function of a batch.

        Gradients reach the parameters as usual. Bind once a step: a bound network holds the
        weights of its moment, and the next call overwrites them.
        """
        weights = list(self.weights)
        if dtype == torch.float32:
            return BoundMLP(self, weights)
        if len(self._casts) != len(weights) or self._casts[0].weight.device != weights[0].device:
            self._casts = [CastWeight(weight, dtype) for weight in weights]
        for cast in self._casts:
            cast.refresh()
        return BoundMLP(self, [cast.value for cast in self._casts], casts=self._casts)

    def forward(self, x: Tensor, mode: BatchNormMode = "eval") -> Tensor:
        """Return logits, shape (n, n_outputs), for ``x``, shape (n, n_inputs)."""
        logits: Tensor = self.bind()(x, mode)
        return logits


class CastWeight:
    """A weight in a shorter type, with buffers that live as long as the network.

    Autograd would allocate the cast weight and its gradient anew in every step; fresh pages for
    tens of megabytes cost as much as a matrix product. It would also form one gradient for every
    pass of the step and add them in the short type: here the passes' rows are laid one below the
    other, and a single product sums over all of them in float32.

    Args:
        weight: the float32 parameter.
        dtype: type of the cast.
    """

    def __init__(self, weight: nn.Parameter, dtype: torch.dtype) -> None:
        self.weight = weight
        self.value = torch.empty_like(weight, dtype=dtype, requires_grad=False)
        self._gradient = torch.empty_like(weight, requires_grad=False)
        self._passes: list[tuple[Tensor, Tensor]] = []

    def refresh(self) -> None:
        """Take over the weight as it is now."""
        self._passes.clear()
        with torch.no_grad():
            self.value.copy_(self.weight)

    def product(self, x: Tensor) -> Tensor:
        """Return ``x @ weight``; a backward pass fills the parameter's gradient at its end."""
        product: Tensor = _CastProduct.apply(x, self.weight, self)  # type: ignore[no-untyped-call]
        return product

    def note(self, x: Tensor, gradient: Tensor) -> None:
        """Keep a pass, (n, n_in) inputs and (n, n_out) gradients, until the backward pass ends."""
        if not self._passes:
            engine = torch.autograd.Variable._execution_engine
            engine.queue_callback(self._collect)
        self._passes.append((x, gradient))

    def _collect(self) -> None:
        inputs, gradients = zip(*self._passes, strict=True)
        self._passes = []
        with torch.no_grad():
            # A product with a transposed left factor runs at half the speed: lay it out anew.
            product = torch.cat([x.T for x in inputs], dim=1) @ torch.cat(gradients)
            if self.weight.grad is None:
                self.weight.grad = self._gradient.copy_(product)
            else:
                self.weight.grad.add_(product)


class _CastProduct(torch.autograd.Function):
    """The product with a cast weight, whose gradient the `CastWeight` collects."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, cast: CastWeight) -> Tensor:  # noqa: ARG004
        # The float32 weight is an argument only so that autograd knows that this needs a gradient.
        ctx.save_for_backward(x)
        ctx.cast = cast
        return x @ cast.value

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, None]:
        (x,) = ctx.saved_tensors
        ctx.cast.note(x, gradients[0])
        return (gradients[0] @ ctx.cast.value.T if ctx.needs_input_grad[0] else None), None, None


class BoundMLP:
    """An MLP with its hidden weights cast for one step; see `MLP.bind`.

    The hidden products take the bound type. The output layer, the logits and everything after
    them are float32.

    Args:
        network: whose batch norms and output layer are used.
        weights: its hidden weights in the bound type.
        casts: who collects the gradients of these weights; empty where autograd does.
        frozen: treat every parameter as a constant.
    """

    def __init__(
        self,
        network: MLP,
        weights: list[Tensor],
        *,
        casts: Sequence[CastWeight] = (),
        frozen: bool = False,
    ) -> None:
        self._network = network
        self._weights = weights
        self._casts = casts
        self._frozen = frozen

    def frozen(self) -> BoundMLP:
        """Return the same function with constant parameters: gradients reach only the input."""
        return BoundMLP(self._network, [w.detach() for w in self._weights], frozen=True)

    def embed(self, x: Tensor, mode: BatchNormMode) -> Tensor:
        """Return the last hidden activations, shape (n, width), float32; ``x`` if linear."""
        hidden = x
        for layer, norm in enumerate(self._network.norms):
            hidden = hidden.to(self._weights[layer].dtype)
            collected = self._casts and torch.is_grad_enabled()
            z = (
                self._casts[layer].product(hidden) if collected else hidden @ self._weights[layer]
            )  # (n, width)
            hidden = torch.relu_(norm(z, mode, frozen=self._frozen))
        return hidden.float()

    def __call__(self, x: Tensor, mode: BatchNormMode) -> Tensor:
        """Return float32 logits, shape (n, n_outputs), for ``x``, shape (n, n_inputs)."""
        parameters = (self._network.output, self._network.bias)
        output, bias = (p.detach() if self._frozen else p for p in parameters)
        return torch.addmm(bias, self.embed(x, mode), output)

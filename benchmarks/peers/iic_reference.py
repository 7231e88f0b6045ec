"""The training step of I(Y;Y~) with VAT in plain float32 PyTorch, as Peng et al.'s code takes it.

`nn.Module` layers in PyTorch's own layout, the batch of first views repeated once for each of its
changed copies and passed whole, the adversary found on that whole batch, float32 throughout. It
is the peer of the speed benchmark and the naive transcription that quantal's step is compared with.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import torch
from torch import Tensor, nn

EPSILON = sys.float_info.epsilon


class ReferenceNetwork(nn.Module):
    """The network "6c": four convolutions with batch norm and ReLU, poolings, one linear layer."""

    def __init__(
        self,
        channels: int = 1,
        side: int = 24,
        widths: Sequence[int] = (64, 128, 256, 512),
        n_clusters: int = 10,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for place, width in enumerate(widths):
            layers += [nn.Conv2d(channels, width, 5, padding=2, bias=False)]
            layers += [nn.BatchNorm2d(width), nn.ReLU()]
            if place < len(widths) - 1:
                layers.append(nn.MaxPool2d(2))
                side //= 2
            channels = width
        self.layers = nn.Sequential(*layers)
        self.head = nn.Linear(channels * side * side, n_clusters)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Return probabilities, shape (n, n_clusters)."""
        return self.head(self.layers(x).flatten(1)).softmax(1)

    def track(self, tracked: bool) -> None:
        """Let batch norms update their averages, or not."""
        for layer in self.layers:
            if isinstance(layer, nn.BatchNorm2d):
                layer.momentum = 0.1 if tracked else 0.0


def pair_loss(p: Tensor, q: Tensor) -> Tensor:
    """Minus the mutual information of the symmetric joint."""
    joint = p.T @ q
    joint = (joint + joint.T) / 2
    joint = joint / joint.sum()
    row = joint.sum(1, keepdim=True).expand_as(joint).clamp(min=EPSILON)
    column = joint.sum(0, keepdim=True).expand_as(joint).clamp(min=EPSILON)
    joint = joint.clamp(min=EPSILON)
    return -(joint * (joint.log() - row.log() - column.log())).sum()


def kl(p: Tensor, q: Tensor) -> Tensor:
    """Mean over rows of KL[p || q], with the code's constant."""
    return (p * ((p + 1e-16).log() - (q + 1e-16).log())).sum(1).mean()


def adversary(network: ReferenceNetwork, x: Tensor, p: Tensor, radius: float, xi: float) -> Tensor:
    """One power iteration; parameter gradients are formed and thrown away, as in the code."""
    d = torch.randn_like(x)
    d = d / d.flatten(1).norm(dim=1)[:, None, None, None]
    d.requires_grad_()
    kl(p, network(x + xi * d)).backward()
    g = d.grad
    return radius * g / (g.flatten(1).norm(dim=1)[:, None, None, None] + 1e-8)


def training_step(
    network: ReferenceNetwork,
    optimizer: torch.optim.Optimizer,
    first: Tensor,
    second: Tensor,
    *,
    vat_weight: float = 0.0,
    radius: float = 2.0,
    xi: float = 10.0,
) -> Tensor:
    """Take one step; returns the loss.

    Args:
        network: trained.
        optimizer: of its parameters.
        first: first views, (b, c, h, w).
        second: second views, (copies * b, c, h, w), one set of copies after the other.
        vat_weight: weight of the regulariser, 0: none.
        radius: length of the adversarial perturbation.
        xi: length of the probing step.
    """
    repeated = first.repeat(len(second) // len(first), 1, 1, 1)
    p, q = network(repeated), network(second)
    loss = pair_loss(p, q)
    if vat_weight:
        with torch.no_grad():
            target = network(repeated)
        network.track(False)
        r = adversary(network, repeated, target, radius, xi)
        loss = loss + vat_weight * kl(target, network(repeated + r.detach()))
        network.track(True)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()

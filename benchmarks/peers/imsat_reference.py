"""The official IMSAT training step in plain float32 PyTorch, line by line.

What the authors' Chainer script does, written as a competent port would be: `nn.Module` layers,
`torch.optim.Adam`, float32 throughout, a separate clean pass for the adversarial target, and an
inner backward pass that also forms the parameters' gradients, which are then thrown away. Batch
norm never updates its averages in the adversarial passes. It is the peer of the speed benchmarks
and the naive transcription that quantal's step is compared with.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ReferenceNetwork(nn.Module):
    """784-1200-1200-10 with batch norm and ReLU; ``update_statistics`` as in the script."""

    def __init__(self, n_inputs: int = 784, width: int = 1200, n_clusters: int = 10) -> None:
        super().__init__()
        self.l1, self.l2 = nn.Linear(n_inputs, width), nn.Linear(width, width)
        self.l3 = nn.Linear(width, n_clusters)
        self.bn1, self.bn2 = (nn.BatchNorm1d(width, eps=2e-5, momentum=0.1) for _ in range(2))
        for layer, scale in ((self.l1, 0.1), (self.l2, 0.1), (self.l3, 1e-4)):
            nn.init.normal_(layer.weight, std=(scale / layer.in_features) ** 0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, update_statistics: bool = True) -> Tensor:
        """Return logits, shape (n, n_clusters)."""
        h = torch.relu(self._normalised(self.bn1, self.l1(x), update_statistics))
        h = torch.relu(self._normalised(self.bn2, self.l2(h), update_statistics))
        return self.l3(h)

    def _normalised(self, norm: nn.BatchNorm1d, z: Tensor, update: bool) -> Tensor:
        if not self.training:
            return norm(z)
        averages = (norm.running_mean, norm.running_var) if update else (None, None)
        return nn.functional.batch_norm(
            z, *averages, norm.weight, norm.bias, True, norm.momentum, norm.eps
        )


def entropy(p: Tensor) -> Tensor:
    """Sum over clusters, mean over rows."""
    return -(p * torch.log(p + 1e-8)).sum() / (len(p) if p.ndim == 2 else 1)


def kl(p: Tensor, q: Tensor) -> Tensor:
    """Divergence with the script's 1e-8 inside both logarithms."""
    return (p * torch.log((p + 1e-8) / (q + 1e-8))).sum() / len(p)


def vat(network: ReferenceNetwork, x: Tensor, radius: Tensor, xi: float = 10.0) -> Tensor:
    """One power iteration, then the divergence at the adversarial point."""
    with torch.no_grad():
        target = network(x, update_statistics=False).softmax(1)
    d = torch.randn_like(x)
    d = (d / d.norm(dim=1, keepdim=True)).requires_grad_()
    kl(target, network(x + xi * d, update_statistics=False).softmax(1)).backward()
    g = d.grad
    r = radius[:, None] * g / g.norm(dim=1, keepdim=True)
    network.zero_grad()
    return kl(target, network(x + r, update_statistics=False).softmax(1))


def training_step(
    network: ReferenceNetwork,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    radius: Tensor,
    *,
    trade_off: float = 0.1,
    balance: float = 4.0,
) -> Tensor:
    """One step of the published recipe; returns the loss."""
    p = network(x).softmax(1)
    information = entropy(p) - balance * entropy(p.mean(0))
    loss = trade_off * information + vat(network, x, radius)
    network.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()

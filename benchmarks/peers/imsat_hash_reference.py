"""The official IMSAT hashing step in plain float32 PyTorch, line by line.

What the authors' hashing script does, written as `benchmarks.peers.imsat_reference` writes the
clustering script: sigmoid outputs, 1e-8 inside every logarithm, a loop over the pairs of bits. It
is the naive transcription that quantal's step is compared with.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .imsat_reference import ReferenceNetwork

TINY = 1e-8


def entropy(p: Tensor) -> Tensor:
    """Entropies of coins, summed over everything."""
    return -(p * torch.log(p + TINY) + (1 - p) * torch.log(1 - p + TINY)).sum()


def pairwise(p: Tensor) -> Tensor:
    """Mutual information of every unordered pair of bits, twice."""
    total = torch.zeros(())
    for i in range(p.shape[1]):
        for j in range(i + 1, p.shape[1]):
            for a, b in (
                (p[:, i], p[:, j]),
                (p[:, i], 1 - p[:, j]),
                (1 - p[:, i], p[:, j]),
                (1 - p[:, i], 1 - p[:, j]),
            ):
                joint, apart = (a * b).mean(), a.mean() * b.mean()
                total = total + joint * torch.log((joint + TINY) / (apart + TINY))
    return 2 * total


def kl(p: Tensor, q: Tensor) -> Tensor:
    """Divergence of coins, summed over bits, mean over rows."""
    ones = p * torch.log((p + TINY) / (q + TINY))
    zeros = (1 - p) * torch.log((1 - p + TINY) / (1 - q + TINY))
    return (ones + zeros).sum() / len(p)


def vat(network: ReferenceNetwork, x: Tensor, radius: Tensor, xi: float = 10.0) -> Tensor:
    """One power iteration, then the divergence at the adversarial point."""
    with torch.no_grad():
        target = network(x, update_statistics=False).sigmoid()
    d = torch.randn_like(x)
    d = (d / d.norm(dim=1, keepdim=True)).requires_grad_()
    kl(target, network(x + xi * d, update_statistics=False).sigmoid()).backward()
    g = d.grad
    r = radius[:, None] * g / g.norm(dim=1, keepdim=True)
    network.zero_grad()
    return kl(target, network(x + r, update_statistics=False).sigmoid())


def training_step(
    network: ReferenceNetwork,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    radius: Tensor,
    *,
    trade_off: float = 0.1,
) -> Tensor:
    """One step of the published recipe; returns the loss."""
    p = network(x).sigmoid()
    information = entropy(p) / len(p) - entropy(p.mean(0)) + pairwise(p)
    loss = trade_off * information + vat(network, x, radius)
    network.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()

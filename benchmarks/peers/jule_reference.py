"""JULE's training step in plain float32 PyTorch, as a competent port of the Torch code would be.

`nn.Module` layers, `torch.optim.SGD`, and a list of triplets: every ordered pair of one cluster in
the batch with drawn negatives, whose embeddings are gathered as copies. It is the peer of the speed
benchmark.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class ReferenceEmbedding(nn.Module):
    """Blocks of 5 x 5 convolution, batch norm, ReLU and pooling; a linear layer of unit norm."""

    def __init__(
        self,
        shape: Sequence[int],
        pools: Sequence[bool],
        n_channels: int = 50,
        n_outputs: int = 160,
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i, pool in enumerate(pools):
            layers += [
                nn.Conv2d(n_channels if i else shape[0], n_channels, 5),
                nn.BatchNorm2d(n_channels),
                nn.ReLU(),
            ]
            if pool:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
        self.blocks = nn.Sequential(*layers, nn.Flatten())
        with torch.no_grad():
            width = self.blocks(torch.zeros(2, *shape)).shape[1]
        self.output = nn.Linear(width, n_outputs)
        for parameter in self.parameters():
            if parameter.ndim > 1:
                nn.init.normal_(parameter, std=0.01)

    def forward(self, x: Tensor) -> Tensor:
        """Return embeddings of unit norm, shape (n, n_outputs)."""
        return nn.functional.normalize(self.output(self.blocks(x)), dim=1)


def triplets(labels: Tensor, n_negatives: int) -> tuple[Tensor, Tensor, Tensor]:
    """Every ordered pair of one cluster, each with different random rows of other clusters."""
    alike = labels[:, None] == labels
    count = min(n_negatives, len(labels.unique()) - 1)
    anchors, positives = (alike & ~torch.eye(len(labels), dtype=torch.bool)).nonzero().T
    keys = torch.rand(len(anchors), len(labels)).masked_fill(alike[anchors], 2.0)
    negatives = keys.argsort(dim=1)[:, :count].reshape(-1)
    return anchors.repeat_interleave(count), positives.repeat_interleave(count), negatives


def training_step(
    network: ReferenceEmbedding,
    optimizer: torch.optim.Optimizer,
    x: Tensor,
    labels: Tensor,
    *,
    n_negatives: int = 10,
    margin: float = 0.2,
) -> Tensor:
    """One step; returns the loss."""
    rows = network(x)
    anchors, positives, negatives = triplets(labels, n_negatives)
    near = (rows[anchors] - rows[positives]).square().sum(dim=1)
    far = (rows[anchors] - rows[negatives]).square().sum(dim=1)
    loss = torch.relu(margin + near - far).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()

"""IIC's step is that of the plain transcription of Peng et al.'s code."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from quantal.clustering import IIC
from quantal.objectives import virtual_adversarial
from quantal.training.rows import Rows

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks.peers.iic_reference import ReferenceNetwork, training_step

SIDE, ROWS, COPIES = 16, 12, 3
WIDTHS = (16, 32, 64, 128)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (ROWS, SIDE, SIDE), dtype=np.uint8)


@pytest.fixture
def direction(monkeypatch):
    """One fixed first direction for both implementations."""
    fixed = torch.randn(ROWS, SIDE * SIDE, generator=torch.Generator().manual_seed(1))
    unit = fixed / fixed.norm(dim=1, keepdim=True)
    monkeypatch.setattr(virtual_adversarial, "random_direction", lambda x, *_: unit)
    whole = fixed.repeat(COPIES, 1).view(-1, 1, SIDE, SIDE)
    monkeypatch.setattr(torch, "randn_like", lambda x: whole)


def twins(images, **chosen):
    """Our step and the peer's network with the same weights."""

    def turned(x, generator):  # a change that draws nothing
        return (x.flip(-1) * 0.9).clone()

    model = IIC(4, geometry="none", network="small", transformation=turned, n_views=COPIES,
                radius=2.0, xi=10.0, units="absolute", precision="float32", **chosen)  # fmt: skip
    model._require_parameters()
    read = model._read(images, reset=True)
    model._seed = 0
    model._set_up(read, {})
    rows = Rows(read, model.preparation_, model._device)
    ours = model._make_network(torch.Generator().manual_seed(0))
    peer = ReferenceNetwork(1, SIDE, WIDTHS, 4)
    convolutions = [layer for layer in peer.layers if isinstance(layer, torch.nn.Conv2d)]
    with torch.no_grad():
        ours.output.mul_(20)
        for layer, filters in zip(convolutions, ours.trunk.filters, strict=True):
            layer.weight.copy_(filters)
        peer.head.weight.copy_(ours.output.T)
        peer.head.bias.copy_(ours.bias)
    generator = torch.Generator().manual_seed(0)
    step = model._step_maker(rows, 0)(ours, None, generator)
    first = rows.prepared(torch.arange(ROWS)).view(-1, 1, SIDE, SIDE)
    second = turned(first.repeat(COPIES, 1, 1, 1), generator)
    return ours, step, peer, first, second


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_loss_and_gradients_equal_the_transcription(images, direction, weight):
    chosen = {"regularization": [["vat", weight]]} if weight else {}
    ours, step, peer, first, second = twins(images, **chosen)
    values = step.of_pass(torch.arange(ROWS), 0)
    values["total"].backward()
    optimizer = torch.optim.SGD(peer.parameters(), lr=0.0)
    loss = training_step(peer, optimizer, first, second, vat_weight=weight)
    assert values["total"].item() == pytest.approx(loss.item(), abs=2e-4)
    convolutions = [layer for layer in peer.layers if isinstance(layer, torch.nn.Conv2d)]
    for layer, filters in zip(convolutions, ours.trunk.filters, strict=True):
        scale = layer.weight.grad.abs().max()
        assert (filters.grad - layer.weight.grad).abs().max() < 2e-2 * scale
    torch.testing.assert_close(ours.output.grad.T, peer.head.weight.grad, rtol=2e-2, atol=2e-4)

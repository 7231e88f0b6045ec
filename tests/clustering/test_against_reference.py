"""The fast step takes the step of the plain transcription of the authors' script."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from quantal.clustering.balance import InformationTerm
from quantal.clustering.imsat import IMSAT
from quantal.data.preparation import learn_preparation
from quantal.estimators.self_augmentation import AdversarialTerm
from quantal.networks import MLP
from quantal.objectives import virtual_adversarial
from quantal.training import Plan, Run
from quantal.training.rows import Rows

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks.peers.imsat_reference import ReferenceNetwork, training_step

WIDTH, N, D, K = 32, 60, 20, 4


@pytest.fixture
def direction(monkeypatch):
    """One fixed first direction for both implementations."""
    fixed = torch.randn(N, D, generator=torch.Generator().manual_seed(1))
    unit = fixed / fixed.norm(dim=1, keepdim=True)
    monkeypatch.setattr(virtual_adversarial, "random_direction", lambda x, *_: unit)
    monkeypatch.setattr(torch, "randn_like", lambda x: fixed)


def twin_networks() -> tuple[MLP, ReferenceNetwork]:
    ours = MLP(D, (WIDTH, WIDTH), K, torch.Generator().manual_seed(0))
    reference = ReferenceNetwork(D, WIDTH, K)
    with torch.no_grad():
        ours.output.mul_(30)  # so that the directions are not all rounding
        for linear, weight in zip(
            (reference.l1, reference.l2, reference.l3), (*ours.weights, ours.output), strict=True
        ):
            linear.weight.copy_(weight.T)
            linear.bias.zero_()
    return ours, reference


def our_run(network: MLP, x: torch.Tensor, radius: torch.Tensor) -> Run:
    rows = Rows(x.numpy(), learn_preparation(x.numpy(), "none"), torch.device("cpu"))
    model = IMSAT(K, trade_off=0.1, units="absolute", xi=10.0)
    model._dtype, model.hidden_layer_sizes_ = torch.float32, (WIDTH, WIDTH)
    model._phases = lambda *_: [[("vat", 1.0, AdversarialTerm(radius, 10.0, 1))]]
    information = InformationTerm(torch.full((K,), 1 / K).log(), 4.0, None)
    generator = torch.Generator().manual_seed(0)
    step = model._step_maker(rows, 0)(network, information, generator)
    return Run(network, step, Plan(N, 1, N, 0.002), generator)


def test_loss_and_parameters_after_a_step_equal_the_transcription(direction):
    x = torch.randn(N, D, generator=torch.Generator().manual_seed(2))
    radius = torch.linspace(0.5, 2, N)
    ours, reference = twin_networks()
    run = our_run(ours, x, radius)
    values = run._step(torch.arange(N))
    optimizer = torch.optim.Adam(reference.parameters(), lr=0.002)
    expected = training_step(reference, optimizer, x, radius)
    # Ours adds the constant trade_off * balance * log k, so that the divergence is zero at best.
    constant = 0.1 * 4.0 * np.log(K)
    assert values["total"].item() - constant == pytest.approx(expected.item(), abs=2e-5)
    run._take_step(torch.arange(N))
    np.testing.assert_allclose(
        ours.norms[0].running_mean.numpy() * 0.1 / 0.19,  # ours has taken the batch twice
        reference.bn1.running_mean.numpy(),
        rtol=2e-2,
        atol=1e-4,
    )


def test_gradients_equal_the_transcription(direction):
    x = torch.randn(N, D, generator=torch.Generator().manual_seed(2))
    radius = torch.linspace(0.5, 2, N)
    ours, reference = twin_networks()
    our_run(ours, x, radius)._step(torch.arange(N))["total"].backward()
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.0)
    training_step(reference, optimizer, x, radius)
    pairs = zip(
        (*ours.weights, ours.output), (reference.l1, reference.l2, reference.l3), strict=True
    )
    for weight, linear in pairs:
        difference = (weight.grad.T - linear.weight.grad).abs().max().item()
        assert difference < 2e-3 * linear.weight.grad.abs().max().item() + 1e-7

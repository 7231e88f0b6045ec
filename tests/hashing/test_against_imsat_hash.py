"""The fast hashing step takes the step of the plain transcription of the authors' script."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from quantal.data.preparation import learn_preparation
from quantal.estimators.self_augmentation import AdversarialTerm
from quantal.hashing import IMSATHash, RIMHash
from quantal.networks import MLP
from quantal.objectives import virtual_adversarial
from quantal.training import Plan, Run
from quantal.training.rows import Rows

sys.path.insert(0, str(Path(__file__).parents[2]))
from benchmarks.peers.imsat_hash_reference import training_step
from benchmarks.peers.imsat_reference import ReferenceNetwork

WIDTH, N, D, BITS = 32, 60, 20, 6


@pytest.fixture
def direction(monkeypatch):
    """One fixed first direction for both implementations."""
    fixed = torch.randn(N, D, generator=torch.Generator().manual_seed(1))
    unit = fixed / fixed.norm(dim=1, keepdim=True)
    monkeypatch.setattr(virtual_adversarial, "random_direction", lambda x, *_: unit)
    monkeypatch.setattr(torch, "randn_like", lambda x: fixed)


@pytest.fixture
def x():
    return torch.randn(N, D, generator=torch.Generator().manual_seed(2))


def twin_networks():
    ours = MLP(D, (WIDTH, WIDTH), BITS, torch.Generator().manual_seed(0))
    reference = ReferenceNetwork(D, WIDTH, BITS)
    with torch.no_grad():
        ours.output.mul_(30)  # so that the directions are not all rounding
        for linear, weight in zip(
            (reference.l1, reference.l2, reference.l3), (*ours.weights, ours.output), strict=True
        ):
            linear.weight.copy_(weight.T)
            linear.bias.zero_()
    return ours, reference


def our_run(model, network, x):
    rows = Rows(x.numpy(), learn_preparation(x.numpy(), "none"), torch.device("cpu"))
    model._dtype, model.hidden_layer_sizes_ = torch.float32, (WIDTH, WIDTH)
    generator = torch.Generator().manual_seed(0)
    step = model._step_maker(rows, 0)(network, model._stage(0), generator)
    return Run(network, step, Plan(N, 1, N, 0.002), generator)


RADIUS = torch.linspace(0.5, 2, N)


def imsat_run(network, x):
    model = IMSATHash(BITS, trade_off=0.1, units="absolute", xi=10.0)
    model._phases = lambda *_: [[("vat", 1.0, AdversarialTerm(RADIUS, 10.0, 1))]]
    return our_run(model, network, x)


def test_the_loss_equals_the_transcription(direction, x):
    ours, reference = twin_networks()
    found = imsat_run(ours, x)._step(torch.arange(N))["total"].item()
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.0)
    assert found == pytest.approx(training_step(reference, optimizer, x, RADIUS).item(), abs=2e-5)


def test_gradients_equal_the_transcription(direction, x):
    ours, reference = twin_networks()
    imsat_run(ours, x)._step(torch.arange(N))["total"].backward()
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.0)
    training_step(reference, optimizer, x, RADIUS)
    layers = (reference.l1, reference.l2, reference.l3)
    for weight, linear in zip((*ours.weights, ours.output), layers, strict=True):
        difference = (weight.grad.T - linear.weight.grad).abs().max().item()
        assert difference < 2e-3 * linear.weight.grad.abs().max().item() + 1e-7


def test_parameters_after_steps_equal_the_transcription(direction, x):
    ours, reference = twin_networks()
    run = imsat_run(ours, x)
    optimizer = torch.optim.Adam(reference.parameters(), lr=0.002)
    for _ in range(3):
        run._take_step(torch.arange(N))
        training_step(reference, optimizer, x, RADIUS)
    torch.testing.assert_close(ours.output.T, reference.l3.weight, atol=2e-3, rtol=0)
    codes = ours(x, "batch") > 0
    agreeing = (codes == (reference(x, update_statistics=False) > 0)).float().mean()
    assert agreeing > 0.98


def test_rim_is_the_same_step_without_the_perturbation(x):
    ours, reference = twin_networks()
    values = our_run(RIMHash(BITS), ours, x)._step(torch.arange(N))
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.0)
    nowhere = torch.zeros(N)
    assert values["total"].item() == pytest.approx(
        training_step(reference, optimizer, x, nowhere, trade_off=1.0).item(), abs=2e-5
    )

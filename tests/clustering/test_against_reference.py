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


def layers(ours, reference):
    """Pairs of our weight, (in, out), and the transcription's layer."""
    return zip(
        (*ours.weights, ours.output), (reference.l1, reference.l2, reference.l3), strict=True
    )


def our_run(
    network: MLP, x: torch.Tensor, radius: torch.Tensor, dtype: torch.dtype = torch.float32
) -> Run:
    rows = Rows(x.numpy(), learn_preparation(x.numpy(), "none"), torch.device("cpu"))
    model = IMSAT(K, trade_off=0.1, units="absolute", xi=10.0)
    model._dtype, model.hidden_layer_sizes_ = dtype, (WIDTH, WIDTH)
    model._phases = lambda *_: [[("vat", 1.0, AdversarialTerm(radius, 10.0, 1))]]
    information = InformationTerm(torch.full((K,), 1 / K).log(), 4.0, None)
    generator = torch.Generator().manual_seed(0)
    step = model._step_maker(rows, 0)(network, information, generator)
    return Run(network, step, Plan(N, 1, N, 0.002), generator)


def test_loss_parameters_and_averages_after_a_step_equal_the_transcription(direction):
    x = torch.randn(N, D, generator=torch.Generator().manual_seed(2))
    radius = torch.linspace(0.5, 2, N)
    ours, reference = twin_networks()
    run = our_run(ours, x, radius)
    optimizer = torch.optim.Adam(reference.parameters(), lr=0.002)
    expected = training_step(reference, optimizer, x, radius)
    run._take_step(torch.arange(N))
    # Ours adds the constant trade_off * balance * log k, so that the divergence is zero at best.
    constant = 0.1 * 4.0 * np.log(K)
    assert run.progress.sums["total"] - constant == pytest.approx(expected.item(), abs=2e-5)
    for norm, peer in zip(ours.norms, (reference.bn1, reference.bn2), strict=True):
        torch.testing.assert_close(norm.running_mean, peer.running_mean, rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(norm.running_var, peer.running_var, rtol=1e-4, atol=1e-6)
    for weight, linear in layers(ours, reference):
        # Adam's first step has the size of the rate wherever there is a gradient at all.
        clear = linear.weight.grad.abs() > 1e-2 * linear.weight.grad.abs().max()
        moved = (weight.detach().T - linear.weight.detach())[clear].abs().max().item()
        assert clear.float().mean() > 0.3 and moved < 0.02 * 0.002


def test_gradients_equal_the_transcription(direction):
    x = torch.randn(N, D, generator=torch.Generator().manual_seed(2))
    radius = torch.linspace(0.5, 2, N)
    ours, reference = twin_networks()
    our_run(ours, x, radius)._step(torch.arange(N))["total"].backward()
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.0)
    training_step(reference, optimizer, x, radius)
    for weight, linear in layers(ours, reference):
        difference = (weight.grad.T - linear.weight.grad).abs().max().item()
        assert difference < 2e-3 * linear.weight.grad.abs().max().item() + 1e-7


def test_gradients_in_bfloat16_point_where_the_transcription_s_do(direction):
    x = torch.randn(N, D, generator=torch.Generator().manual_seed(2))
    radius = torch.linspace(0.5, 2, N)
    ours, reference = twin_networks()
    our_run(ours, x, radius, torch.bfloat16)._step(torch.arange(N))["total"].backward()
    optimizer = torch.optim.SGD(reference.parameters(), lr=0.0)
    training_step(reference, optimizer, x, radius)
    for weight, linear in layers(ours, reference):
        found, wanted = weight.grad.T.flatten(), linear.weight.grad.flatten()
        assert torch.cosine_similarity(found, wanted, dim=0) > 0.99
        assert 0.97 < found.norm() / wanted.norm() < 1.03

"""Entropies, mutual information and divergences: closed forms, golden numbers, gradients."""

from __future__ import annotations

import math

import pytest
import torch

from quantal.objectives import (
    conditional_entropy,
    kl_divergence,
    marginal_entropy,
    mutual_information,
    prior_divergence,
)

P = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], dtype=torch.float64)
Q = torch.tensor([[0.8, 0.2], [0.3, 0.7], [0.5, 0.5]], dtype=torch.float64)


def one_hot(k, copies=3):
    """Log-probabilities of confident, balanced rows, as a saturated softmax gives them."""
    return (1e4 * torch.eye(k, dtype=torch.float64).repeat(copies, 1)).log_softmax(1)


def uniform(k):
    return torch.full((k,), -math.log(k), dtype=torch.float64)


def random_logits(n=7, k=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, k, dtype=torch.float64, generator=generator)


def test_golden_numbers_worked_by_hand():
    assert conditional_entropy(P.log()).item() == pytest.approx(0.499499, abs=5e-7)
    assert marginal_entropy(P.log()).item() == pytest.approx(0.684232, abs=5e-7)
    information = conditional_entropy(P.log()) - 4 * marginal_entropy(P.log())
    assert information.item() == pytest.approx(-2.237428, abs=5e-7)
    assert kl_divergence(P.log(), Q.log()).item() == pytest.approx(0.027519, abs=5e-7)


@pytest.mark.parametrize(
    ("k", "threshold"), [(4, 1.37243), (10, 2.27956), (20, 2.96577), (100, 4.55912)]
)
def test_the_uniform_prior_is_satisfied_from_99_percent_of_its_entropy(k, threshold):
    allowed = 0.01 * math.log(k)
    assert math.log(k) - allowed == pytest.approx(threshold, abs=1e-5)
    log_p = random_logits(50, k).log_softmax(1)
    divergence = prior_divergence(log_p, uniform(k)).item()
    assert divergence == pytest.approx(math.log(k) - marginal_entropy(log_p).item(), abs=1e-12)


@pytest.mark.parametrize("k", [2, 5, 10])
def test_balanced_one_hot_rows_have_information_log_k(k):
    assert mutual_information(one_hot(k)).item() == pytest.approx(math.log(k), abs=1e-12)
    assert conditional_entropy(one_hot(k)).item() == pytest.approx(0, abs=1e-12)
    assert prior_divergence(one_hot(k), uniform(k)).item() == pytest.approx(0, abs=1e-12)


def test_undecided_rows_have_no_information():
    log_p = torch.zeros(5, 4, dtype=torch.float64).log_softmax(1)
    assert mutual_information(log_p).item() == pytest.approx(0, abs=1e-12)
    assert conditional_entropy(log_p).item() == pytest.approx(math.log(4), abs=1e-12)


def test_a_collapse_onto_one_cluster_is_as_far_from_uniform_as_can_be():
    log_p = one_hot(4)[[0, 0, 0]]
    assert marginal_entropy(log_p).item() == pytest.approx(0, abs=1e-12)
    assert prior_divergence(log_p, uniform(4)).item() == pytest.approx(math.log(4), abs=1e-12)


def test_a_prior_is_met_by_rows_in_its_shares():
    log_p = one_hot(2, copies=1)[[0, 0, 0, 1]]
    prior = torch.tensor([0.75, 0.25], dtype=torch.float64)
    assert prior_divergence(log_p, prior.log()).item() == pytest.approx(0, abs=1e-12)
    assert prior_divergence(log_p, prior.flip(0).log()).item() == pytest.approx(
        0.5 * math.log(3), abs=1e-12
    )


def test_divergence_of_equal_rows_is_zero_and_of_others_positive():
    assert kl_divergence(P.log(), P.log()).item() == 0
    assert kl_divergence(Q.log(), P.log()).item() > 0
    assert kl_divergence(Q.log(), P.log()).item() != kl_divergence(P.log(), Q.log()).item()


@pytest.mark.parametrize("batch", [250, 1000])
@pytest.mark.parametrize("k", [10, 100])
def test_a_batch_overestimates_the_divergence_by_half_a_cluster_a_row(k, batch):
    generator = torch.Generator().manual_seed(0)
    found = []
    for _ in range(200):
        drawn = torch.randint(k, (batch,), generator=generator)
        found.append(prior_divergence(one_hot(k, copies=1)[drawn], uniform(k)).item())
    assert sum(found) / 200 == pytest.approx((k - 1) / (2 * batch), rel=0.15)


FUNCTIONS = {
    "conditional_entropy": conditional_entropy,
    "marginal_entropy": marginal_entropy,
    "mutual_information": mutual_information,
    "prior_divergence": lambda log_p: prior_divergence(log_p, uniform(4)),
    "kl_divergence": lambda log_p: kl_divergence(random_logits(seed=1).log_softmax(1), log_p),
}
functions = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


@functions
def test_gradients_agree_with_finite_differences(function):
    logits = random_logits().requires_grad_()
    assert torch.autograd.gradcheck(lambda z: function(z.log_softmax(1)), logits)


@functions
@pytest.mark.parametrize("size", [1e2, 1e4, 1e30])
def test_gradients_stay_finite_when_the_softmax_saturates(function, size):
    logits = (size * torch.eye(4).repeat(2, 1))[:7].requires_grad_()
    function(logits.double().log_softmax(1)).backward()
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"kl_divergence"}))
def test_the_order_of_rows_does_not_matter(name):
    function = FUNCTIONS[name]
    log_p = random_logits().log_softmax(1)
    assert function(log_p.flip(0)).item() == pytest.approx(function(log_p).item(), abs=1e-14)


def naive(p, q):
    """The authors' way: probabilities with 1e-8 inside every logarithm."""
    mean = p.mean(0)
    return {
        "conditional": -(p * (p + 1e-8).log()).sum(1).mean(),
        "marginal": -(mean * (mean + 1e-8).log()).sum(),
        "divergence": (p * ((p + 1e-8) / (q + 1e-8)).log()).sum() / len(p),
    }


@pytest.mark.parametrize("seed", range(5))
def test_values_and_gradients_equal_a_naive_transcription(seed):
    z, w = (random_logits(20, 5, seed + i).requires_grad_() for i in (0, 100))
    theirs = naive(z.softmax(1), w.softmax(1))
    log_p, log_q = z.log_softmax(1), w.log_softmax(1)
    ours = {
        "conditional": conditional_entropy(log_p),
        "marginal": marginal_entropy(log_p),
        "divergence": kl_divergence(log_p, log_q),
    }
    for name, value in ours.items():
        assert value.item() == pytest.approx(theirs[name].item(), abs=1e-6)
        wanted = torch.autograd.grad(theirs[name], z, retain_graph=True)[0]
        found = torch.autograd.grad(value, z, retain_graph=True)[0]
        torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-4)

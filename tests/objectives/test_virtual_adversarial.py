"""Adversarial and random perturbations: the direction, its length, and what it is worth."""

from __future__ import annotations

import pytest
import torch

from quantal.objectives import (
    adversarial_direction,
    kl_divergence,
    random_direction,
    rpt_penalty,
    vat_penalty,
)
from quantal.objectives.virtual_adversarial import unit_rows


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def softmax_regression():
    """W (d, k) and rows (n, d) in double precision, and the logits as a function."""
    g = generator(1)
    W = torch.randn(6, 3, dtype=torch.float64, generator=g)
    x = torch.randn(5, 6, dtype=torch.float64, generator=g)
    return W, x, lambda rows: rows @ W


def dominant_direction(W, x):
    """The eigenvector of W (diag p - p p') W' with the largest eigenvalue, for every row."""
    found = []
    for p in (x @ W).softmax(1):
        fisher = W @ (torch.diag(p) - torch.outer(p, p)) @ W.T  # Hessian of the KL in r
        found.append(torch.linalg.eigh(fisher).eigenvectors[:, -1])
    return torch.stack(found)


def test_power_iteration_finds_the_dominant_eigenvector_of_a_linear_model(softmax_regression):
    W, x, logits_of = softmax_regression
    found = adversarial_direction(
        logits_of, x, logits_of(x).log_softmax(1), xi=1e-4, n_power=100, generator=generator()
    )
    cosines = (found * dominant_direction(W, x)).sum(1).abs()
    torch.testing.assert_close(cosines, torch.ones(5, dtype=torch.float64), atol=1e-3, rtol=0)


def test_one_iteration_already_beats_a_random_direction(softmax_regression):
    _, x, logits_of = softmax_regression
    clean = logits_of(x).log_softmax(1)
    radius = torch.full((5,), 0.1, dtype=torch.float64)
    options = {"xi": 1e-2, "generator": generator()}
    adversarial = vat_penalty(logits_of, logits_of, x, clean, radius, **options)
    randomly = [rpt_penalty(logits_of, x, clean, radius, generator=generator(s)) for s in range(50)]
    assert adversarial > torch.stack(randomly).mean()


def test_the_penalty_of_a_constant_prediction_is_zero():
    x, radius = torch.randn(4, 3, generator=generator()), torch.ones(4)
    flat = torch.zeros(3, 2)
    clean = (x @ flat).log_softmax(1)
    options = {"xi": 1.0, "generator": generator()}
    assert vat_penalty(lambda r: r @ flat, lambda r: r @ flat, x, clean, radius, **options) == 0
    assert rpt_penalty(lambda r: r @ flat, x, clean, radius, generator=generator()) == 0


def test_the_perturbation_has_the_length_of_its_row(softmax_regression):
    _, x, logits_of = softmax_regression
    seen = []

    def remember(rows):
        seen.append(rows.detach())
        return logits_of(rows)

    radius = torch.tensor([0.0, 0.5, 1.0, 2.0, 30.0], dtype=torch.float64)
    clean = logits_of(x).log_softmax(1)
    vat_penalty(remember, logits_of, x, clean, radius, xi=1.0, generator=generator())
    rpt_penalty(remember, x, clean, radius, generator=generator())
    for rows in seen:
        torch.testing.assert_close((rows - x).norm(dim=1), radius)


def test_the_probing_step_has_length_xi(softmax_regression):
    _, x, logits_of = softmax_regression
    seen = []

    def remember(rows):
        seen.append(rows.detach())
        return logits_of(rows)

    xi = torch.tensor([[0.1], [1.0], [2.0], [5.0], [10.0]], dtype=torch.float64)
    clean = logits_of(x).log_softmax(1)
    adversarial_direction(remember, x, clean, xi=xi, n_power=2, generator=generator())
    assert len(seen) == 2
    for rows in seen:
        torch.testing.assert_close((rows - x).norm(dim=1), xi[:, 0])


# Trap 1: "+ 1e-8" in the norm switches the regulariser off at the start of training.
@pytest.mark.parametrize("size", [1.0, 1e-12, 1e-30, 1e-44])
def test_tiny_gradients_still_give_unit_directions(size):
    gradient = torch.tensor([[3.0, 4.0]]) * size
    found = unit_rows(gradient, fallback=torch.tensor([[0.0, 1.0]]))
    assert found.norm().item() == pytest.approx(1, abs=1e-6)
    if size > 1e-40:  # below, float32 has too few digits left for the angle
        torch.testing.assert_close(found, torch.tensor([[0.6, 0.8]]))


@pytest.mark.parametrize("useless", [0.0, float("nan"), float("inf")])
def test_useless_gradients_fall_back_to_the_random_direction(useless):
    gradient = torch.tensor([[useless, 0.0], [3.0, 4.0]])
    found = unit_rows(gradient, fallback=torch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    torch.testing.assert_close(found, torch.tensor([[0.0, 1.0], [0.6, 0.8]]))


def test_a_flat_network_keeps_the_random_direction():
    x = torch.randn(4, 3, generator=generator())
    found = adversarial_direction(
        lambda r: (r * 0).sum(1, keepdim=True).expand(-1, 2),
        x,
        torch.zeros(4, 2).log_softmax(1),
        xi=1.0,
        generator=generator(5),
    )
    torch.testing.assert_close(found, random_direction(x, generator(5)))


def test_the_adversarial_direction_survives_the_smallest_output_layer():
    g = generator()
    W = 1e-6 * torch.randn(20, 5, generator=g)
    x = torch.randn(8, 20, generator=g)
    clean = (x @ W).log_softmax(1)
    found = adversarial_direction(lambda r: r @ W, x, clean, xi=10.0, generator=generator(3))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(8))
    assert not torch.allclose(found, random_direction(x, generator(3)))


# Trap 6: with a gradient through the clean branch the trivial solution is attractive.
@pytest.mark.parametrize("penalty", ["vat", "rpt"])
def test_no_gradient_reaches_the_parameters_through_the_clean_branch(penalty):
    W = torch.randn(6, 3, generator=generator()).requires_grad_()
    x, radius = torch.randn(5, 6, generator=generator(2)), torch.ones(5)
    constant = W.detach().clone()
    clean = (x @ W).log_softmax(1)  # not detached by the caller
    if penalty == "vat":
        value = vat_penalty(
            lambda r: r @ constant + 0 * W.sum(),
            lambda r: r @ constant,
            x,
            clean,
            radius,
            xi=1.0,
            generator=generator(),
        )
    else:
        value = rpt_penalty(
            lambda r: r @ constant + 0 * W.sum(), x, clean, radius, generator=generator()
        )
    value.backward()
    assert value > 0
    assert torch.count_nonzero(W.grad) == 0


def test_the_search_leaves_no_gradient_on_the_parameters():
    W = torch.randn(6, 3, generator=generator()).requires_grad_()
    x = torch.randn(5, 6, generator=generator(2))
    clean = (x @ W).log_softmax(1).detach()
    found = adversarial_direction(lambda r: r @ W, x, clean, xi=1.0, generator=generator())
    assert W.grad is None
    assert not found.requires_grad


@pytest.mark.parametrize("d", [3, 64, 500])
def test_random_directions_are_unit_rows_without_a_preferred_side(d):
    found = random_direction(torch.zeros(4000, d), generator())
    torch.testing.assert_close(found.norm(dim=1), torch.ones(4000))
    assert found.mean(0).abs().max().item() < 5 / (4000 * d) ** 0.5
    covariance = found.T @ found / 4000 * d
    assert (covariance - torch.eye(d)).abs().max().item() < 0.12


def test_random_directions_come_from_their_generator_alone():
    x, before = torch.zeros(9, 100), torch.get_rng_state()
    first, second = (random_direction(x, generator(7)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, random_direction(x, generator(8)))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_penalty_is_the_divergence_at_the_found_point(softmax_regression):
    _, x, logits_of = softmax_regression
    clean = logits_of(x).log_softmax(1)
    radius = torch.linspace(0.1, 1, 5, dtype=torch.float64)
    found = adversarial_direction(logits_of, x, clean, xi=1.0, generator=generator())
    expected = kl_divergence(clean, logits_of(x + radius[:, None] * found).log_softmax(1))
    value = vat_penalty(logits_of, logits_of, x, clean, radius, xi=1.0, generator=generator())
    assert value.item() == pytest.approx(expected.item(), abs=1e-12)

"""Scales of codewords: the mean over codes, and why scales need a prior."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from quantal.objectives import (
    BitModel,
    Scales,
    draw_bits,
    expected_generative_loss,
    generative_loss,
    logit_gradient,
    scaled_code_loss,
    scaled_generative_loss,
    surrogate_loss,
)

CODINGS = pytest.mark.parametrize("coding", ["01", "pm1"])
L, D, N = 4, 3, 5


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator)


def parts(coding="01"):
    model = BitModel(
        normal(L, D), normal(D, seed=1), normal(L, seed=2), normal(1, seed=3)[0], coding
    )
    return normal(N, D, seed=4), normal(N, L, seed=5), model


def some_scales(shift=0.0):
    return Scales(0.3 * normal(N, L, seed=6) + shift, 0.3 * normal(N, L, seed=7) - 1)


@CODINGS
def test_the_closed_form_is_the_mean_over_all_codes(coding):
    x, z, model = parts(coding)
    scales = some_scales()
    mean, square = scales.moments()
    norms = model.codewords.square().sum(dim=1)
    total = torch.zeros(N, dtype=torch.float64)
    for code in product((0.0, 1.0), repeat=L):
        bits = torch.tensor(code, dtype=torch.float64).expand(N, L)
        h = model.values(bits)
        q = torch.where(bits.bool(), z.sigmoid(), 1 - z.sigmoid()).prod(dim=1)
        loss = generative_loss(x, h, z, model)
        plain = model.residual(x, h).square().sum(dim=1)
        scaled = model.residual(x, h * mean).square().sum(dim=1)
        scaled = scaled + (h.square() * (square - mean.square())) @ norms
        total += q * (loss + 0.5 * model.inverse_variance() * (scaled - plain))
    found = scaled_generative_loss(x, z, scales, model)
    torch.testing.assert_close(found, total + scales.divergence(0.5))


@CODINGS
def test_scales_of_one_are_the_model_without_scales(coding):
    x, z, model = parts(coding)
    ones = Scales(torch.zeros(N, L, dtype=torch.float64), torch.full((N, L), -20.0).double())
    found = scaled_generative_loss(x, z, ones, model) - ones.divergence(0.5)
    torch.testing.assert_close(found, expected_generative_loss(x, z, model))


def test_moments_divergence_and_entropy_are_those_of_log_normals():
    scales = some_scales()
    deviation = scales.log_deviation.exp()
    q = torch.distributions.LogNormal(scales.log_mean, deviation)
    mean, square = scales.moments()
    torch.testing.assert_close(mean, q.mean)
    torch.testing.assert_close(square, q.variance + q.mean.square())
    torch.testing.assert_close(scales.negative_entropy(), -q.entropy().sum(dim=1))
    prior = torch.distributions.Normal(torch.zeros(()).double(), 0.5)
    inner = torch.distributions.Normal(scales.log_mean, deviation)  # KL of logarithms is the same
    expected = torch.distributions.kl_divergence(inner, prior).sum(dim=1)
    torch.testing.assert_close(scales.divergence(0.5), expected)


def shrunk(model, factor):
    return BitModel(
        factor * model.codewords, model.offset, model.prior, model.log_deviation, model.coding
    )


def test_as_printed_the_loss_falls_without_bound_as_codewords_shrink():
    x, z, model = parts()
    values = [
        scaled_generative_loss(
            x, z, some_scales(-math.log(c)), shrunk(model, c), prior_deviation=None
        )
        for c in (1.0, 1e-3, 1e-30)
    ]
    torch.testing.assert_close(values[1], values[0] + L * math.log(1e-3))
    torch.testing.assert_close(values[2], values[0] + L * math.log(1e-30))


def test_with_a_prior_on_scales_it_is_bounded():
    x, z, model = parts()
    floor = D * (model.log_deviation + 0.5 * math.log(2 * math.pi))  # nothing is below the noise
    for c in (1e-30, 1e-3, 1.0, 1e3):
        value = scaled_generative_loss(x, z, some_scales(-math.log(c)), shrunk(model, c))
        assert (value >= floor).all()
    far = scaled_generative_loss(x, z, some_scales(math.log(1e30)), shrunk(model, 1e-30))
    assert (far > scaled_generative_loss(x, z, some_scales(), model) + 1e3).all()


@CODINGS
def test_gradients_agree_with_numeric_ones(coding):
    x, z, model = parts(coding)
    scales = some_scales()
    inputs = z, scales.log_mean, scales.log_deviation, model.codewords
    assert torch.autograd.gradcheck(
        lambda z, m, s, u: scaled_generative_loss(
            x, z, Scales(m, s), BitModel(u, model.offset, model.prior, model.log_deviation, coding)
        ),
        tuple(tensor.clone().requires_grad_() for tensor in inputs),
    )


def mean_over_codes(function, logits, model):
    """Sum of q(h|x) function(h) over all codes."""
    total = 0.0
    for code in product((0.0, 1.0), repeat=L):
        bits = torch.tensor(code, dtype=torch.float64).expand(N, L)
        q = torch.where(bits.bool(), logits.sigmoid(), 1 - logits.sigmoid()).prod(dim=1)
        values = function(model.values(bits))
        total = total + (q if values.ndim == 1 else q[:, None]) * values
    return total


@CODINGS
def test_the_loss_of_a_code_has_the_closed_form_as_its_mean(coding):
    x, z, model = parts(coding)
    scales = some_scales()
    mean = mean_over_codes(lambda h: scaled_code_loss(x, h, z, scales, model), z, model)
    torch.testing.assert_close(mean, scaled_generative_loss(x, z, scales, model))


@CODINGS
def test_the_loss_of_a_code_is_a_mean_over_drawn_scales(coding):
    x, z, model = parts(coding)
    scales = some_scales()
    h = model.values((z > 0).double())
    drawn = torch.exp(scales.log_mean + scales.log_deviation.exp() * normal(20_000, N, L, seed=9))
    points = torch.einsum("snl,ld->snd", drawn * h, model.codewords) + model.offset
    distance = (x - points).square().sum(dim=2).mean(dim=0)
    ones = Scales(torch.zeros_like(z), torch.full_like(z, -20.0))
    known = scaled_code_loss(x, h, z, ones, model) - ones.divergence(0.5)
    known = known - 0.5 * model.inverse_variance() * model.residual(x, h).square().sum(dim=1)
    expected = known + 0.5 * model.inverse_variance() * distance + scales.divergence(0.5)
    found = scaled_code_loss(x, h, z, scales, model)
    torch.testing.assert_close(found, expected, rtol=0.02, atol=0.02)


@CODINGS
def test_with_scales_the_difference_is_unbiased_and_the_neuron_off_by_its_formula(coding):
    x, z, model = parts(coding)
    z.requires_grad_()
    scales = some_scales()
    (wanted,) = torch.autograd.grad(scaled_generative_loss(x, z, scales, model).sum(), z)
    z = z.detach()
    exact, straight = (
        mean_over_codes(
            lambda h, exact=exact: logit_gradient(x, h, z, model, exact=exact, scales=scales),
            z,
            model,
        )
        for exact in (True, False)
    )
    torch.testing.assert_close(exact, wanted)
    p, lengths = z.sigmoid(), model.codewords.square().sum(dim=1)
    share = {"01": 0.5, "pm1": 2.0}[coding] * scales.moments()[1]
    bias = share * (2 * p - 1) * lengths * model.inverse_variance() * p * (1 - p)
    torch.testing.assert_close(straight - wanted, bias)


@pytest.mark.parametrize("estimator", ["straight_through_sampled", "finite_difference", "analytic"])
def test_surrogates_carry_the_gradients_of_scales_and_codewords(estimator):
    x, z, model = parts()
    scales = Scales(*(t.clone().requires_grad_() for t in vars(some_scales()).values()))
    found = surrogate_loss(x, z, model, estimator, torch.Generator().manual_seed(7), scales=scales)
    bits = draw_bits(z, torch.Generator().manual_seed(7))
    wanted = scaled_code_loss(x, bits, z, scales, model)
    if estimator == "analytic":
        wanted = scaled_generative_loss(x, z, scales, model)
    torch.testing.assert_close(found, wanted)
    leaves = [scales.log_mean, scales.log_deviation]
    expected = torch.autograd.grad(wanted.sum(), leaves)
    torch.testing.assert_close(torch.autograd.grad(found.sum(), leaves), expected)


def test_descent_still_falls_on_the_printed_objective_where_the_prior_has_brought_rest():
    lowest = {}
    for prior in (None, 0.5):
        x, z, model = parts()
        leaves = [
            t.clone().requires_grad_() for t in (model.codewords, *vars(some_scales()).values())
        ]
        adam = torch.optim.Adam(leaves, lr=0.05)
        values = []
        for _ in range(600):
            shrinking = BitModel(leaves[0], model.offset, model.prior, model.log_deviation)
            scales = Scales(*leaves[1:])
            loss = scaled_generative_loss(x, z, scales, shrinking, prior_deviation=prior).mean()
            adam.zero_grad()
            loss.backward()
            adam.step()
            values.append(loss.item())
        lowest[prior] = values[399] - values[-1]
    assert lowest[None] > 2
    assert abs(lowest[0.5]) < 1e-3

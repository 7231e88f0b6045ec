"""Scales of codewords: the mean over codes, and why scales need a prior."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from quantal.objectives import (
    BitModel,
    Scales,
    expected_generative_loss,
    generative_loss,
    scaled_generative_loss,
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

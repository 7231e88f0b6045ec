"""Gradient estimators against the sum over all codes: exact, or off by the known amount."""

from __future__ import annotations

import re
from itertools import product

import pytest
import torch

from quantal.errors import ParameterError
from quantal.objectives import (
    BitModel,
    draw_bits,
    expected_generative_loss,
    generative_loss,
    logit_gradient,
    one_bit_differences,
    straight_through,
    surrogate_loss,
)

CODINGS = pytest.mark.parametrize("coding", ["01", "pm1"])
L, D, N = 4, 3, 5


def normal(*shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(*shape, dtype=torch.float64, generator=generator)


def leaves(coding, n_bits=L):
    """Rows, logits and a model whose tensors take gradients."""
    tensors = normal(n_bits, D), normal(D, seed=1), normal(n_bits, seed=2), normal(1, seed=3)[0]
    model = BitModel(*(tensor.clone().requires_grad_() for tensor in tensors), coding)
    return normal(N, D, seed=4), normal(N, n_bits, seed=5, scale=1.5).requires_grad_(), model


def tensors_of(model):
    return [model.codewords, model.offset, model.prior, model.log_deviation]


def mean_over_codes(function, logits):
    """Sum of q(h|x) function(bits) over all codes; function: (n, n_bits) -> (n, n_bits)."""
    p = logits.detach().sigmoid()
    total = torch.zeros_like(p)
    for code in product((0.0, 1.0), repeat=logits.shape[1]):
        bits = torch.tensor(code, dtype=p.dtype).expand_as(p)
        q = torch.where(bits.bool(), p, 1 - p).prod(dim=1, keepdim=True)
        total += q * function(bits)
    return total


def exact_gradient(x, z, model):
    return torch.autograd.grad(expected_generative_loss(x, z, model).sum(), z)[0]


@CODINGS
@pytest.mark.parametrize("n_bits", [1, 3, 6])
def test_the_finite_difference_is_unbiased(coding, n_bits):
    x, z, model = leaves(coding, n_bits)
    mean = mean_over_codes(lambda b: logit_gradient(x, model.values(b), z, model, exact=True), z)
    torch.testing.assert_close(mean, exact_gradient(x, z, model))


@CODINGS
@pytest.mark.parametrize("n_bits", [1, 3, 6])
def test_the_straight_through_gradient_is_off_by_its_formula(coding, n_bits):
    x, z, model = leaves(coding, n_bits)
    mean = mean_over_codes(lambda b: logit_gradient(x, model.values(b), z, model, exact=False), z)
    p, norms = z.sigmoid(), model.codewords.square().sum(dim=1)
    share = {"01": 0.5, "pm1": 2.0}[coding]
    bias = share * (2 * p - 1) * norms * model.inverse_variance() * p * (1 - p)
    torch.testing.assert_close(mean - exact_gradient(x, z, model), bias)


@CODINGS
def test_at_the_mean_code_the_difference_is_the_gradient_itself(coding):
    x, z, model = leaves(coding)
    found = logit_gradient(x, model.values(z.sigmoid()), z, model, exact=True)
    torch.testing.assert_close(found, exact_gradient(x, z, model))


@CODINGS
def test_the_formula_of_the_difference_is_the_difference(coding):
    x, z, model = leaves(coding)
    bits = draw_bits(z, torch.Generator().manual_seed(0))
    differences = one_bit_differences(lambda b: generative_loss(x, model.values(b), z, model), bits)
    p = z.sigmoid()
    found = logit_gradient(x, model.values(bits), z, model, exact=True)
    torch.testing.assert_close(found, differences * p * (1 - p))


@CODINGS
def test_the_analytic_gradient_agrees_with_numeric_ones(coding):
    x, z, model = leaves(coding)
    assert torch.autograd.gradcheck(
        lambda z, u, a, b, r: surrogate_loss(x, z, BitModel(u, a, b, r, coding), "analytic"),
        (z, *tensors_of(model)),
    )


@CODINGS
@pytest.mark.parametrize("estimator", ["straight_through_sampled", "finite_difference"])
def test_surrogates_carry_value_and_gradients_of_the_code_they_drew(coding, estimator):
    x, z, model = leaves(coding)
    bits = draw_bits(z, torch.Generator().manual_seed(7))
    found = surrogate_loss(x, z, model, estimator, torch.Generator().manual_seed(7))
    wanted = generative_loss(x, model.values(bits), z.detach(), model)
    torch.testing.assert_close(found, wanted)
    exact = estimator == "finite_difference"
    by_logits = logit_gradient(x, model.values(bits), z, model, exact=exact)
    gradients = torch.autograd.grad(found.sum(), [z, *tensors_of(model)])
    expected = [by_logits, *torch.autograd.grad(wanted.sum(), tensors_of(model))]
    for one, other in zip(gradients, expected, strict=True):
        torch.testing.assert_close(one, other)


def test_the_hard_surrogate_takes_the_likelier_bits_and_draws_nothing():
    x, z, model = leaves("01")
    bits = (z > 0).double()
    found = surrogate_loss(x, z, model, "straight_through_hard")
    torch.testing.assert_close(found, generative_loss(x, bits, z, model))
    gradient = torch.autograd.grad(found.sum(), z)[0]
    torch.testing.assert_close(gradient, logit_gradient(x, bits, z, model, exact=False))


@pytest.mark.parametrize("estimator", ["straight_through_sampled", "straight_through_hard"])
def test_the_neuron_gives_any_decoder_the_gradient_of_the_paper(estimator):
    x, z, model = leaves("01")
    source = torch.Generator().manual_seed(3) if estimator.endswith("sampled") else None
    h = straight_through(z, draw_bits(z, source))
    by_neuron = torch.autograd.grad(generative_loss(x, h, z.detach(), model).sum(), z)[0]
    again = torch.Generator().manual_seed(3)
    by_formula = torch.autograd.grad(surrogate_loss(x, z, model, estimator, again).sum(), z)[0]
    torch.testing.assert_close(by_neuron, by_formula)


def test_one_bit_differences_are_unbiased_for_a_decoder_that_bends():
    x, z, _ = leaves("01")
    inner, outer = normal(L, 6, seed=8), normal(6, D, seed=9)

    def loss(bits):
        return (x - torch.tanh(bits @ inner) @ outer).square().sum(dim=1)

    p = z.sigmoid()
    mean = mean_over_codes(lambda b: one_bit_differences(loss, b) * p.detach() * (1 - p), z)
    total = torch.zeros((), dtype=z.dtype)
    for code in product((0.0, 1.0), repeat=L):
        bits = torch.tensor(code, dtype=z.dtype).expand_as(p)
        total = total + (torch.where(bits.bool(), p, 1 - p).prod(dim=1) * loss(bits)).sum()
    torch.testing.assert_close(mean, torch.autograd.grad(total, z)[0])


def test_drawn_bits_follow_their_probabilities_and_their_generator():
    z = torch.tensor([[-2.0, 0.0, 1.0]]).expand(20_000, 3)
    bits = draw_bits(z, torch.Generator().manual_seed(0))
    torch.testing.assert_close(bits.mean(dim=0), z[0].sigmoid(), atol=0.02, rtol=0)
    assert torch.equal(bits, draw_bits(z, torch.Generator().manual_seed(0)))
    assert draw_bits(z[:1], None).tolist() == [[0.0, 0.0, 1.0]]


def test_unknown_estimators_and_missing_generators_are_named():
    x, z, model = leaves("01")
    with pytest.raises(ParameterError, match=r"estimator must be one of .*Did you mean 'analytic'"):
        surrogate_loss(x, z, model, "analitic")
    wanted = re.escape("estimator finite_difference draws bits and needs a generator, got None")
    with pytest.raises(ParameterError, match=wanted):
        surrogate_loss(x, z, model, "finite_difference")

"""The generative loss against the sum over all codes, and its closed-form optima."""

from __future__ import annotations

import dataclasses
import math
from itertools import product

import pytest
import torch

from quantal.objectives import BitModel, expected_generative_loss, generative_loss

CODINGS = pytest.mark.parametrize("coding", ["01", "pm1"])


def normal(*shape, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(*shape, dtype=torch.float64, generator=generator)


def a_model(n_bits=4, d=3, coding="01"):
    return BitModel(
        normal(n_bits, d), normal(d, seed=1), normal(n_bits, seed=2), normal(1, seed=3)[0], coding
    )


def rows_and_logits(n_bits=4, d=3, n=5):
    return normal(n, d, seed=4, scale=2.0), normal(n, n_bits, seed=5, scale=2.0)


def all_codes(n_bits):
    return torch.tensor(list(product((0.0, 1.0), repeat=n_bits)), dtype=torch.float64)


def code_probabilities(logits):
    """Bits of all codes (2^l, n_bits), and q(h|x) of each row and code, (n, 2^l)."""
    bits = all_codes(logits.shape[1])
    p = logits.sigmoid()[:, None]
    return bits, torch.where(bits.bool(), p, 1 - p).prod(dim=2)


def losses_of_all_codes(x, logits, model):
    bits, q = code_probabilities(logits)
    h = model.values(bits)
    losses = [
        generative_loss(x[[i]].expand(len(h), -1), h, logits[[i]].expand(len(h), -1), model)
        for i in range(len(x))
    ]
    return torch.stack(losses), q  # (n, 2^l) each


@CODINGS
@pytest.mark.parametrize("n_bits", [1, 3, 6])
def test_the_closed_form_is_the_mean_over_all_codes(coding, n_bits):
    model, (x, z) = a_model(n_bits, coding=coding), rows_and_logits(n_bits)
    losses, q = losses_of_all_codes(x, z, model)
    torch.testing.assert_close(expected_generative_loss(x, z, model), (q * losses).sum(dim=1))


@CODINGS
def test_a_loss_is_the_logarithm_of_densities_with_all_normalisers(coding):
    model, (x, z) = a_model(coding=coding), rows_and_logits()
    bits, q = code_probabilities(z)
    h = model.values(bits)
    rho = model.log_deviation.exp()
    noise = torch.distributions.Normal(model.offset + h @ model.codewords, rho)
    likelihood = noise.log_prob(x[:, None]).sum(dim=2)  # (n, 2^l)
    prior = (h @ model.prior).log_softmax(0)  # normalised by adding up all codes
    losses, _ = losses_of_all_codes(x, z, model)
    torch.testing.assert_close(losses, q.log() - likelihood - prior)


@CODINGS
def test_the_loss_bounds_the_evidence_and_meets_it_at_the_posterior(coding):
    model, (x, z) = a_model(1, coding=coding), rows_and_logits(1)
    losses, _ = losses_of_all_codes(x, z, model)
    _, q = code_probabilities(z)
    evidence = (q.log() - losses).logsumexp(dim=1)
    assert (expected_generative_loss(x, z, model) > -evidence).all()
    joint = q.log() - losses  # log p(x, h), columns: unset, set
    posterior = (joint[:, 1] - joint[:, 0])[:, None]
    torch.testing.assert_close(expected_generative_loss(x, posterior, model), -evidence)


def test_both_codings_are_one_model_if_the_offset_is_learned():
    model, (x, z) = a_model(), rows_and_logits()
    twin = BitModel(
        model.codewords / 2,
        model.offset + model.codewords.sum(dim=0) / 2,
        model.prior / 2,
        model.log_deviation,
        "pm1",
    )
    same = losses_of_all_codes(x, z, model)[0], losses_of_all_codes(x, z, twin)[0]
    torch.testing.assert_close(*same)
    torch.testing.assert_close(
        expected_generative_loss(x, z, model), expected_generative_loss(x, z, twin)
    )


def test_the_best_prior_and_deviation_are_the_means_that_they_stand_for():
    model, (x, z) = a_model(), rows_and_logits(n=50)
    p = z.sigmoid()
    spread = (p * (1 - p)) @ model.codewords.square().sum(dim=1)
    squares = model.residual(x, p).square().sum(dim=1) + spread
    best = dataclasses.replace(
        model, prior=p.mean(dim=0).logit(), log_deviation=0.5 * (squares.mean() / 3).log()
    )
    leaves = [best.prior.requires_grad_(), best.log_deviation.requires_grad_()]
    gradients = torch.autograd.grad(expected_generative_loss(x, z, best).mean(), leaves)
    for gradient in gradients:
        torch.testing.assert_close(gradient, torch.zeros_like(gradient), atol=1e-12, rtol=0)


@CODINGS
def test_decided_bits_leave_only_the_loss_of_their_code(coding):
    model, (x, z) = a_model(coding=coding), rows_and_logits()
    z = 50 * z.sign()
    at_code = generative_loss(x, model.values((z > 0).double()), z, model)
    torch.testing.assert_close(expected_generative_loss(x, z, model), at_code)


@CODINGS
@pytest.mark.parametrize("size", [30.0, 1e4])
def test_values_and_gradients_stay_finite_where_logits_and_priors_are_huge(coding, size):
    model, (x, z) = a_model(coding=coding), rows_and_logits()
    model = BitModel(
        *(t.float().requires_grad_() for t in (model.codewords, model.offset)),
        (size * model.prior.sign()).float().requires_grad_(),
        model.log_deviation.float().requires_grad_(),
        coding,
    )
    z = (size * z).float().requires_grad_()
    expected_generative_loss(x.float(), z, model).sum().backward()
    for leaf in (z, model.codewords, model.offset, model.prior, model.log_deviation):
        assert torch.isfinite(leaf.grad).all()


def test_single_precision_is_enough_for_pixels():
    model, (x, z) = a_model(64, 784), rows_and_logits(64, 784, 20)
    single = BitModel(*(getattr(model, f.name).float() for f in dataclasses.fields(model)[:4]))
    wanted = expected_generative_loss(x, z, model)
    found = expected_generative_loss(x.float(), z.float(), single)
    torch.testing.assert_close(found.double(), wanted, rtol=1e-5, atol=0)


def test_undecided_bits_of_short_codewords_cost_the_entropy_only():
    silent = dataclasses.replace(a_model(), codewords=torch.zeros(4, 3, dtype=torch.float64))
    silent = dataclasses.replace(silent, prior=torch.zeros(4, dtype=torch.float64))
    x = silent.offset[None]
    z = torch.zeros(1, 4, dtype=torch.float64)
    noise = 3 * (silent.log_deviation + 0.5 * math.log(2 * math.pi))
    torch.testing.assert_close(expected_generative_loss(x, z, silent)[0], noise)

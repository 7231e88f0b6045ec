"""Pairs of codes: the loss, its exact differences, and what codes of 0 and 1 cannot say."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from quantal.errors import ParameterError
from quantal.objectives import (
    draw_bits,
    expected_pair_loss,
    pair_differences,
    pair_loss,
    pair_surrogate,
)

L = 4
SETTINGS = {"slope": 0.7, "offset": 0.4}


def codes(coding):
    low = 0.0 if coding == "01" else -1.0
    return torch.tensor(list(product((low, 1.0), repeat=L)), dtype=torch.float64)


def every_pair(coding):
    """All pairs of codes, each once as alike and once as not."""
    all_codes = codes(coding)
    first = all_codes.repeat_interleave(len(all_codes), dim=0)
    second = all_codes.repeat(len(all_codes), 1)
    alike = torch.tensor([0.0, 1.0], dtype=torch.float64).repeat_interleave(len(first))
    return first.repeat(2, 1), second.repeat(2, 1), alike


def test_the_loss_is_the_logarithm_of_a_coin():
    first, second, alike = every_pair("pm1")
    p = torch.sigmoid(0.7 * (first * second).sum(dim=1) - 0.4)
    expected = -torch.where(alike > 0, p, 1 - p).log()
    torch.testing.assert_close(pair_loss(first, second, alike, **SETTINGS), expected)


@pytest.mark.parametrize("coding", ["01", "pm1"])
def test_differences_are_those_of_the_loss_bit_by_bit(coding):
    first, second, alike = every_pair(coding)
    found = pair_differences(first, second, alike, **SETTINGS, coding=coding)
    for k in range(L):
        changed = first.clone()
        values = []
        for value in (1.0, 0.0 if coding == "01" else -1.0):
            changed[:, k] = value
            values.append(pair_loss(changed, second, alike, **SETTINGS))
        torch.testing.assert_close(found[:, k], values[0] - values[1])


def test_as_printed_codes_of_0_and_1_cannot_be_unlike():
    first, second, alike = every_pair("01")
    losses = pair_loss(first, second, alike, slope=1.0, offset=0.0)[alike == 0]
    assert losses.min() >= math.log(2) - 1e-12
    first, second, alike = every_pair("pm1")
    assert pair_loss(first, second, alike, slope=1.0, offset=0.0)[alike == 0].min() < 0.02


def test_differences_give_the_gradient_of_the_mean_over_all_codes():
    generator = torch.Generator().manual_seed(0)
    z, w = torch.randn(2, L, dtype=torch.float64, generator=generator)
    z.requires_grad_()
    first, second, alike = (part[:256] for part in every_pair("pm1"))

    def probability(logits, code):
        p = logits.sigmoid()
        return torch.where(code > 0, p, 1 - p).prod(dim=1)

    q = probability(z, first) * probability(w, second)
    (wanted,) = torch.autograd.grad((q * pair_loss(first, second, alike, **SETTINGS)).sum(), z)
    differences = pair_differences(first, second, alike, **SETTINGS, coding="pm1")
    p = z.sigmoid()
    torch.testing.assert_close((q[:, None] * differences * p * (1 - p)).sum(dim=0), wanted)


def test_an_unknown_coding_is_refused():
    first, second, alike = every_pair("01")
    with pytest.raises(ParameterError, match="coding must be one of '01', 'pm1', got '10'"):
        pair_differences(first, second, alike, **SETTINGS, coding="10")


def two_rows():
    """Logits of two rows, as one pair that is alike and one that is not."""
    generator = torch.Generator().manual_seed(1)
    z, w = 1.5 * torch.randn(2, 1, L, dtype=torch.float64, generator=generator)
    alike = torch.tensor([1.0, 0.0], dtype=torch.float64)
    return z.repeat(2, 1).requires_grad_(), w.repeat(2, 1).requires_grad_(), alike


def mean_over_pairs(function, z, w, alike, coding):
    """Sum of q(h|x) q(h'|x') function over all pairs of codes."""
    total = 0.0
    for first, second in product(codes(coding), repeat=2):
        h, other = first.expand_as(z), second.expand_as(w)
        q = torch.ones(2, dtype=torch.float64)
        for logits, code in ((z, h), (w, other)):
            q = q * torch.where(code > 0, logits.sigmoid(), (-logits).sigmoid()).prod(dim=1)
        values = function(h, other)
        total = total + (q if values.ndim == 1 else q[:, None]) * values
    return total


CODINGS = pytest.mark.parametrize("coding", ["01", "pm1"])


@CODINGS
def test_the_mean_loss_is_that_over_all_pairs_of_codes(coding):
    z, w, alike = two_rows()
    wanted = mean_over_pairs(
        lambda h, other: pair_loss(h, other, alike, **SETTINGS), z, w, alike, coding
    )
    found = expected_pair_loss(z, w, alike, **SETTINGS, coding=coding)
    torch.testing.assert_close(found, wanted)
    for one, other in zip(
        torch.autograd.grad(found.sum(), [z, w]),
        torch.autograd.grad(wanted.sum(), [z, w]),
        strict=True,
    ):
        torch.testing.assert_close(one, other)


@CODINGS
def test_drawn_differences_have_the_gradient_of_the_mean_as_their_mean(coding):
    z, w, alike = two_rows()
    loss = expected_pair_loss(z, w, alike, **SETTINGS, coding=coding)
    wanted = torch.autograd.grad(loss.sum(), [z, w])

    def gradient(h, other):
        differences = pair_differences(h, other, alike, **SETTINGS, coding=coding)
        return differences * z.sigmoid() * (-z).sigmoid()

    torch.testing.assert_close(mean_over_pairs(gradient, z, w, alike, coding), wanted[0])


@CODINGS
@pytest.mark.parametrize("estimator", ["straight_through_sampled", "finite_difference"])
def test_surrogates_carry_the_value_and_gradients_of_the_codes_they_drew(coding, estimator):
    z, w, alike = two_rows()
    step, low = (1, 0) if coding == "01" else (2, -1)
    generator = torch.Generator().manual_seed(5)
    h, other = (low + step * draw_bits(t.detach(), generator) for t in (z, w))
    slope = torch.tensor(0.7, dtype=torch.float64, requires_grad=True)
    setting = {"slope": slope, "offset": 0.4}
    again = torch.Generator().manual_seed(5)
    found = pair_surrogate(z, w, alike, estimator, again, **setting, coding=coding)
    wanted = pair_loss(h, other, alike, **setting)
    torch.testing.assert_close(found, wanted)
    by_z, by_w, by_slope = torch.autograd.grad(found.sum(), [z, w, slope])
    torch.testing.assert_close(by_slope, torch.autograd.grad(wanted.sum(), slope)[0])
    for logits, own, partner, gradient in ((z, h, other, by_z), (w, other, h, by_w)):
        if estimator == "finite_difference":
            change = pair_differences(own, partner, alike, **SETTINGS, coding=coding)
        else:
            agreement = 0.7 * (own * partner).sum(dim=1) - 0.4
            change = step * 0.7 * (agreement.sigmoid() - alike)[:, None] * partner
        torch.testing.assert_close(gradient, change * logits.sigmoid() * (-logits).sigmoid())


def test_the_hard_surrogate_takes_the_likelier_bits_and_the_analytic_one_the_mean():
    z, w, alike = two_rows()
    hard = pair_surrogate(z, w, alike, "straight_through_hard", **SETTINGS, coding="01")
    expected = pair_loss((z > 0).double(), (w > 0).double(), alike, **SETTINGS)
    torch.testing.assert_close(hard, expected)
    mean = pair_surrogate(z, w, alike, "analytic", **SETTINGS, coding="01")
    torch.testing.assert_close(mean, expected_pair_loss(z, w, alike, **SETTINGS, coding="01"))


def test_certain_bits_leave_the_loss_of_their_codes():
    z = torch.tensor([[60.0, -60.0, 60.0, -60.0]], dtype=torch.float64)
    w = torch.tensor([[60.0, 60.0, -60.0, -60.0]], dtype=torch.float64)
    alike = torch.ones(1, dtype=torch.float64)
    for coding, h, other in (("01", z > 0, w > 0), ("pm1", z.sign(), w.sign())):
        found = expected_pair_loss(z, w, alike, **SETTINGS, coding=coding)
        wanted = pair_loss(h.double(), other.double(), alike, **SETTINGS)
        torch.testing.assert_close(found, wanted)

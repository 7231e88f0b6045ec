"""Pairs of codes: the loss, its exact differences, and what codes of 0 and 1 cannot say."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from quantal.errors import ParameterError
from quantal.objectives import pair_differences, pair_loss

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

"""Information of bits: closed forms, golden numbers, the authors' formula, gradients."""

from __future__ import annotations

import math
from itertools import product

import pytest
import torch

from quantal.objectives import (
    bit_conditional_entropy,
    bit_divergence,
    bit_information,
    bit_marginal_entropy,
    pair_information,
)

P = torch.tensor(
    [[0.9, 0.2, 0.6], [0.1, 0.7, 0.4], [0.8, 0.3, 0.5], [0.3, 0.9, 0.2]], dtype=torch.float64
)
LOG_2 = math.log(2)


def random_logits(n=7, n_bits=4, seed=0, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(n, n_bits, dtype=torch.float64, generator=generator)


def decided(bits, size=1e4):
    """Logits of rows whose bits are decided."""
    return size * (2 * torch.as_tensor(bits, dtype=torch.float64) - 1)


def all_codes(n_bits):
    return list(product((0, 1), repeat=n_bits))


def test_golden_numbers_worked_by_hand():
    z = P.logit()
    assert bit_conditional_entropy(z).item() == pytest.approx(1.587055, abs=5e-7)
    assert bit_marginal_entropy(z).item() == pytest.approx(2.065648, abs=5e-7)
    assert bit_information(z).item() == pytest.approx(2.065648 - 1.587055, abs=1e-6)
    assert pair_information(z).item() == pytest.approx(0.170152, abs=5e-7)


@pytest.mark.parametrize("n_bits", [1, 3, 6])
def test_every_code_once_is_full_information_without_redundancy(n_bits):
    z = decided(all_codes(n_bits))
    assert bit_information(z).item() == pytest.approx(n_bits * LOG_2, abs=1e-12)
    assert pair_information(z).item() == pytest.approx(0, abs=1e-12)


def test_copies_of_one_balanced_bit_share_all_they_know():
    z = decided([[0] * 4, [1] * 4])
    assert pair_information(z).item() == pytest.approx(4 * 3 * LOG_2, abs=1e-12)
    mirrored = decided([[0, 1, 0, 1], [1, 0, 1, 0]])  # so do copies and complements
    assert pair_information(mirrored).item() == pytest.approx(12 * LOG_2, abs=1e-12)


def test_constant_bits_carry_nothing():
    z = decided([[1, 0, 1]] * 5)
    assert bit_information(z).item() == pytest.approx(0, abs=1e-12)
    assert pair_information(z).item() == pytest.approx(0, abs=1e-12)


def test_undecided_bits_carry_nothing_and_share_nothing():
    z = torch.zeros(5, 3, dtype=torch.float64)
    assert bit_conditional_entropy(z).item() == pytest.approx(3 * LOG_2, abs=1e-12)
    assert bit_information(z).item() == pytest.approx(0, abs=1e-12)
    assert pair_information(z).item() == pytest.approx(0, abs=1e-12)


def test_two_undecided_bits_that_move_together_share_information():
    z = torch.tensor([[2.0, 2.0], [-2.0, -2.0]], dtype=torch.float64)
    p = z.sigmoid()
    same = (p[0, 0] ** 2 + p[1, 0] ** 2) / 2
    expected = 2 * (2 * same * (4 * same).log() + 2 * (0.5 - same) * (4 * (0.5 - same)).log())
    assert pair_information(z).item() == pytest.approx(expected.item(), abs=1e-12)


def test_one_bit_is_a_clustering_into_two():
    from quantal.objectives import mutual_information

    z = random_logits(n_bits=1)
    log_p = torch.cat([z, torch.zeros_like(z)], dim=1).log_softmax(1)
    assert bit_information(z).item() == pytest.approx(mutual_information(log_p).item(), abs=1e-12)
    assert pair_information(z).item() == 0


def naive(p):
    """The authors' script: probabilities, loops over pairs, 1e-8 inside the logarithms."""
    e, n, d = 1e-8, *p.shape
    q, mean = 1 - p, p.mean(0)
    conditional = (-p * (p + e).log() - q * (q + e).log()).sum() / n
    marginal = (-mean * (mean + e).log() - (1 - mean) * (1 - mean + e).log()).sum()
    pairs = torch.zeros((), dtype=p.dtype)
    for i in range(d):
        for j in range(i + 1, d):
            for a, b in all_codes(2):
                first, second = (p if a else q)[:, i], (p if b else q)[:, j]
                joint, apart = (first * second).mean(), first.mean() * second.mean()
                pairs = pairs + joint * ((joint + e) / (apart + e)).log()
    return conditional, marginal, 2 * pairs


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("seed", range(3))
def test_values_and_gradients_equal_a_naive_transcription(seed, scale):
    z = random_logits(20, 5, seed, scale).requires_grad_()
    ours = (bit_conditional_entropy(z), bit_marginal_entropy(z), pair_information(z))
    for found, wanted in zip(ours, naive(z.sigmoid()), strict=True):
        assert found.item() == pytest.approx(wanted.item(), abs=2e-6)
        expected = torch.autograd.grad(wanted, z, retain_graph=True)[0]
        torch.testing.assert_close(
            torch.autograd.grad(found, z, retain_graph=True)[0], expected, atol=2e-6, rtol=1e-4
        )


def naive_divergence(p, q):
    e = 1e-8
    ones, zeros = ((p + e) / (q + e)).log(), ((1 - p + e) / (1 - q + e)).log()
    return (p * ones + (1 - p) * zeros).sum() / len(p)


def test_the_divergence_of_bits_equals_a_naive_transcription():
    z, w = random_logits(9, 5, 1), random_logits(9, 5, 2).requires_grad_()
    wanted = naive_divergence(z.sigmoid(), w.sigmoid())
    found = bit_divergence(z, w)
    assert found.item() == pytest.approx(wanted.item(), abs=1e-6)
    (gradient,) = torch.autograd.grad(found, w)
    torch.testing.assert_close(gradient, (w.sigmoid() - z.sigmoid()) / 9)
    assert bit_divergence(z, z).item() == 0
    assert bit_divergence(w, z).item() != pytest.approx(found.item(), abs=1e-6)


def test_one_bit_diverges_as_two_labels_do():
    from quantal.objectives import kl_divergence

    z, w = random_logits(9, 1, 1), random_logits(9, 1, 2)
    log_p, log_q = (torch.cat([v, torch.zeros_like(v)], 1).log_softmax(1) for v in (z, w))
    expected = kl_divergence(log_p, log_q).item()
    assert bit_divergence(z, w).item() == pytest.approx(expected, abs=1e-12)


FUNCTIONS = {
    "bit_conditional_entropy": bit_conditional_entropy,
    "bit_marginal_entropy": bit_marginal_entropy,
    "bit_information": bit_information,
    "pair_information": pair_information,
    "bit_divergence": lambda z: bit_divergence(random_logits(seed=1), z),
}
functions = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)


@functions
def test_gradients_agree_with_finite_differences(function):
    assert torch.autograd.gradcheck(function, random_logits().requires_grad_())


@functions
@pytest.mark.parametrize("size", [20.0, 1e2, 1e4, 1e30])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_values_and_gradients_stay_finite_when_bits_saturate(function, size, dtype):
    if function is FUNCTIONS["bit_divergence"]:
        function = lambda z: bit_divergence(z.detach().flip(0), z)  # noqa: E731
    logits = (size * (2 * torch.eye(4) - 1).repeat(2, 1)).to(dtype).requires_grad_()
    value = function(logits)
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() - {"bit_divergence"}))
def test_order_of_rows_and_of_bits_does_not_matter(name):
    z = random_logits()
    value = FUNCTIONS[name](z).item()
    assert FUNCTIONS[name](z.flip(0)).item() == pytest.approx(value, abs=1e-13)
    assert FUNCTIONS[name](z.flip(1)).item() == pytest.approx(value, abs=1e-13)
    assert FUNCTIONS[name](-z).item() == pytest.approx(value, abs=1e-13)  # 0 and 1 are names


def test_single_precision_is_enough_for_wide_codes():
    z = random_logits(250, 256, scale=3.0)
    wanted = pair_information(z).item()
    assert pair_information(z.float()).item() == pytest.approx(wanted, rel=1e-4)
    assert bit_information(z.float()).item() == pytest.approx(bit_information(z).item(), rel=1e-5)


def test_pairs_of_independent_bits_share_only_what_a_finite_batch_suggests():
    generator = torch.Generator().manual_seed(0)
    bits = torch.randint(2, (1000, 16), generator=generator)
    # Each unordered pair has bias 1 / (2 n) nats, and is counted twice.
    assert pair_information(decided(bits)).item() == pytest.approx(16 * 15 / 2000, rel=0.2)

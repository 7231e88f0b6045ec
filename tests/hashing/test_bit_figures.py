"""Figures of bits on all rows, and the diagnosis."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from quantal.data.preparation import learn_preparation
from quantal.hashing.bit_figures import constant_bits, measure_bits, undecided_bits
from quantal.objectives import bit_conditional_entropy, bit_marginal_entropy, pair_information
from quantal.training.rows import Rows


@pytest.mark.parametrize("n", [100, 256, 700])
def test_figures_are_those_of_one_large_batch(n):
    X = load_digits().data[:n]
    rows = Rows(X, learn_preparation(X, "global"), torch.device("cpu"))
    weight = torch.randn(64, 6, generator=torch.Generator().manual_seed(0)) / 4
    figures = measure_bits(rows, lambda x: x @ weight)
    logits = (rows.span(0, n) @ weight).double()
    assert figures.conditional_entropy == pytest.approx(bit_conditional_entropy(logits).item())
    assert figures.marginal_entropy == pytest.approx(bit_marginal_entropy(logits).item())
    assert figures.redundancy == pytest.approx(pair_information(logits).item(), abs=1e-5)
    np.testing.assert_allclose(figures.means, (logits > 0).double().mean(0))


def test_bits_that_hardly_change_are_found():
    [finding] = constant_bits(np.array([0.5, 0.019, 0.021, 0.981, 1.0]), "do something")
    assert finding.kind == "constant bits"
    assert finding.message == (
        "3 of 5 bits are constant: equal for more than 98 % of the rows (bits 1, 3, 4). "
        "Ask for fewer bits, do something."
    )
    assert constant_bits(np.array([0.02, 0.98]), "") == []


def test_a_long_list_is_cut():
    [finding] = constant_bits(np.zeros(20), "wait")
    assert "(bits 0, 1, 2, 3, 4, 5, 6, 7, ...)" in finding.message


def test_bits_like_coins_are_found():
    [finding] = undecided_bits(4 * 0.5, 4, "Train longer")
    assert "mean entropy of a bit given its row is 0.50 nats of at most 0.69" in finding.message
    assert finding.message.endswith("Train longer.")
    assert undecided_bits(4 * 0.3, 4, "") == []

from __future__ import annotations

import numpy as np
import pytest

from quantal.codes import pack_bits
from quantal.hashing import RandomHyperplaneHashing
from quantal.report import shown_rows as shown_module
from quantal.report.bit_section import bit_balance
from quantal.report.bit_use import bit_pairs, bit_use, dead_bits
from quantal.report.shown_rows import shown_rows


def test_shares_and_neighbours_are_those_of_all_rows_whatever_the_blocks(monkeypatch):
    X = np.random.default_rng(0).normal(size=(700, 5))
    model = RandomHyperplaneHashing(9, random_state=0).fit(X)
    monkeypatch.setattr(shown_module, "BLOCK_BYTES", 1 << 12)  # blocks of 256 rows
    use = bit_use(model, shown_rows(model, X), np.random.default_rng(1))
    bits = model.transform(X).astype(int)
    np.testing.assert_allclose(use.shares, bits.mean(axis=0))
    np.testing.assert_array_equal(use.codes, model.encode(X)[use.sample])
    for example, neighbors, distances in zip(
        use.examples, use.neighbors, use.distances, strict=True
    ):
        all_distances = np.abs(bits - bits[example]).sum(axis=1)
        order = [i for i in np.argsort(all_distances, kind="stable") if i != example][:8]
        assert neighbors.tolist() == order
        assert distances.tolist() == all_distances[order].tolist()


def test_two_rows_have_one_neighbour_each():
    X = np.array([[0.0, 1.0], [1.0, 0.0]])
    model = RandomHyperplaneHashing(4, random_state=0).fit(X)
    use = bit_use(model, shown_rows(model, X), np.random.default_rng(0))
    assert use.neighbors.tolist() == [[1], [0]]


def test_pairs_of_rows_and_of_bits_are_counted():
    bits = np.array([[0, 0, 1], [1, 1, 1], [0, 0, 1], [1, 1, 1]], np.uint8)
    pairs = bit_pairs(pack_bits(bits), 3)
    assert pairs.counts.tolist() == [2, 0, 4, 0]
    assert (pairs.n_codes, pairs.n_distinct, pairs.n_paired) == (4, 2, 4)
    assert pairs.most_alike == pytest.approx((0, 1, 1.0))
    assert pairs.repeated == [1]  # the constant bit repeats nothing


def test_a_bit_is_dead_beyond_98_percent():
    assert dead_bits(np.array([0.0, 0.019, 0.02, 0.5, 0.98, 0.981])).tolist() == [0, 1, 5]


def test_the_entropy_of_even_bits_is_their_number():
    balance = bit_balance(np.array([0.5, 0.5, 1.0]), np.array([2]))
    assert balance.entropy == pytest.approx(2.0, abs=1e-6)
    assert (balance.n_dead, balance.dead_bits) == (1, [2])
    assert balance.live.count("M") == 2


def test_repeated_bits_are_a_finding_with_a_remedy():
    from quantal.report.findings import bit_findings

    model = RandomHyperplaneHashing(4, random_state=0).fit(np.eye(5))
    [found] = bit_findings(model, np.full(4, 0.5), [2, 3])
    assert found.kind == "repeated bits"
    assert found.message.startswith("2 of 4 bits repeat an earlier bit or its opposite (bits 2, 3)")
    assert "Ask for fewer bits, or scale the columns alike" in found.message

"""Real-valued queries against codes, compared with the decoded rows themselves."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.codes import (
    LinearDecoder,
    asymmetric_scan,
    asymmetric_search,
    fit_decoder,
    hamming_search,
    pack_bits,
    partition,
)
from quantal.errors import DataError, ParameterError

RNG = np.random.default_rng(0)
METRICS = pytest.mark.parametrize("metric", ["l2", "inner_product"])


def problem(n=600, n_bits=12, n_features=5, n_queries=9):
    """Codes, queries, decoder and the (q, n) distances and inner products."""
    bits = RNG.integers(0, 2, (n, n_bits))
    decoder = LinearDecoder(RNG.normal(size=n_features), RNG.normal(size=(n_bits, n_features)))
    queries = RNG.normal(size=(n_queries, n_features))
    rows = bits @ decoder.codewords + decoder.offset
    distances = np.linalg.norm(queries[:, None] - rows[None], axis=2)
    return pack_bits(bits), queries, decoder, {"l2": distances, "inner_product": queries @ rows.T}


def best(values, metric, k):
    ordered = np.sort(values, axis=1)
    return ordered[:, :k] if metric == "l2" else ordered[:, ::-1][:, :k]


@METRICS
@pytest.mark.parametrize(("n_bits", "n_features"), [(12, 5), (64, 30), (8, 40)])
@pytest.mark.parametrize("k", [1, 20, 600])
def test_the_scan_ranks_as_the_decoded_rows_do(metric, n_bits, n_features, k):
    codes, queries, decoder, values = problem(n_bits=n_bits, n_features=n_features)
    found, ids = asymmetric_search(codes, queries, decoder, k, metric, n_threads=1)
    np.testing.assert_allclose(found, best(values[metric], metric, k), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        np.take_along_axis(values[metric], ids, 1), found, rtol=1e-5, atol=1e-6
    )


@METRICS
@pytest.mark.parametrize("n_queries", [1, 100])
def test_the_number_of_threads_and_segments_changes_no_bit(monkeypatch, metric, n_queries):
    codes, queries, decoder, _ = problem(3000, n_queries=n_queries)
    expected = asymmetric_search(codes, queries, decoder, 30, metric, n_threads=1)
    monkeypatch.setattr(partition, "SMALLEST_PART", 100)
    monkeypatch.setattr(asymmetric_scan, "SEGMENT_ROWS", 700)
    found = asymmetric_search(codes, queries, decoder, 30, metric, n_threads=3)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@METRICS
@pytest.mark.parametrize("n_candidates", [None, 4])
def test_no_query_gets_no_answer(metric, n_candidates):
    codes, queries, decoder, _ = problem()
    candidates = None if n_candidates is None else np.zeros((0, n_candidates), np.int64)
    distances, ids = asymmetric_search(codes, queries[:0], decoder, 3, metric, candidates)
    assert distances.shape == ids.shape == (0, 3)
    assert (distances.dtype, ids.dtype) == (np.float32, np.int64)


def test_equal_codes_come_in_the_order_of_rows():
    codes, queries, decoder, _ = problem(n=10)
    many = np.repeat(codes, 50, axis=0)
    _, ids = asymmetric_search(many, queries, decoder, 120, n_threads=1)
    assert (np.diff(ids.reshape(9, -1, 10)[:, :5].reshape(9, 50)) == 1).all()


def test_norms_computed_before_give_the_same():
    codes, queries, decoder, _ = problem()
    expected = asymmetric_search(codes, queries, decoder, 5, n_threads=1)
    norms = decoder.squared_norms(codes)
    found = asymmetric_search(codes, queries, decoder, 5, norms=norms, n_threads=1)
    np.testing.assert_array_equal(found[1], expected[1])
    np.testing.assert_array_equal(found[0], expected[0])


@METRICS
def test_all_codes_as_candidates_give_the_scan(metric):
    codes, queries, decoder, _ = problem()
    everything = np.tile(RNG.permutation(600), (9, 1))
    expected = asymmetric_search(codes, queries, decoder, 50, metric, n_threads=1)
    for norms in (None, decoder.squared_norms(codes)):
        found = asymmetric_search(codes, queries, decoder, 50, metric, everything, norms=norms)
        np.testing.assert_array_equal(found[1], expected[1])
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-6)


@METRICS
def test_missing_candidates_come_last_as_minus_one(metric):
    codes, queries, decoder, values = problem()
    candidates = np.array([[-1, 5, -1, 3]] * 9)
    found, ids = asymmetric_search(codes, queries, decoder, 3, metric, candidates)
    assert (np.sort(ids[:, :2], axis=1) == [3, 5]).all() and (ids[:, 2] == -1).all()
    assert (found[:, 2] == (np.inf if metric == "l2" else -np.inf)).all()
    np.testing.assert_allclose(found[:, :2], best(values[metric][:, [3, 5]], metric, 2), rtol=1e-5)


def test_hard_codes_of_digits_are_ranked_better_by_real_valued_queries():
    rows = load_digits().data
    bits = rows > rows.mean(axis=0)
    codes, decoder = pack_bits(bits), fit_decoder(rows, bits)
    true = np.argsort(np.linalg.norm(rows[:100, None] - rows[None], axis=2), axis=1)[:, :10]
    _, hamming = hamming_search(codes, codes[:100], 100, n_threads=1)
    _, scanned = asymmetric_search(codes, rows[:100], decoder, 10, n_threads=1)
    _, ranked = asymmetric_search(codes, rows[:100], decoder, 10, candidates=hamming)

    def recall(ids):
        return np.mean([np.isin(t, i).mean() for t, i in zip(true, ids, strict=True)])

    assert recall(scanned) > recall(hamming[:, :10]) + 0.1
    assert recall(ranked) > recall(hamming[:, :10]) + 0.1


def test_a_query_at_a_decoded_row_is_at_distance_zero():
    codes, _, decoder, _ = problem(n_bits=8)
    bits = np.unpackbits(codes[:3], axis=1, bitorder="little")
    found, _ = asymmetric_search(codes, bits @ decoder.codewords + decoder.offset, decoder, 1)
    np.testing.assert_allclose(found, 0, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"queries": np.zeros((2, 6))},
            "queries have 6 columns, but the rows behind the codes have 5",
        ),
        ({"queries": np.full((2, 5), np.nan)}, "queries contain nan"),
        ({"codes": np.zeros((4, 1), np.uint8)}, "codes have 1 bytes a row, but 12 bits take 2"),
        ({"candidates": np.zeros((3, 2), int)}, r"candidates must be integers of shape \(9, c\)"),
        ({"candidates": np.full((9, 2), 600)}, "row numbers from 0 to 599, or -1, got 600 to 600"),
        ({"norms": np.zeros(3)}, r"norms must be float64 of shape \(600,\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, message):
    codes, queries, decoder, _ = problem()
    arguments = {"codes": codes, "queries": queries, "decoder": decoder, "k": 1, **change}
    with pytest.raises(DataError, match=message):
        asymmetric_search(**arguments)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 601}, "k must be at most 600, the number of codes, got 601"),
        ({"k": 3, "candidates": np.zeros((9, 2), int)}, "at most 2, the number of candidates"),
        ({"metric": "cosine"}, "metric must be one of 'l2', 'inner_product', got 'cosine'"),
    ],
)
def test_parameters_out_of_range_are_refused(change, message):
    codes, queries, decoder, _ = problem()
    arguments = {"codes": codes, "queries": queries, "decoder": decoder, "k": 1, **change}
    with pytest.raises(ParameterError, match=message):
        asymmetric_search(**arguments)

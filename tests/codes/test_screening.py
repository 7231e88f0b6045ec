"""Screening by bytes leaves every result of asymmetric search as it is, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.codes import (
    LinearDecoder,
    asymmetric_scan,
    asymmetric_search,
    partition,
    table_code,
)
from quantal.codes.norms import MOST_SCREENED, classified

RNG = np.random.default_rng(0)

pytestmark = pytest.mark.skipif(
    not table_code.has_wide_lookup(), reason="this processor cannot look up 64 bytes at once"
)


def search(*arguments, **options):
    return asymmetric_search(*arguments, n_threads=1, **options)


@pytest.fixture
def unscreened(monkeypatch):
    """Return a function that searches without screening."""

    def run(*arguments, **options):
        with monkeypatch.context() as patch:
            patch.setattr(table_code, "has_wide_lookup", lambda: False)
            return search(*arguments, **options)

    return run


def require_same(found, expected):
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def problem(n, n_bits, scale=1.0, offset=0.0):
    codes = RNG.integers(0, 256, (n, -(-n_bits // 8)), np.uint8)
    if n_bits % 8:
        codes[:, -1] &= (1 << n_bits % 8) - 1
    decoder = LinearDecoder(RNG.normal(size=6) + offset, scale * RNG.normal(size=(n_bits, 6)))
    return codes, scale * RNG.normal(size=(5, 6)) + offset, decoder


@pytest.mark.parametrize("metric", ["l2", "inner_product"])
@pytest.mark.parametrize("n_bits", [8, 20, 64, 72, 256])
def test_every_width_gives_what_all_scores_give(unscreened, metric, n_bits):
    codes, queries, decoder = problem(5000, n_bits)
    for k in (1, 70):
        arguments = (codes, queries, decoder, k, metric)
        require_same(search(*arguments), unscreened(*arguments))


@pytest.mark.parametrize(
    ("scale", "offset"), [(1e-12, 0.0), (1e12, 0.0), (1.0, 1e6), (0.0, 0.0), (1e-9, 1e6)]
)
def test_bounds_allow_for_rounding_at_every_scale(unscreened, scale, offset):
    codes, queries, decoder = problem(3000, 64, scale, offset)
    arguments = (codes, queries, decoder, 10)
    require_same(search(*arguments), unscreened(*arguments))


@pytest.mark.parametrize("n", [1, 63, 64, 65, 2048, 2049])
def test_the_last_block_may_be_of_any_length(unscreened, n):
    codes, queries, decoder = problem(n, 64)
    arguments = (codes, queries, decoder, 1)
    require_same(search(*arguments), unscreened(*arguments))


def test_equal_codes_enter_by_row(unscreened):
    codes, queries, decoder = problem(40, 64)
    many = np.repeat(codes, 100, axis=0)
    arguments = (many, queries, decoder, 150)
    require_same(search(*arguments), unscreened(*arguments))


def test_codes_that_improve_one_by_one_are_all_seen(unscreened):
    codes, queries, decoder = problem(4000, 64)
    order = search(codes, queries[:1], decoder, 4000)[1][0][::-1]
    arguments = (codes[order], queries, decoder, 10)
    require_same(search(*arguments), unscreened(*arguments))


def test_infinite_norms_are_not_screened(unscreened):
    codes, queries, decoder = problem(500, 64)
    norms = decoder.squared_norms(codes)
    norms[7] = np.inf
    arguments = (codes, queries, decoder, 10)
    require_same(search(*arguments, norms=norms), unscreened(*arguments, norms=norms))


def test_longer_codes_are_scored_one_by_one():
    codes, _, _ = problem(10, 8 * (MOST_SCREENED + 1))
    norms = classified(np.arange(10.0), codes.shape[1])
    assert norms.classes is None


def test_a_norm_is_never_below_its_interval():
    values = RNG.normal(size=5000) ** 2
    norms = classified(values, 8)
    assert norms.classes.max() == 63
    assert (norms.lows[norms.classes] <= values * (1 + 1e-12)).all()


@pytest.fixture
def limits(monkeypatch):
    """Return a list that gets the limits of every scan."""
    told = []
    scan = asymmetric_scan._scan

    def heard(codes, weights, k, norms, given, n_threads):
        told.append(given)
        return scan(codes, weights, k, norms, given, n_threads)

    monkeypatch.setattr(asymmetric_scan, "_scan", heard)
    return told


@pytest.mark.parametrize("k", [1, 10, 300])
@pytest.mark.parametrize("metric", ["l2", "inner_product"])
def test_a_limit_from_a_sample_changes_nothing(unscreened, limits, metric, k):
    codes, queries, decoder = problem(asymmetric_scan.SAMPLED_FROM + 100, 64)
    given = {"norms": decoder.squared_norms(codes)} if metric == "l2" else {}
    arguments = (codes, queries, decoder, k, metric)
    found = search(*arguments, **given)
    assert len(limits) == 1 and np.isfinite(limits[0]).all()
    require_same(found, unscreened(*arguments, **given))


def test_threads_and_segments_share_a_limit(unscreened, limits, monkeypatch):
    monkeypatch.setattr(asymmetric_scan, "SAMPLED_FROM", 5000)
    monkeypatch.setattr(asymmetric_scan, "SEGMENT_ROWS", 1700)
    monkeypatch.setattr(partition, "SMALLEST_PART", 100)
    codes, queries, decoder = problem(6000, 64)
    found = asymmetric_search(codes, queries[:2], decoder, 30, n_threads=3)
    assert np.isfinite(limits[0]).all()
    require_same(found, unscreened(codes, queries[:2], decoder, 30))


@pytest.mark.parametrize("stride", [61, 7000])
def test_a_sample_takes_the_same_codes_whatever_the_segments(monkeypatch, stride):
    codes, _, _ = problem(6000, 16)
    monkeypatch.setattr(asymmetric_scan, "SEGMENT_ROWS", 900)
    sample = asymmetric_scan._sampled(codes, stride)
    np.testing.assert_array_equal(sample, codes[::stride])


def test_where_a_sample_misleads_codes_are_looked_at_again(unscreened, limits):
    codes, queries, decoder = problem(asymmetric_scan.SAMPLED_FROM, 64)
    best = search(codes, queries[:1], decoder, 20)[1][0]
    codes[:: asymmetric_scan.SAMPLE_STRIDE][:20] = codes[best]  # near ones, all in the sample
    limits.clear()
    found = search(codes, queries, decoder, 40)
    first, second = limits
    assert np.isfinite(first).all()
    assert len(second) >= 1 and np.isinf(second).all()
    require_same(found, unscreened(codes, queries, decoder, 40))


@pytest.mark.parametrize("odd", [np.inf, np.nan])
def test_a_code_without_a_finite_score_is_still_a_code(odd):
    codes, queries, decoder = problem(10, 64)
    values = decoder.squared_norms(codes)
    values[7] = odd
    _, ids = search(codes, queries, decoder, 10, norms=values)
    assert (np.sort(ids, axis=1) == np.arange(10)).all()


@pytest.mark.parametrize("scale", [1e-20, 1e18, 1e20, 1e30])
def test_scores_beyond_float32_are_not_screened(unscreened, scale):
    codes, queries, decoder = problem(3000, 64, scale)
    arguments = (codes, queries, decoder, 5)
    require_same(search(*arguments), unscreened(*arguments))


def test_a_sample_without_numbers_sets_no_limit(limits, monkeypatch):
    monkeypatch.setattr(asymmetric_scan, "SAMPLED_FROM", 5000)
    codes, queries, decoder = problem(6000, 64)
    values = decoder.squared_norms(codes)
    values[0] = np.nan
    search(codes, queries, decoder, 10, norms=values)
    assert np.isinf(limits[0]).all()

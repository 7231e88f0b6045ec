"""Encoding in one pass: the same bits as transform, and bad values found in the projections."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.datasets import load_digits

from quantal.codes import pack_bits
from quantal.errors import DataError, ParameterError
from quantal.hashing import SGH, spread_rows


@pytest.fixture(scope="module")
def digits():
    return load_digits().data.astype(np.float32)


@pytest.fixture(scope="module", params=[8, 13])
def hasher(request, digits):
    return SGH(n_bits=request.param, n_steps=20, random_state=0).fit(digits)


def test_codes_are_the_packed_bits(hasher, digits):
    expected = pack_bits(hasher.transform(digits))
    np.testing.assert_array_equal(hasher.encode(digits), expected)
    np.testing.assert_array_equal(hasher.encode(csr_array(digits)), expected)
    np.testing.assert_array_equal(hasher.encode(digits[:1]), expected[:1])


@pytest.mark.parametrize(("bad", "name"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_a_bad_value_is_named_with_its_place(hasher, digits, bad, name):
    rows = digits.copy()
    rows[1000, 5] = bad
    text = rf"Input X of SGH contains {name} \(1 of them\), the first in row 1000, column 5"
    for refine in (0, 1):
        with pytest.raises(DataError, match=text):
            hasher.encode(rows, refine=refine)
    with pytest.raises(DataError, match=text):
        hasher.encode(csr_array(rows))


def test_projections_that_overflow_are_no_bad_values(hasher, digits):
    rows = digits.copy()
    rows[3] = 3e38
    assert hasher.encode(rows).shape == (1797, -(-hasher.n_bits // 8))


def test_sweeps_out_of_range_are_refused(hasher, digits):
    with pytest.raises(ParameterError, match=r"refine must be an integer in \[0, 1000\], got -1"):
        hasher.encode(digits, refine=-1)


def test_rows_that_speak_for_all_give_nearly_the_decoder_of_all(monkeypatch, digits):
    rows = np.concatenate([digits] * 3)
    whole = SGH(n_bits=8, n_steps=20, random_state=0).fit(rows)
    monkeypatch.setattr(spread_rows, "MOST_ROWS", 2048)
    part = SGH(n_bits=8, n_steps=20, random_state=0).fit(rows)
    np.testing.assert_array_equal(part.directions_, whole.directions_)
    assert part.objective_ == pytest.approx(whole.objective_, rel=0.02)
    assert part.reconstruction_error(rows) == pytest.approx(
        whole.reconstruction_error(rows), rel=0.01
    )


def test_rows_are_prepared_batch_by_batch_where_few_are_visited(digits):
    hasher = SGH(n_bits=8, n_steps=3, batch_size=500)
    assert not hasher._pays_to_hold(1797)
    assert SGH(n_bits=8, n_steps=4, batch_size=500)._pays_to_hold(1797)
    assert SGH(n_bits=8, n_steps=1, n_epochs=1)._pays_to_hold(1797)

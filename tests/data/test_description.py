from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.sparse as sp

from quantal.data import describe

X = np.array([[0, 1, 5], [0, 2, -3], [0, 1, 5], [0, 0, 0]], dtype=np.float32)


@pytest.mark.parametrize("make", [lambda x: x, sp.csr_array], ids=["dense", "sparse"])
def test_facts_of_a_small_matrix(make):
    facts = describe(make(X))
    assert (facts["n"], facts["d"], facts["dtype"]) == (4, 3, "float32")
    assert (facts["minimum"], facts["maximum"]) == (-3, 5)
    assert facts["zeros"] == pytest.approx(6 / 12)
    assert facts["constant_columns"] == 1
    assert facts["duplicates"] == pytest.approx(1 / 4)
    json.dumps(facts)


def test_duplicates_are_estimated_on_evenly_spaced_rows():
    facts = describe(np.arange(50_000.0)[:, None] * np.ones(3))
    assert facts["sampled"] == 10_000
    assert facts["duplicates"] == 0


def test_texts_are_described_without_vectors():
    facts = describe(["one two three", "one", "one"])
    assert (facts["n"], facts["kind"], facts["words"]) == (3, "text", 1.0)
    assert facts["duplicates"] == pytest.approx(1 / 3)

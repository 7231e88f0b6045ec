"""A published set of vectors by its name, from a look at it to hits."""

from __future__ import annotations

import json

import numpy as np
import pytest

from quantal.codes import hamming_search


@pytest.fixture
def sift(texmex, monkeypatch):
    """SIFT1M's files with a few rows, in the folder that QUANTAL_DATA names."""
    rng = np.random.default_rng(0)
    base = rng.integers(0, 100, (400, 128))
    texmex("sift/sift_base.fvecs", base)
    folder = texmex("sift/sift_query.fvecs", base[:5])
    monkeypatch.setenv("QUANTAL_DATA", str(folder))
    return base


def test_a_named_set_is_fitted_encoded_and_searched(quantal, sift):
    fit = quantal("fit", "name:sift1m", "--method", "itq", "--bits", 16, "--out", "h", "-q")
    assert fit.status == 0, fit.err
    encoded = quantal("encode", "h", "name:sift1m", "--out", "codes.npy", "-q")
    assert encoded.status == 0, encoded.err
    hits = quantal("search", "h", "codes.npy", "name:sift1m:query", "-k", 3, "--out", "hits.npy")
    assert hits.status == 0, hits.err
    codes = np.load("codes.npy")
    assert codes.shape == (400, 2)
    found = np.load("hits.npy")["id"].reshape(5, 3)
    np.testing.assert_array_equal(found, hamming_search(codes, codes[:5], 3)[1])


def test_info_describes_the_rows_and_their_origin(quantal, sift):
    facts = json.loads(quantal("data", "info", "name:sift1m", "--json").out)
    assert (facts["n"], facts["d"], facts["dtype"]) == (400, 128, "float32")
    assert facts["source"].startswith("TEXMEX")
    assert "name:sift1m" in quantal("data", "list").out


def test_an_image_size_of_vectors_is_refused(quantal, sift):
    result = quantal("data", "info", "name:sift1m", "--image-size", 8)
    assert (result.status, result.message) == (
        2,
        "quantal: error: image_size does not concern sift1m, whose rows are vectors; omit it.",
    )


def test_a_missing_part_is_one_line(quantal, sift):
    result = quantal("fit", "name:sift1m:learn", "--method", "itq", "--bits", 8, "--out", "h")
    assert result.status == 2
    assert "sift1m: sift_learn.fvecs is not in " in result.message

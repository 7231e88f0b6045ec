from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from sklearn.datasets import load_digits

from quantal.hashing.auxiliary_coordinates import auxiliary_coordinates, doubling_penalties

SETTINGS = {"loss": "svm", "C": 1.0, "encoder_iterations": 20, "enumerate_up_to": 6}


@pytest.fixture(scope="module")
def rows():
    x = load_digits().data[:400] / 16
    return (x - x.mean(axis=0)).astype(np.float32)


def first_codes(rows, n_bits):
    directions = np.linalg.svd(rows, full_matrices=False)[2][:n_bits]
    return (rows @ directions.T > 0).astype(np.uint8)


@pytest.mark.parametrize("n_bits", [5, 9])
def test_codes_and_encoder_agree_in_the_end(rows, n_bits):
    turns = list(auxiliary_coordinates(rows, first_codes(rows, n_bits), None, **SETTINGS))
    assert turns[-1].mismatch == 0
    assert all(turn.mismatch > 0 for turn in turns[:-1])
    assert len(turns) < 20
    ratios = [later.mu / turn.mu for turn, later in pairwise(turns)]
    assert set(ratios) <= {2.0}


@pytest.mark.parametrize("n_bits", [5, 9])
def test_at_one_penalty_decoder_and_codes_never_raise_the_objective(rows, n_bits, monkeypatch):
    """The encoder is held: it is trained for margins, not for the share of wrong bits."""
    fixed = np.random.default_rng(0).normal(size=(65, n_bits))
    monkeypatch.setattr(
        "quantal.hashing.auxiliary_coordinates.train_classifiers",
        lambda rows, bits, start, **_: start if start.any() else fixed,
    )
    codes = first_codes(rows, n_bits)
    turns = list(auxiliary_coordinates(rows, codes, [0.05] * 6, **SETTINGS))
    objectives = [turn.objective for turn in turns]
    assert (np.diff(objectives) <= 1e-9).all()
    assert objectives[-1] < objectives[0]


def test_penalties_of_the_callers_end_the_turns(rows):
    turns = list(auxiliary_coordinates(rows, first_codes(rows, 5), [1e-4, 2e-4], **SETTINGS))
    assert [turn.mu for turn in turns] == [1e-4, 2e-4]
    assert turns[-1].mismatch > 0


def test_threads_do_not_change_a_bit(rows, monkeypatch):
    monkeypatch.setattr("quantal.hashing.auxiliary_coordinates.BLOCK", 90)
    one, three = (
        list(auxiliary_coordinates(rows, first_codes(rows, 9), None, **SETTINGS, n_threads=n))
        for n in (1, 3)
    )
    np.testing.assert_array_equal(one[-1].encoder, three[-1].encoder)
    assert [turn.objective for turn in one] == [turn.objective for turn in three]


def test_automatic_penalties_follow_the_codewords():
    found = doubling_penalties(np.array([[3.0, 4.0], [0.0, 1.0]]))
    assert found[:3] == [13 / 64, 13 / 32, 13 / 16]
    assert len(found) == 20

"""scikit-learn's own checks of JULE, on vectors, with the settings that a user starts with."""

from __future__ import annotations

import warnings

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from quantal.clustering import JULE
from quantal.errors import QuantalWarning


@pytest.mark.slow
@parametrize_with_checks([JULE()])
def test_follows_the_scikit_learn_contract(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        check(estimator)

"""What a record says of the precision and the device of a fit."""

import numpy as np
import pytest

from quantal.clustering import IIC, IMSAT
from quantal.experiments.environment import environment_of
from quantal.hashing import ITQ

X = np.random.default_rng(0).normal(size=(40, 8, 8))
SHORT = {"n_epochs": 1, "n_init": 1, "random_state": 0}


@pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("method", [IIC, IMSAT])
def test_the_precision_is_the_one_that_was_trained_in(method, precision):
    model = method(2, precision=precision, **SHORT).fit(X)
    found = environment_of(vars(model))
    assert (found["precision"], found["device"]) == (precision, "cpu")


def test_what_is_not_trained_by_gradients_is_in_float32():
    model = ITQ(4, random_state=0).fit(X.reshape(40, 64))
    assert environment_of(vars(model))["precision"] == "float32"

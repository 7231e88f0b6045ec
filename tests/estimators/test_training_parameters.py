"""Parameters of a run are refused before anything is trained."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_digits

from quantal import load
from quantal.clustering import IMSAT
from quantal.errors import ParameterError
from quantal.hashing import IMSATHash

DIGITS = load_digits().data[:60]


@pytest.mark.parametrize("method", [IMSAT, IMSATHash])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"checkpoint": 5}, r"checkpoint must be a folder's path or None, got 5\."),
        ({"resume": "x", "checkpoint": "c"}, r"resume must be True or False, got 'x'\."),
        ({"resume": True}, r"resume=True needs the folder .* pass checkpoint=FOLDER\."),
        ({"batches": "shuffled"}, r"batches must be one of 'permuted', 'drawn', got 'shuffled'"),
        ({"learning_rate_schedule": ("stepped", 1)}, r"or \('stepped', epochs, factor\)"),
        ({"verbose": "x"}, r"verbose must be a number"),
        ({"image_shape": (3, 3)}, r"image_shape must be \(h, w\) with h \* w = 64"),
    ],
)
def test_a_setting_that_could_not_work_is_refused(method, wrong, message):
    with pytest.raises(ParameterError, match=message):
        method(4, n_epochs=1, random_state=0, **wrong).fit(DIGITS)


def test_a_stepped_schedule_lowers_the_step_of_a_fit_and_is_saved(tmp_path):
    def weights(schedule, n_epochs):
        model = IMSAT(4, n_epochs=n_epochs, n_init=1, batch_size=20, random_state=0)
        return model.set_params(learning_rate_schedule=schedule).fit(DIGITS).network_.output

    def equal(first, second):
        return bool((first == second).all())

    assert equal(weights(("stepped", 2, 0.5), 2), weights("constant", 2))
    assert not equal(weights(("stepped", 2, 0.5), 3), weights("constant", 3))
    assert equal(weights(("stepped", 2, 1e-30), 4), weights("constant", 2))
    model = IMSAT(4, n_epochs=1, n_init=1, learning_rate_schedule=("stepped", 2, 0.5))
    model.fit(DIGITS).save(tmp_path / "model")
    assert load(tmp_path / "model").fit(DIGITS).learning_rate_schedule == ["stepped", 2, 0.5]

"""Parameters of a run are refused before anything is trained."""

from __future__ import annotations

import pytest
from sklearn.datasets import load_digits

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
        ({"verbose": "x"}, r"verbose must be a number"),
        ({"image_shape": (3, 3)}, r"image_shape must be \(h, w\) with h \* w = 64"),
    ],
)
def test_a_setting_that_could_not_work_is_refused(method, wrong, message):
    with pytest.raises(ParameterError, match=message):
        method(4, n_epochs=1, random_state=0, **wrong).fit(DIGITS)

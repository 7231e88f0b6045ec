"""Pixels of another unit than the fit's are refused where labels would all be wrong."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits

from quantal import load
from quantal.clustering import DEC, IMSAT, JULE
from quantal.errors import DataError
from quantal.hashing import SGH, IMSATHash

WHOLE = (load_digits().images[:120] * 255 / 16).astype(np.uint8)
FRACTIONS = WHOLE / np.float32(255)
MODELS = {
    "IMSAT": lambda: IMSAT(4, n_epochs=1, n_init=1, hidden_layer_sizes=[8], random_state=0),
    "IMSATHash": lambda: IMSATHash(4, n_epochs=1, n_init=1, hidden_layer_sizes=[8], random_state=0),
    "SGH": lambda: SGH(4, n_steps=20, random_state=0),
    "DEC": lambda: DEC(
        4, pretrain_iterations=5, finetune_iterations=5, max_iterations=20, random_state=0
    ),
    "JULE": lambda: JULE(4, n_epochs=1, random_state=0),
}

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")


@pytest.fixture(scope="module", params=MODELS)
def fitted(request):
    return [MODELS[request.param]().fit(images) for images in (WHOLE, FRACTIONS)]


def test_divided_and_undivided_pixels_are_told_apart(fitted):
    of_whole, of_fractions = fitted
    with pytest.raises(
        DataError, match=r"X has pixels up to 1, where those of the fit are near 1\d\d"
    ):
        of_whole.transform(FRACTIONS)
    message = r"pixels up to 255, where .* are near 0\.\d+\. Pass pixels in the fit's unit"
    with pytest.raises(DataError, match=message):
        of_fractions.transform(WHOLE)


def test_a_loaded_model_tells_them_apart_as_well(fitted, tmp_path):
    fitted[0].save(tmp_path / "model")
    with pytest.raises(DataError, match="Pass pixels in the fit's unit"):
        load(tmp_path / "model").transform(FRACTIONS)


def test_the_same_unit_in_another_type_is_taken(fitted):
    of_whole, of_fractions = fitted
    np.testing.assert_array_equal(
        of_whole.transform(WHOLE.astype(np.float64)), of_whole.transform(WHOLE)
    )
    black_and_white = (WHOLE > 100).astype(np.uint8)  # whole numbers in the unit of fractions
    assert len(of_fractions.transform(black_and_white)) == 120
    assert len(of_whole.transform(np.zeros((3, 8, 8)))) == 3  # all black: no unit to see


def test_the_same_numbers_in_another_type_are_never_refused():
    generator = np.random.default_rng(0)
    scans = generator.integers(-1000, 800, size=(60, 6, 6)).astype(np.int16)
    counts = generator.poisson(0.3, size=(60, 6, 6)).astype(np.uint8)
    bright = np.zeros((60, 6, 6), np.uint8)
    bright[:, 0, 0] = generator.integers(0, 30, 60)
    bright[7, 3, 3] = 255
    for whole in (scans, counts, bright):
        for fitted, asked in ((whole, whole.astype(float)), (whole.astype(float), whole)):
            model = MODELS["IMSAT"]().fit(fitted)
            np.testing.assert_array_equal(model.predict(asked), model.labels_)
            assert len(model.predict(asked[7:8])) == 1
    dark = np.zeros((1, 6, 6))
    dark[0, 2, 2] = 1.0  # whole, as pixels of an 8-bit image are
    assert len(MODELS["IMSAT"]().fit(bright).predict(dark)) == 1


def test_vectors_have_no_pixels(fitted):
    model = clone(fitted[0]).fit(WHOLE.reshape(120, -1))
    assert len(model.transform(FRACTIONS.reshape(120, -1))) == 120

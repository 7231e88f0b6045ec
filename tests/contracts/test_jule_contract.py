"""What JULE promises as an estimator; scikit-learn's checks have the settings of a first use."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import parametrize_with_checks
from witnesses import Unreadable, global_states

from quantal.clustering import JULE
from quantal.errors import QuantalWarning


@pytest.mark.slow
@parametrize_with_checks([JULE()])
def test_follows_the_scikit_learn_contract(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", QuantalWarning)
        check(estimator)


@pytest.fixture(scope="module")
def images():
    return load_digits().images[:120]


@pytest.fixture(scope="module")
def model(images):
    return quick().fit(images)


def quick():
    return JULE(5, n_epochs=1, n_channels=4, n_outputs=8, random_state=0)


def test_labels_are_never_read(images, model):
    np.testing.assert_array_equal(quick().fit(images, Unreadable()).labels_, model.labels_)


def test_global_randomness_stays_as_it_was(images):
    before = global_states()
    quick().fit(images)
    assert global_states() == before


def test_memory_maps_and_whole_numbers_give_what_the_array_gives(images, model, tmp_path):
    np.save(tmp_path / "x.npy", images)
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r", allow_pickle=False)
    np.testing.assert_array_equal(quick().fit(mapped).labels_, model.labels_)
    np.testing.assert_array_equal(quick().fit(images.astype(np.uint8)).labels_, model.labels_)
    np.testing.assert_array_equal(model.predict(mapped), model.labels_)


def test_checkpoints_stay_until_the_rows_have_labels(images, model, tmp_path, monkeypatch):
    def killed(self, stages):
        raise KeyboardInterrupt

    kept = {"checkpoint": tmp_path / "kept", "checkpoint_every": 0}
    with monkeypatch.context() as patch:
        patch.setattr(JULE, "_conclude", killed)
        with pytest.raises(KeyboardInterrupt):
            quick().set_params(**kept).fit(images)
    resumed = quick().set_params(**kept, resume=True).fit(images)
    assert not (tmp_path / "kept").exists()
    np.testing.assert_array_equal(resumed.labels_, model.labels_)


def test_a_row_is_embedded_the_same_alone_and_among_others(images, model):
    whole = model.transform(images)
    parts = np.concatenate([model.transform(images[:7]), model.transform(images[7:])])
    np.testing.assert_array_equal(whole, parts)

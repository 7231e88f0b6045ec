"""SGH over time: passes, checkpoints, folders, and what it says when something is wrong."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import torch

import quantal
from quantal.errors import CollapseWarning, FileFormatError, ParameterError
from quantal.hashing import SGH
from quantal.training.checkpoint import Checkpoints


@pytest.fixture(scope="module")
def fitted(digits):
    return SGH(16, n_steps=400, random_state=0).fit(digits)


@pytest.fixture(scope="module")
def even_rows():
    """Rows among whose directions none stands out: the noise is nearly as large as a codeword."""
    return np.random.default_rng(0).normal(size=(2000, 12)).astype(np.float32)


@pytest.mark.parametrize("factor", [1e-3, 1e3])
def test_autos_choice_stays_through_passes_folders_and_units(even_rows, factor, tmp_path):
    hasher = SGH(24, random_state=0).partial_fit(factor * even_rows)
    assert hasher.estimator_ == "straight_through_hard"
    hasher.save(tmp_path / "model")
    again = quantal.load(tmp_path / "model")
    assert again.estimator_ == hasher.estimator_
    uneven = even_rows * np.r_[30.0, 20.0, np.full(10, 0.1)]  # "auto" would choose otherwise
    assert SGH(2, random_state=0).partial_fit(uneven).estimator_ == "straight_through_sampled"
    assert again.partial_fit(factor * uneven).estimator_ == hasher.estimator_
    again.set_params(estimator="analytic").partial_fit(factor * uneven)
    assert again.estimator_ == "analytic"


def test_partial_fit_goes_on_where_it_stood(digits):
    hasher = SGH(16, random_state=0)
    errors = []
    for _ in range(3):
        hasher.partial_fit(digits[:500])
        for _ in range(9):
            hasher.partial_fit(digits)
        errors.append(hasher.reconstruction_error(digits))
    assert errors[2] < errors[0]
    assert hasher.n_iter_ == 30


def test_a_killed_fit_resumes_to_the_same_bits(digits, tmp_path, monkeypatch):
    settings = {"n_bits": 8, "n_steps": 30, "random_state": 0}
    expected = SGH(**settings).fit(digits).transform(digits)
    calls = []

    def interrupted(self, run):
        self.write(run)
        calls.append(run)
        if len(calls) == 20:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoints, "on_step", interrupted)
        with pytest.raises(KeyboardInterrupt):
            SGH(**settings, checkpoint=str(tmp_path / "c")).fit(digits)
    resumed = SGH(**settings, checkpoint=str(tmp_path / "c"), resume=True).fit(digits)
    np.testing.assert_array_equal(resumed.transform(digits), expected)


def test_a_loaded_model_refines_and_scores_alike(fitted, digits, tmp_path):
    fitted.save(tmp_path / "model")
    loaded = quantal.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.encode(digits, refine=2), fitted.encode(digits, refine=2))
    assert loaded.reconstruction_error(digits) == fitted.reconstruction_error(digits)
    assert loaded.deviation_ == fitted.deviation_


def without_estimator(folder):
    """Make a saved model what it was before ``estimator_`` existed, and return the folder."""
    config = json.loads((folder / "config.json").read_text())
    del config["estimator"]
    (folder / "config.json").write_text(json.dumps(config))
    manifest = json.loads((folder / "manifest.json").read_text())
    digest = hashlib.sha256((folder / "config.json").read_bytes()).hexdigest()
    manifest["sha256"]["config.json"] = digest
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_a_folder_older_than_the_choice_of_a_gradient_is_used_and_trained_on(digits, tmp_path):
    hasher = SGH(8, estimator="straight_through_hard", n_steps=5, random_state=0).fit(digits)
    for name in ("new", "old"):
        hasher.save(tmp_path / name)
    new, old = quantal.load(tmp_path / "new"), quantal.load(without_estimator(tmp_path / "old"))
    assert old.estimator_ == "straight_through_hard"
    np.testing.assert_array_equal(old.transform(digits), hasher.transform(digits))
    np.testing.assert_array_equal(
        old.partial_fit(digits).directions_, new.partial_fit(digits).directions_
    )
    assert not np.array_equal(old.directions_, hasher.directions_)


def test_a_folder_that_chose_by_itself_must_say_what_it_chose(fitted, tmp_path):
    fitted.save(tmp_path / "model")
    with pytest.raises(FileFormatError, match=r"\(estimator is 'auto'\). Save the model again"):
        quantal.load(without_estimator(tmp_path / "model"))


def test_dead_bits_are_diagnosed_with_the_remedy(digits, monkeypatch):
    from quantal.hashing import sgh_training

    def dead(network, *_):
        with torch.no_grad():
            network.bias[3:] = 100.0

    monkeypatch.setattr(sgh_training, "start", dead)
    with pytest.warns(CollapseWarning, match=r"5 of 8 bits are constant.*lower learning_rate"):
        SGH(8, n_steps=3, random_state=0).fit(digits)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"estimator": "analitic"}, r"estimator must be one of .*Did you mean 'analytic'"),
        ({"coding": "±1"}, "coding must be one of '01', 'pm1'"),
        ({"deviation": 0}, r"deviation must be a number in \(0, inf\), got 0"),
        ({"init": "ITQ"}, "init must be one of 'auto', 'random', 'pca', 'itq'"),
        ({"decoder_init": "tiny"}, "decoder_init must be one of 'small', 'least_squares'"),
        ({"n_steps": 0}, r"n_steps must be an integer in \[1, inf\), got 0"),
    ],
)
def test_parameters_out_of_range_are_refused(digits, parameters, text):
    with pytest.raises(ParameterError, match=text):
        SGH(**parameters).fit(digits)

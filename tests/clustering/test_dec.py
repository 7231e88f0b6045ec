"""DEC and AutoencoderKMeans: stages, stopping, what "auto" means, resuming, collapse."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from quantal.clustering import DEC, AutoencoderKMeans
from quantal.clustering import autoencoder_defaults as automatic
from quantal.errors import CollapseWarning, NonFiniteLossError, ParameterError
from quantal.metrics import clustering_accuracy
from quantal.objectives import kl_divergence, sharpened_target
from quantal.training.checkpoint import Checkpoints

SHORT = {
    "hidden_layer_sizes": (32, 48),
    "n_components": 5,
    "pretrain_iterations": 12,
    "n_init": 2,
    "random_state": 0,
}
CLUSTERING = {"max_iterations": 20, "update_interval": 6, "tolerance": 0.0}


@pytest.fixture(scope="module")
def X():
    return load_digits().data[:300]


@pytest.fixture(scope="module")
def blobs():
    """Five groups of rows in 40 columns, and which row is of which."""
    rng = np.random.default_rng(0)
    truth = np.repeat(np.arange(5), 80)
    return rng.normal(size=(5, 40))[truth] * 3 + rng.normal(size=(400, 40)), truth


def test_every_layer_the_whole_and_the_clustering_are_in_the_history(X):
    model = DEC(5, **SHORT, **CLUSTERING).fit(X)
    assert set(model.history_) == {
        "layer_1", "layer_2", "layer_3", "reconstruction", "divergence", "changed"
    }  # fmt: skip
    assert len(model.history_["layer_1"]) == 12  # a step a pass: 256 of 300 rows
    assert len(model.history_["reconstruction"]) == 24
    assert len(model.history_["divergence"]) == model.n_iter_ == 20
    assert len(model.history_["changed"]) == 4  # after 6, 12, 18 and 20 steps


def test_dec_starts_from_the_centres_of_its_codes_kmeans(X):
    settings = {**SHORT, "pretrain_iterations": 80}  # fewer, and all codes are nearly 0
    start = AutoencoderKMeans(5, **settings).fit(X)
    model = DEC(5, **settings, max_iterations=1, learning_rate=1e-12).fit(X)
    np.testing.assert_array_equal(model.labels_, start.labels_)
    np.testing.assert_allclose(model.cluster_centers_, start.cluster_centers_, atol=1e-5)
    squares = np.square(start.transform(X) - start.cluster_centers_[start.labels_]).sum()
    assert start.inertia_ == pytest.approx(squares, rel=1e-5)


def test_clustering_makes_assignments_sharper_and_leaves_the_decoder(X):
    settings = {**SHORT, "pretrain_iterations": 80, "tolerance": 0.0}
    start = DEC(5, **settings, max_iterations=1, learning_rate=1e-12).fit(X)
    model = DEC(5, **settings, max_iterations=100).fit(X)
    assert model.conditional_entropy_ < 0.95 * start.conditional_entropy_
    for layer in range(6):
        moved = not torch.equal(model.network_.weights[layer], start.network_.weights[layer])
        assert moved is (layer < 3)


def test_it_stops_when_few_labels_change(X):
    model = DEC(5, **SHORT, update_interval=6, max_iterations=600, tolerance=0.05).fit(X)
    changed = model.history_["changed"]
    assert changed[-1] < 0.05
    assert all(share >= 0.05 for share in changed[:-1])
    assert model.n_iter_ == 6 * len(changed) < 600


def test_the_objective_is_the_divergence_of_all_rows(X):
    model = DEC(5, **SHORT, **CLUSTERING).fit(X)
    log_q = torch.from_numpy(model.predict_log_proba(X))
    assert model.objective_ == pytest.approx(float(kl_divergence(sharpened_target(log_q), log_q)))
    p = model.predict_proba(X)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-6)
    assert model.marginal_entropy_ == pytest.approx(-(p.mean(0) * np.log(p.mean(0))).sum(), 1e-4)


@pytest.mark.parametrize("method", [DEC, AutoencoderKMeans])
def test_groups_that_are_there_are_found(blobs, method):
    X, truth = blobs
    model = method(5, random_state=0).fit(X)
    assert clustering_accuracy(truth, model.labels_) > 0.98
    assert model.collapse_ == []


def test_half_precision_finds_them_too(blobs):
    X, truth = blobs
    settings = {"hidden_layer_sizes": (64, 64, 128), "precision": "bfloat16"}
    model = DEC(5, random_state=0, **settings).fit(X)
    assert clustering_accuracy(truth, model.labels_) > 0.98
    np.testing.assert_array_equal(model.predict(X), model.labels_)


class Killed(Exception):
    """Stands for the end of a process."""


@pytest.mark.parametrize("at", [1, 12, 13, 40, 60, 61, 66, 67, 79])
def test_a_fit_that_was_interrupted_goes_on_to_the_bit(tmp_path, X, monkeypatch, at):
    settings = {**SHORT, **CLUSTERING}  # 12 steps a layer, 24 of the whole, 20 of the clustering
    whole = DEC(5, **settings).fit(X)
    written, count = Checkpoints.write, 0

    def write_and_die(self, run):
        nonlocal count
        written(self, run)
        count += 1
        if count == at:
            raise Killed

    folder = {"checkpoint": str(tmp_path / "c"), "checkpoint_every": 0}
    monkeypatch.setattr(Checkpoints, "write", write_and_die)
    with pytest.raises(Killed):
        DEC(5, **settings, **folder).fit(X)
    monkeypatch.setattr(Checkpoints, "write", written)
    resumed = DEC(5, **settings, **folder, resume=True).fit(X)
    for name, tensor in whole.network_.state_dict().items():
        assert torch.equal(tensor, resumed.network_.state_dict()[name]), name
    np.testing.assert_array_equal(whole.cluster_centers_, resumed.cluster_centers_)
    np.testing.assert_array_equal(whole.labels_, resumed.labels_)
    assert whole.history_ == resumed.history_
    assert whole.n_iter_ == resumed.n_iter_
    assert not (tmp_path / "c").exists()


def test_a_checkpoint_of_other_settings_is_refused(tmp_path, X, monkeypatch):
    def die(self, run):
        raise KeyboardInterrupt

    folder = {"checkpoint": str(tmp_path), "checkpoint_every": 0}
    with monkeypatch.context() as patched:
        patched.setattr("quantal.training.progress_bar.ProgressBar.on_step", die)
        with pytest.raises(KeyboardInterrupt):  # which keeps what was reached
            AutoencoderKMeans(5, **SHORT, **folder).fit(X)
    with pytest.raises(ParameterError, match="other parameters or other data"):
        AutoencoderKMeans(4, **SHORT, **folder, resume=True).fit(X)


def test_a_collapse_names_its_remedy(X):
    with pytest.warns(CollapseWarning, match="Ask for fewer clusters, train the autoencoder"):
        model = AutoencoderKMeans(3, **SHORT).fit(np.vstack([X[:99], 1e4 * X[100:101]]))
    assert "dead clusters" in {finding.kind for finding in model.collapse_}


def test_a_rate_that_is_too_high_says_so(X):
    with pytest.raises(NonFiniteLossError, match=r"at step .* Lower learning_rate \(1e\+06\)"):
        DEC(5, **SHORT, pretrain_learning_rate=1e6).fit(X)


def test_automatic_lengths_are_the_published_ones_for_the_published_iterations():
    assert automatic.finetune_iterations("auto", 50_000) == 100_000
    assert automatic.decay_interval("auto", 50_000) == 20_000
    assert automatic.learning_rates("auto", 50_000, 4) == pytest.approx((0.1, 0.1))
    assert automatic.update_interval("auto", 70_000) == 160
    assert automatic.hidden_layer_sizes("auto", 70_000) == (500, 500, 2000)


def test_automatic_settings_of_small_data_are_smaller():
    lengths = [automatic.layer_iterations("auto", n) for n in (100, 1_000, 10_000, 70_000)]
    assert lengths == sorted(lengths)
    assert max(automatic.hidden_layer_sizes("auto", 100)) < 500
    assert automatic.learning_rates("auto", 100, 4) == (0.5, 0.125)
    assert automatic.learning_rates("auto", 80_000, 4) == pytest.approx((0.1, 0.1))
    assert automatic.learning_rates(0.3, 100, 4) == (0.3, 0.3)
    assert automatic.update_interval("auto", 100) == 20
    assert automatic.max_iterations("auto", 100) < automatic.max_iterations("auto", 70_000)

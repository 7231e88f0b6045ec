"""JULE: stages, results, networks for every form of rows, and what it refuses."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.metrics import adjusted_rand_score

import quantal
from quantal.clustering import JULE
from quantal.clustering.jule_stages import Merging
from quantal.errors import DataError, NonFiniteLossError, ParameterError
from quantal.metrics import clustering_accuracy
from quantal.training import loop
from quantal.training.batches import epoch_order

QUICK = {"n_epochs": 1, "n_channels": 8, "n_outputs": 16, "random_state": 0}


@pytest.fixture(scope="module")
def images():
    return load_digits().images[:240]


@pytest.fixture(scope="module")
def fitted(images):
    return JULE(6, unrolling_rate=0.5, **QUICK).fit(images)


def test_stages_merge_half_of_the_clusters_down_to_the_number_asked_for(fitted):
    sizes = fitted.stage_sizes_
    assert sizes[-1] == 6
    assert all(b == max(6, a - -(-a // 2)) for a, b in pairwise(sizes))
    assert len(fitted.history_["triplet"]) == len(sizes) - 1  # an epoch a stage
    assert len(np.unique(fitted.joint_labels_)) == 6


def test_every_stage_is_heard_with_its_embeddings_and_clusters(images):
    heard = []
    model = JULE(6, unrolling_rate=0.5, **QUICK)
    model.fit(images, on_stage=lambda rows, labels: heard.append((rows, labels)))
    assert [labels.max() + 1 for _, labels in heard] == model.stage_sizes_[1:]
    np.testing.assert_array_equal(heard[-1][0], model.embeddings_)
    assert adjusted_rand_score(heard[-1][1], model.joint_labels_) == 1


def test_labels_are_those_of_the_rerun_and_ordered_by_size(fitted):
    assert fitted.n_clusters_ == len(fitted.cluster_sizes_) == 6
    assert (np.diff(fitted.cluster_sizes_) <= 0).all()
    assert np.array_equal(np.bincount(fitted.labels_), fitted.cluster_sizes_)
    cut = fitted.tree_.cut(6)
    assert clustering_accuracy(cut, fitted.labels_) == 1
    assert len(np.unique(fitted.tree_.cut(20))) == 20


def test_the_joint_result_is_that_of_the_stages(images, fitted):
    joint = JULE(6, unrolling_rate=0.5, result="joint", **QUICK).fit(images)
    assert np.array_equal(joint.labels_, fitted.joint_labels_)


def test_rows_of_the_fit_are_predicted_as_they_were_labelled(images, fitted):
    assert np.array_equal(fitted.predict(images), fitted.labels_)
    assert np.array_equal(fitted.predict(images[7:9]), fitted.labels_[7:9])
    assert np.allclose(np.linalg.norm(fitted.transform(images), axis=1), 1, atol=1e-5)
    assert np.array_equal(fitted.transform(images), fitted.embeddings_)


def test_a_saved_model_gives_the_same(tmp_path, images, fitted):
    fitted.save(tmp_path / "model")
    loaded = quantal.load(tmp_path / "model")
    assert np.array_equal(loaded.predict(images), fitted.labels_)
    assert np.array_equal(loaded.tree_.cut(9), fitted.tree_.cut(9))
    assert loaded.stage_sizes_ == fitted.stage_sizes_


def test_channels_first_and_last_are_the_same_images():
    rng = np.random.default_rng(0)
    last = rng.integers(0, 256, size=(60, 8, 9, 3), dtype=np.uint8)
    first = np.ascontiguousarray(last.transpose(0, 3, 1, 2))
    a, b = (JULE(3, **QUICK).fit(x) for x in (last, first))
    assert a.embedder_.image_shape == b.embedder_.image_shape == (3, 8, 9)
    # The first clusters do not depend on the order of the columns, nor does anything after them.
    assert np.array_equal(a.labels_, b.labels_)


def test_flat_rows_with_a_shape_are_images(images, fitted):
    flat = images.reshape(len(images), -1)
    model = JULE(6, unrolling_rate=0.5, image_shape=(8, 8), **QUICK).fit(flat)
    assert np.array_equal(model.labels_, fitted.labels_)
    assert np.array_equal(model.predict(flat[:9]), fitted.labels_[:9])


def test_the_unit_of_the_pixels_does_not_matter(images):
    a, b = (JULE(4, **QUICK).fit(images[:100] * unit) for unit in (1.0, 256.0))
    assert np.array_equal(a.labels_, b.labels_)


def test_vectors_get_a_perceptron():
    x = load_digits().data[:150]
    model = JULE(4, hidden_layer_sizes=(32,), n_epochs=2, n_outputs=8, random_state=0).fit(x)
    assert model.embedder_.hidden_layer_sizes == (32,)
    assert np.array_equal(model.predict(x), model.labels_)


def test_the_number_of_clusters_can_be_left_open():
    rng = np.random.default_rng(1)
    x = np.repeat(rng.normal(size=(4, 12)) * 20, 40, axis=0) + rng.normal(size=(160, 12))
    model = JULE("auto", hidden_layer_sizes=(16,), n_epochs=9, n_outputs=8, random_state=0).fit(x)
    assert model.n_clusters_ == 4
    assert clustering_accuracy(np.repeat(np.arange(4), 40), model.labels_) == 1


@pytest.mark.parametrize("preset", ["torch", "caffe", "paper"])
def test_the_presets_of_the_codes_train(images, preset):
    model = JULE.from_preset(preset, n_clusters=5, **QUICK).fit(images[:120])
    assert model.n_clusters_ == 5
    assert preset in JULE.preset_names()


def test_fitting_twice_gives_the_same_and_leaves_the_global_state_alone(images):
    before = torch.random.get_rng_state()
    first, second = (JULE(5, **QUICK).fit(images[:100]).labels_ for _ in range(2))
    assert np.array_equal(first, second)
    assert torch.equal(torch.random.get_rng_state(), before)


class Killed(Exception):
    """Stands for the end of a process."""


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_fit_that_was_interrupted_goes_on_to_the_bit(tmp_path, images, monkeypatch, at):
    from quantal.training.checkpoint import Checkpoints

    settings = {**QUICK, "n_epochs": 2, "unrolling_rate": 0.7}
    whole = JULE(5, **settings).fit(images[:120])
    written = Checkpoints.write
    count = 0

    def write_and_die(self, run):
        nonlocal count
        written(self, run)
        count += 1
        if count == at:
            raise Killed

    folder = {"checkpoint": str(tmp_path / "c"), "checkpoint_every": 0}
    monkeypatch.setattr(Checkpoints, "write", write_and_die)
    with pytest.raises(Killed):
        JULE(5, **settings, **folder).fit(images[:120])
    monkeypatch.setattr(Checkpoints, "write", written)
    resumed = JULE(5, **settings, **folder, resume=True).fit(images[:120])
    assert np.array_equal(resumed.embeddings_, whole.embeddings_)
    assert np.array_equal(resumed.labels_, whole.labels_)
    assert resumed.history_ == whole.history_
    assert resumed.stage_sizes_ == whole.stage_sizes_


def test_every_stage_keeps_rows_of_its_own_clusters_together(images, monkeypatch):
    seen = []

    def spied(*arguments):
        order = epoch_order(*arguments)
        groups = arguments[-1]
        pairs = [np.bincount(groups.of_row[batch]) for batch in order]
        seen.append((int(groups.of_row.max()) + 1, np.mean([(n * (n - 1)).sum() for n in pairs])))
        return order

    monkeypatch.setattr(loop, "epoch_order", spied)
    model = JULE(6, rows_together=4, **{**QUICK, "batch_size": 24}).fit(images)
    assert [n_clusters for n_clusters, _ in seen] == model.stage_sizes_[:-1]
    assert seen[0][1] > 24  # ordered pairs; a permutation has about eight
    with pytest.raises(ParameterError, match="rows_together must be"):
        JULE(6, rows_together=0, **QUICK).fit(images)


def test_first_clusters_can_be_made_without_the_mean_image(images, monkeypatch):
    asked = []
    make = Merging.first_clusters
    monkeypatch.setattr(
        Merging,
        "first_clusters",
        lambda self, rows, *rest: asked.append(rows) or make(self, rows, *rest),
    )
    flat = images.reshape(len(images), -1)
    for centered in (False, True):
        JULE(6, centered=centered, **QUICK).fit(images)
    assert np.array_equal(asked[0], flat)
    centred = next(rows for rows in asked[1:] if rows.shape == flat.shape)
    assert np.allclose(centred, flat - flat.mean(axis=0), atol=1e-5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_clusters": 0}, "n_clusters must be"),
        ({"n_clusters": "some"}, "n_clusters must be"),
        ({"unrolling_rate": 0.0}, "unrolling_rate must be"),
        ({"result": "both"}, "result must be one of 'rerun', 'joint'"),
        ({"extraction": "batch"}, "extraction must be one of 'eval', 'train'"),
        ({"pools": "all"}, "pools must be 'auto' or a list with one of True and False"),
        ({"pools": [True, True, True]}, "too small for 3 blocks"),
        ({"padding": -1}, "padding must be"),
        ({"image_shape": (8, 9)}, r"image_shape must be .* whose product is 64"),
        ({"momentum": 2.0}, "momentum must be"),
        ({"positives": "none"}, "positives must be one of"),
    ],
)
def test_parameters_out_of_range_are_refused(images, wrong, message):
    with pytest.raises(ParameterError, match=message):
        JULE(**{"n_clusters": 4, **QUICK, **wrong}).fit(images[:50])


def test_a_last_step_that_breaks_the_network_is_named(images):
    # One epoch of one batch: no loss comes after the step that the check of losses could see.
    model = JULE(6, learning_rate=1e20, batch_size=240, **QUICK)
    with pytest.raises(NonFiniteLossError, match=r"last step of stage 1: learning_rate=1e\+20"):
        model.fit(images)


def test_settings_of_images_are_refused_for_vectors():
    with pytest.raises(ParameterError, match="pools is for images, and X holds vectors"):
        JULE(4, pools=[True]).fit(load_digits().data[:50])


def test_fewer_rows_than_clusters_are_refused(images):
    with pytest.raises(DataError, match="5 rows, fewer than n_clusters=9"):
        JULE(9).fit(images[:5])

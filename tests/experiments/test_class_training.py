"""Classifiers after clustering: closed forms, frozen models, seeds."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from quantal.clustering import IIC, IMSAT
from quantal.errors import DataError, ParameterError
from quantal.experiments import (
    ClassSplit,
    ClassTraining,
    fine_tuning,
    frozen_features,
    linear_evaluation,
)
from quantal.experiments.class_network import draw_anew, shift_and_mirror


class Given:
    """A fitted model whose features are the rows themselves."""

    def transform(self, rows):
        return rows


@pytest.fixture(scope="module")
def digits():
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8)[:700]
    labels = labels[:700].astype(np.int64)
    return ClassSplit(images[:400], labels[:400], images[400:], labels[400:])


@pytest.fixture(scope="module")
def model(digits):
    own = torch.random.get_rng_state()
    fitted = IIC(10, n_epochs=1, n_init=1, network="small", random_state=0).fit(digits.train)
    assert torch.equal(own, torch.random.get_rng_state())
    return fitted


def split_of(x, labels, n_train):
    return ClassSplit(x[:n_train], labels[:n_train], x[n_train:], labels[n_train:])


FAST = ClassTraining(learning_rate=0.01, n_epochs=40, batch_size=50)


def test_separable_features_are_told_apart_whatever_the_labels_are_called():
    rng = np.random.default_rng(0)
    labels = rng.choice([3, 7, 40], 400)
    x = np.eye(41, dtype=np.float32)[labels] + 0.05 * rng.normal(size=(400, 41)).astype(np.float32)
    score = linear_evaluation(Given(), split_of(x, labels, 300), "FC", FAST)
    assert score.accuracy == score.train_accuracy == 1.0
    assert score.loss < 0.2


def test_random_features_give_chance():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(3000, 5)).astype(np.float32)
    split = split_of(x, rng.integers(0, 4, 3000), 1000)
    assert abs(linear_evaluation(Given(), split, "FC", FAST).accuracy - 0.25) < 0.04


def test_it_finds_what_logistic_regression_finds(digits, model):
    training = ClassTraining(learning_rate=0.02, n_epochs=60)
    ours = linear_evaluation(model, digits, "FC", training)
    train, test = (frozen_features(model, x, "FC") for x in (digits.train, digits.test))
    peer = LogisticRegression(C=1e3, max_iter=300).fit(train, digits.train_labels)
    assert ours.train_accuracy == peer.score(train, digits.train_labels) == 1.0
    assert abs(ours.accuracy - peer.score(test, digits.test_labels)) < 0.03


def test_features_are_those_of_the_network_for_the_evaluation_view(digits, model):
    rows = digits.test[:300]
    seen = model.evaluation_views(rows)
    assert seen.shape == (300, 1, 7, 7) and seen.dtype == np.float32
    network, x = model.network_, torch.from_numpy(seen)
    with torch.no_grad():
        maps, logits = network.trunk.maps(x), network(x)
    expected = {
        "pixels": seen.reshape(300, -1),
        "Conv": maps.flatten(1).numpy(),
        "FC": model.transform(rows),
        "Y": logits.softmax(dim=1).numpy(),
    }
    for name, values in expected.items():
        np.testing.assert_allclose(frozen_features(model, rows, name), values, atol=1e-5)


def test_means_of_the_last_maps_are_the_features_of_a_residual_network(digits):
    rows = np.kron(digits.train[:20], np.ones((3, 3)))  # maps of more than one pixel
    fitted = IIC(2, n_epochs=1, n_init=1, network="small-residual", random_state=0).fit(rows)
    maps, means = (frozen_features(fitted, rows, f) for f in ("Conv", "FC"))
    assert maps.shape[1] > means.shape[1] == 128
    np.testing.assert_allclose(maps.reshape(20, 128, -1).mean(axis=2), means, atol=1e-5)


def test_other_clusterers_of_vectors_are_evaluated_as_well(digits):
    flat = ClassSplit(
        digits.train.reshape(400, -1),
        digits.train_labels,
        digits.test.reshape(300, -1),
        digits.test_labels,
    )
    clusterer = IMSAT(10, n_epochs=1, n_init=1, hidden_layer_sizes=(20,), random_state=0)
    clusterer.fit(flat.train)
    assert linear_evaluation(clusterer, flat, "FC", FAST).train_accuracy > 0.6
    with pytest.raises(ParameterError, match=r"Fine-tuning needs a named network of images"):
        fine_tuning(clusterer, flat, FAST)


def test_labels_never_reach_the_fitted_clusterer(digits, model):
    before = {k: v.clone() for k, v in model.network_.state_dict().items()}
    labels = model.predict(digits.test)
    short = ClassTraining(n_epochs=1)
    for features in ("pixels", "Y", "FC", "Conv"):
        linear_evaluation(model, digits, features, short)
    for start in ("pre-trained", "scratch"):
        fine_tuning(model, digits, short, start=start, augmented=True)
    after = model.network_.state_dict()
    assert all(torch.equal(before[k], after[k]) for k in before)
    assert all(p.grad is None for p in model.network_.parameters())
    np.testing.assert_array_equal(model.predict(digits.test), labels)


def test_fine_tuning_learns_the_classes_and_starts_where_the_clustering_ended(digits, model):
    training = ClassTraining(learning_rate=1e-3, n_epochs=6, batch_size=50)
    tuned = fine_tuning(model, digits, training)
    assert tuned.accuracy > 0.85
    assert fine_tuning(model, digits, training, start="scratch").accuracy > 0.5
    step = ClassTraining(learning_rate=1e-9, n_epochs=1)
    scores = [fine_tuning(model, digits, step, start=s) for s in ("pre-trained", "scratch")]
    assert scores[0].loss != scores[1].loss


@pytest.mark.parametrize("start", ["pre-trained", "scratch"])
def test_a_seed_gives_the_same_classifier_again(digits, model, start):
    def once(seed):
        training = ClassTraining(1e-3, n_epochs=1, seed=seed)
        score = fine_tuning(model, digits, training, start=start, augmented=True)
        return score.accuracy, score.loss

    own = torch.random.get_rng_state()
    assert once(3) == once(3) != once(4)
    assert torch.equal(own, torch.random.get_rng_state())


def test_filters_from_scratch_have_xavier_s_variance(model):
    import copy

    trunk = copy.deepcopy(model.network_.trunk)
    draw_anew(trunk, torch.Generator().manual_seed(0))
    for filters, norm in zip(trunk.filters, trunk.norms, strict=True):
        n_out, n_in, *sides = filters.shape
        variance = 2 / ((n_in + n_out) * sides[0] * sides[1])
        assert float(filters.var()) == pytest.approx(variance, rel=0.35)
        assert abs(float(norm.scale.mean()) - 1) < 0.02 and float(norm.offset.abs().max()) == 0
        assert float(norm.running_mean.abs().max()) == 0 and float(norm.running_var.min()) == 1


def test_images_are_shifted_by_at_most_four_pixels_and_filled_with_black():
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 4, 4] = 1.0
    change = shift_and_mirror((9, 9), False)
    moved = change(image.repeat(300, 1, 1, 1), torch.Generator().manual_seed(0))
    assert moved.shape == (300, 1, 9, 9) and set(moved.flatten().tolist()) == {0.0, 1.0}
    places = {divmod(int(i), 9) for i in moved.flatten(1).argmax(dim=1)}
    assert {r for r, _ in places} == {c for _, c in places} == set(range(9))
    assert float(moved.sum()) == 300


def test_half_of_the_images_are_mirrored_where_asked():
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, :, 5] = 1.0
    image[0, 0, :, 4] = 0.5
    batch = image.repeat(400, 1, 1, 1)
    whole = [shift_and_mirror((9, 9), m)(batch, torch.Generator().manual_seed(0)) for m in (0, 1)]
    row = [w[:, 0, 4] for w in whole]
    bright_right = [((r.argmax(1) - (r == 0.5).float().argmax(1)) == 1) for r in row]
    kept = [float(b[(r == 0.5).any(1) & (r == 1).any(1)].float().mean())
            for b, r in zip(bright_right, row, strict=True)]  # fmt: skip
    assert kept[0] == 1.0 and 0.4 < kept[1] < 0.6


def test_mistakes_are_named(digits, model):
    with pytest.raises(ParameterError, match=r"features must be one of .*Conv.* got 'Z'"):
        frozen_features(model, digits.test, "Z")
    with pytest.raises(ParameterError, match=r"start must be one of .*scratch.* got 'zero'"):
        fine_tuning(model, digits, start="zero")
    with pytest.raises(DataError, match=r"No training row is of class 5, which test rows have"):
        ClassSplit(digits.train[:2], np.array([0, 1]), digits.test[:1], np.array([5]))
    with pytest.raises(ParameterError, match="learning_rate"):
        ClassTraining(learning_rate=0.0)
    vectors = IIC(2, n_epochs=1, n_init=1, hidden_layer_sizes=(5,), random_state=0)
    vectors.fit(digits.train.reshape(400, -1)[:60])
    with pytest.raises(ParameterError, match=r"features='Conv' needs a network of convolutions"):
        frozen_features(vectors, digits.test.reshape(300, -1), "Conv")

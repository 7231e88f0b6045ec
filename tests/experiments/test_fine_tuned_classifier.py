"""A classifier that begins where a clustering ended, used as scikit-learn's are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score

from quantal.clustering import IIC, IMSAT
from quantal.errors import DataError, ParameterError
from quantal.experiments import ClassSplit, ClassTraining, FineTunedClassifier, fine_tuning

DIGITS = load_digits()
IMAGES, CLASSES = DIGITS.images[:600], DIGITS.target[:600]
SHORT = ClassTraining(learning_rate=1e-3, n_epochs=6, batch_size=50)


@pytest.fixture(scope="module")
def clusterer():
    return IIC(10, n_epochs=1, n_init=1, network="small", random_state=0).fit(IMAGES)


@pytest.fixture(scope="module")
def classifier(clusterer):
    return FineTunedClassifier(clusterer, SHORT).fit(IMAGES[:400], CLASSES[:400])


def test_it_tells_images_apart_that_it_did_not_see(classifier):
    assert classifier.score(IMAGES[400:], CLASSES[400:]) > 0.75
    np.testing.assert_array_equal(classifier.classes_, np.arange(10))
    assert len(classifier.history_["total"]) == 6
    assert classifier.history_["total"][-1] < classifier.history_["total"][0] / 2


def test_probabilities_are_those_of_the_network_and_name_the_classes(classifier, clusterer):
    proba = classifier.predict_proba(IMAGES[400:450])
    assert proba.shape == (50, 10) and proba.dtype == np.float32
    seen = torch.from_numpy(clusterer.evaluation_views(IMAGES[400:450]))
    with torch.no_grad():
        expected = classifier.network_(seen, "eval").softmax(dim=1).numpy()
    np.testing.assert_allclose(proba, expected, atol=1e-6)
    np.testing.assert_array_equal(classifier.predict(IMAGES[400:450]), expected.argmax(axis=1))


def test_classes_may_be_words(clusterer):
    words = np.where(CLASSES < 5, "low", "high")
    fitted = FineTunedClassifier(clusterer, SHORT).fit(IMAGES[:400], words[:400].tolist())
    assert fitted.classes_.tolist() == ["high", "low"]
    assert fitted.score(IMAGES[400:], words[400:]) > 0.8


def test_the_published_run_is_a_fit_and_a_score(classifier, clusterer):
    split = ClassSplit(IMAGES[:400], CLASSES[:400], IMAGES[400:], CLASSES[400:])
    found = fine_tuning(clusterer, split, SHORT)
    assert found.accuracy == classifier.score(IMAGES[400:], CLASSES[400:])
    assert found.train_accuracy == classifier.score(IMAGES[:400], CLASSES[:400])
    assert found.loss == classifier.history_["total"][-1]


def test_a_clone_shares_the_fitted_clusterer_and_validation_works(clusterer):
    one = FineTunedClassifier(clusterer, SHORT, start="scratch", augmented=True, mirrored=False)
    other = clone(one)
    assert other is not one and other.clusterer is clusterer
    assert other.get_params(deep=False) == one.get_params(deep=False)
    scores = cross_val_score(FineTunedClassifier(clusterer, SHORT), IMAGES, CLASSES, cv=2)
    assert scores.min() > 0.6


def test_neither_fit_nor_prediction_changes_the_clusterer(clusterer):
    before = {k: v.clone() for k, v in clusterer.network_.state_dict().items()}
    FineTunedClassifier(clusterer, SHORT, augmented=True).fit(IMAGES, CLASSES).predict(IMAGES)
    after = clusterer.network_.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_another_fit_of_the_clusterer_does_not_change_the_classifier():
    clusterer = IIC(10, n_epochs=1, n_init=1, network="small", random_state=0).fit(IMAGES)
    classifier = FineTunedClassifier(clusterer, SHORT).fit(IMAGES[:400], CLASSES[:400])
    before = classifier.predict_proba(IMAGES[400:])
    clusterer.fit(IMAGES * 100)
    np.testing.assert_array_equal(classifier.predict_proba(IMAGES[400:]), before)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            CLASSES[:-1],
            r"X has 600 rows, and the labels have shape \(599,\)\. Pass one class a row",
        ),
        (CLASSES[:, None], r"the labels have shape \(600, 1\)"),
        (np.linspace(0, 1, 600), r"The labels are no classes \(.*\)\. Pass integers or strings\."),
        (np.zeros(600, int), r"All rows are of class .*0.*Pass rows of two classes or more"),
        (np.array(["a", 1] * 300, object), r"The labels are no classes"),
        (np.where(CLASSES == 3, np.nan, CLASSES), r"The labels are no classes"),
    ],
)
def test_labels_that_are_no_classes_are_refused(clusterer, labels, message):
    with pytest.raises(DataError, match=message):
        FineTunedClassifier(clusterer, SHORT).fit(IMAGES, labels)


def test_a_fit_that_fails_leaves_the_classifier_unfitted(clusterer):
    classifier = FineTunedClassifier(clusterer, SHORT)
    with pytest.raises(DataError):
        classifier.fit(IMAGES, CLASSES[:-1])
    with pytest.raises(NotFittedError):
        classifier.predict(IMAGES)


def test_what_cannot_be_fine_tuned_is_refused(clusterer):
    vectors = IMSAT(2, n_epochs=1, n_init=1, hidden_layer_sizes=(5,), random_state=0)
    vectors.fit(IMAGES.reshape(600, -1))
    with pytest.raises(ParameterError, match=r"Fine-tuning needs a named network of images"):
        FineTunedClassifier(vectors, SHORT).fit(IMAGES.reshape(600, -1), CLASSES)
    with pytest.raises(ParameterError, match=r"Fine-tuning needs a named network of images"):
        FineTunedClassifier(KMeans(2).fit(IMAGES.reshape(600, -1)), SHORT).fit(IMAGES, CLASSES)
    with pytest.raises(NotFittedError):
        FineTunedClassifier(IIC(10), SHORT).fit(IMAGES, CLASSES)
    with pytest.raises(NotFittedError):
        FineTunedClassifier(clusterer, SHORT).predict(IMAGES)
    with pytest.raises(ParameterError, match=r"start must be one of .*scratch.* got 'zero'"):
        FineTunedClassifier(clusterer, SHORT, start="zero").fit(IMAGES, CLASSES)

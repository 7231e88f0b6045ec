"""A classifier of images whose network begins where a clustering ended."""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from ..errors import DataError, ParameterError, require_choice
from .class_training import ClassScore, ClassSplit, ClassTraining

STARTS = ("pre-trained", "scratch")


class FineTunedClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Classes of images, learned from a clustering and few labels.

    A copy of the clusterer's network gets a new output and is trained as a whole by the
    cross-entropy of the labelled images.

    Args:
        clusterer: a fitted `quantal.clustering.IIC` of images with a named network; it stays as
            it is, and a clone of the classifier shares it.
        training: see `ClassTraining`; the paper has a learning rate of 1e-4 where the network is
            pre-trained, 1e-3 from scratch.
        start: "pre-trained": the fit's filters and batch norms; "scratch": Xavier-normal filters,
            scales of the batch norms normal about 1 with deviation 0.02. The output is new in
            both, normal with deviation 0.02.
        augmented: shift the images by up to 4 pixels in each direction, filled with black, and
            mirror them.
        mirrored: whether ``augmented`` mirrors half of the images; leave it out for digits.

    Attributes:
        clusterer_: Copy of the clusterer, which prepares images as it did at this fit.
        classes_: The labels, sorted, shape (k,).
        network_: The trained network.
        history_: Mean cross-entropy of every epoch, nats, under "total".
        training_seconds_: How long the steps took.

    Source: Peng, Pedersoli, Desrosiers 2019, Table 3.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import IIC
        >>> from quantal.experiments import ClassTraining, FineTunedClassifier
        >>> images, classes = load_digits().images, load_digits().target
        >>> clusterer = IIC(10, network="small", n_epochs=1, n_init=1, random_state=0).fit(images)
        >>> training = ClassTraining(learning_rate=1e-3, n_epochs=5, batch_size=20)
        >>> classifier = FineTunedClassifier(clusterer, training).fit(images[:300], classes[:300])
        >>> classifier.predict(images[300:]).shape
        (1497,)
    """

    def __init__(
        self,
        clusterer: Any,
        training: ClassTraining | None = None,
        *,
        start: str = "pre-trained",
        augmented: bool = False,
        mirrored: bool = True,
    ) -> None:
        self.clusterer = clusterer
        self.training = training
        self.start = start
        self.augmented = augmented
        self.mirrored = mirrored

    def __sklearn_clone__(self) -> FineTunedClassifier:
        """Return an unfitted classifier with the same, fitted clusterer."""
        return type(self)(**self.get_params(deep=False))

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the classes of labelled images.

        Args:
            X: images as the clusterer's fit took them; they need not be among its rows.
            y: their classes, shape (n,), integers or strings, of at least two kinds.

        Raises:
            DataError: The labels do not fit the images, or are no classes.
            ParameterError: Unknown start, or a network that cannot be fine-tuned.
            NotFittedError: The clusterer is not fitted.
        """
        from .class_network import image_network, shift_and_mirror, trained

        require_choice("start", self.start, STARTS)
        check_is_fitted(self.clusterer)
        trunk = _trunk_of(self.clusterer)
        seen = self.clusterer.evaluation_views(X)
        classes, targets = _classes(y, len(seen))
        training = self.training or ClassTraining()
        anew = self.start == "scratch"
        network = image_network(trunk, len(classes), training.seed, anew=anew)
        change = shift_and_mirror(seen.shape[2:], self.mirrored) if self.augmented else None
        self.history_, self.training_seconds_ = trained(network, seen, targets, training, change)
        self.network_, self.classes_ = network, classes
        self.clusterer_ = copy.deepcopy(self.clusterer)  # a later fit of it would change the views
        self.n_features_in_ = self.clusterer.n_features_in_
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the probability of each class of `classes_`, shape (n, k), float32."""
        from .class_network import in_blocks

        check_is_fitted(self)
        device = self.network_.output.device
        seen = self.clusterer_.evaluation_views(X)
        return in_blocks(seen, lambda x: self.network_(x.to(device)).softmax(dim=1))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likeliest class of each image, shape (n,), of the labels' type."""
        likeliest = self.predict_proba(X).argmax(axis=1)
        found: NDArray[Any] = self.classes_[likeliest]
        return found


def fine_tuning(
    model: Any,
    split: ClassSplit,
    training: ClassTraining | None = None,
    *,
    start: str = "pre-trained",
    augmented: bool = False,
    mirrored: bool = True,
) -> ClassScore:
    """Fit a `FineTunedClassifier` and judge it on the test rows.

    Args:
        model: the fitted clusterer.
        split: rows and labels.
        training: as the classifier takes it, like the rest.
        start: "pre-trained" or "scratch".
        augmented: whether images are shifted.
        mirrored: whether they are mirrored too.

    Raises:
        ParameterError: Unknown start, or a network that cannot be fine-tuned.

    Source: Peng, Pedersoli, Desrosiers 2019, Table 3.
    """
    classifier = FineTunedClassifier(
        model, training, start=start, augmented=augmented, mirrored=mirrored
    )
    classifier.fit(split.train, split.train_labels)
    return ClassScore(
        accuracy=float(classifier.score(split.test, split.test_labels)),
        train_accuracy=float(classifier.score(split.train, split.train_labels)),
        loss=classifier.history_["total"][-1],
        seconds=classifier.training_seconds_,
    )


def _trunk_of(clusterer: Any) -> Any:
    trunk = getattr(getattr(clusterer, "network_", None), "trunk", None)
    if not hasattr(trunk, "filters"):
        raise ParameterError(
            "Fine-tuning needs a named network of images, such as network='small'; this model's "
            "reads vectors or is a module of your own."
        )
    return trunk


def _classes(y: ArrayLike, n_rows: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the classes, sorted, at least two, and the number of each row's."""
    labels = np.asarray(y)
    if labels.shape != (n_rows,):
        raise DataError(
            f"X has {n_rows} rows, and the labels have shape {labels.shape}. Pass one class a row."
        )
    try:
        check_classification_targets(labels)
        classes, numbers = np.unique(labels, return_inverse=True)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"The labels are no classes ({str(error).splitlines()[0]}). Pass integers or strings."
        ) from None
    if len(classes) < 2:
        raise DataError(f"All rows are of class {classes[0]!r}. Pass rows of two classes or more.")
    return classes, numbers

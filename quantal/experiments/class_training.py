"""Classifiers on what a clustering learned: the first networks of the package that see labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, ParameterError, require_choice, require_range

FEATURES = ("pixels", "Y", "FC", "Conv")


@dataclass(frozen=True, eq=False)
class ClassSplit:
    """Rows with labels to learn from, and others to be judged on.

    Attributes:
        train: (n, d) rows as the clustering got them.
        train_labels: (n,) integers.
        test: (m, d) rows.
        test_labels: (m,) integers, each among those of ``train_labels``.
    """

    train: Any
    train_labels: NDArray[np.int64]
    test: Any
    test_labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        unknown = np.setdiff1d(self.test_labels, self.train_labels)
        if len(unknown):
            raise DataError(
                f"No training row is of class {unknown[0]}, which test rows have. Pass more "
                "training rows."
            )

    @property
    def n_classes(self) -> int:
        """Different classes among the training rows."""
        return len(np.unique(self.train_labels))


@dataclass(frozen=True)
class ClassTraining:
    """How a classifier is trained; the defaults are the published ones.

    Attributes:
        learning_rate: Adam's step size.
        n_epochs: passes over the training rows.
        batch_size: rows of a step.
        seed: of the order of rows, the new weights and the changes.
        device: "auto", "cpu", "cuda", ...

    Source: Peng, Pedersoli, Desrosiers 2019, Tables 3 and 4, and their code.
    Differs: fine-tuning takes the rows in random order; the code takes them as they lie.
    """

    learning_rate: float = 1e-4
    n_epochs: int = 300
    batch_size: int = 100
    seed: int = 0
    device: str = "auto"

    def __post_init__(self) -> None:
        require_range("learning_rate", self.learning_rate, low=0, low_open=True)
        require_range("n_epochs", self.n_epochs, low=1, integer=True)
        require_range("batch_size", self.batch_size, low=1, integer=True)
        require_range("seed", self.seed, low=0, integer=True)


@dataclass(frozen=True)
class ClassScore:
    """How well classes were learned.

    Attributes:
        accuracy: share of the test rows whose class was found, after the last epoch.
        train_accuracy: the same of the training rows.
        loss: mean cross-entropy of the last epoch, in nats.
        seconds: wall-clock time of the training.
    """

    accuracy: float
    train_accuracy: float
    loss: float
    seconds: float


def frozen_features(model: Any, rows: Any, features: str) -> NDArray[np.float32]:
    """Describe rows by a fitted clusterer, which stays as it is.

    Args:
        model: a fitted `quantal.clustering.IIC`; "Y" and "FC" take any network clusterer.
        rows: (n, d) or images, as the fit took them.
        features: "Y": probabilities of the clusters; "FC": what the heads read (`transform`);
            "Conv": the last maps of the convolutions, which for a network without a pooling of
            whole maps are "FC"; "pixels": what the network sees, to compare with.

    Returns:
        (n, m) float32.

    Raises:
        ParameterError: unknown features, or "Conv" of a network without convolutions.
    """
    require_choice("features", features, FEATURES)
    if features == "Y":
        return np.asarray(model.predict_proba(rows), dtype=np.float32)
    if features == "FC":
        return np.asarray(model.transform(rows), dtype=np.float32)
    seen: NDArray[np.float32] = model.evaluation_views(rows)
    if features == "pixels":
        return seen.reshape(len(seen), -1)
    trunk: Any = getattr(model.network_, "trunk", None)
    if not hasattr(trunk, "maps"):
        raise ParameterError(
            "features='Conv' needs a network of convolutions, such as network='small'. "
            "Use 'FC', the features of any network."
        )
    from .class_network import in_blocks

    device = model.network_.output.device
    return in_blocks(seen, lambda x: trunk.maps(x.to(device)).flatten(1))


def linear_evaluation(
    model: Any, split: ClassSplit, features: str, training: ClassTraining | None = None
) -> ClassScore:
    """Train a linear classifier on frozen features: how well do they tell classes apart?

    Args:
        model: a fitted clusterer; no parameter of it changes.
        split: rows and labels.
        features: see `frozen_features`.
        training: see `ClassTraining`.

    Source: Peng, Pedersoli, Desrosiers 2019, Table 4.
    """
    from .class_network import in_blocks, linear_network, trained

    train, test = (frozen_features(model, rows, features) for rows in (split.train, split.test))
    training = training or ClassTraining()
    classes, targets = np.unique(split.train_labels, return_inverse=True)
    network = linear_network(train.shape[1], split.n_classes, training.seed)
    history, seconds = trained(network, train, targets, training)
    device = network.output.device

    def share(x: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
        found = classes[in_blocks(x, lambda part: network(part.to(device))).argmax(axis=1)]
        return float((found == labels).mean())

    return ClassScore(
        accuracy=share(test, split.test_labels),
        train_accuracy=share(train, split.train_labels),
        loss=history["total"][-1],
        seconds=seconds,
    )

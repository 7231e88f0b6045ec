"""The partition at which a fit's own stages ended, where its ``labels_`` come from a rerun."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, ParameterError
from .learned import learned_model


class JointLabels:
    """A method for recipes: labels that a fit kept for ``learned_by`` holds beside its own.

    JULE's stages end in a partition (OURS-SF in its paper), and clustering the learned rows once
    more in another (OURS-RC). One fit gives both; a recipe scores one.

    Args:
        recipe: whose fit it is, the same as ``learned_by``.
        random_state: seed of that fit.

    Attributes:
        labels_: cluster of each row, shape (n,), int64, from `fit` on.
    """

    def __init__(self, recipe: str, random_state: int) -> None:
        self.recipe = recipe
        self.random_state = random_state

    def fit(self, rows: Any) -> Self:
        """Take the labels over.

        Args:
            rows: the fit's rows in their order, as its network embeds them; only counted.

        Raises:
            ParameterError: The recipe's method has no such labels.
            DataError: The rows are others.
        """
        model = learned_model(self.recipe, self.random_state)
        labels: NDArray[np.int64] | None = getattr(model, "joint_labels_", None)
        if labels is None:
            raise ParameterError(
                f"{self.recipe} has no labels of its stages. Name a recipe of the method jule."
            )
        if len(labels) != len(rows):
            raise DataError(
                f"{self.recipe} has labels of {len(labels)} rows, got {len(rows)}. Name its own "
                "data set."
            )
        self.labels_ = labels
        return self

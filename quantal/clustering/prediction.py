"""Clusters, probabilities and embeddings of any rows from a fitted network."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from ..estimators import NetworkEstimator, blockwise
from ..networks import MLP
from ..training.rows import Rows


def log_probabilities(network: MLP, rows: Rows) -> NDArray[np.float32]:
    """Return log-probabilities of all rows in ``eval`` mode, shape (n, k), float32."""
    bound = network.bind()
    return blockwise(rows, lambda x: bound(x, "eval").log_softmax(dim=1))


class ProbablePrediction(ABC):
    """Mixin with what follows from the probabilities of the clusters."""

    @abstractmethod
    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the logarithm of `predict_proba`, shape (n, n_clusters), float32."""

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the cluster of each row, shape (n,), int64; equals ``labels_`` on the fit's X."""
        labels: NDArray[np.int64] = self.predict_log_proba(X).argmax(axis=1)
        return labels

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the probability of each cluster, shape (n, n_clusters), float32.

        Dense rows only: scikit-learn's contract takes anything that gives probabilities of sparse
        rows for a classifier. `predict_log_proba` takes both.

        Raises:
            TypeError: ``X`` is sparse.
        """
        if sp.issparse(X):
            raise TypeError(
                "predict_proba takes dense rows, got a sparse matrix. Use "
                "numpy.exp(model.predict_log_proba(X)), or pass X.toarray()."
            )
        return np.exp(self.predict_log_proba(X))


class NetworkPrediction(ProbablePrediction, NetworkEstimator):
    """Mixin with what a fitted network gives for any rows."""

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the logarithm of `predict_proba`, shape (n, n_clusters), float32."""
        rows = self._rows_to_read(X)
        return log_probabilities(self.network_, rows)

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the last hidden activations, shape (n, width); for a linear model the logits."""
        rows = self._rows_to_read(X)
        network = self.network_.bind()
        linear = not len(self.network_.norms)
        function = network if linear else network.embed
        return blockwise(rows, lambda x: function(x, "eval"))

"""Choosing a sub-head, and what a network trained on pairs gives for any rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted
from torch import Tensor

from ..errors import ParameterError
from ..estimators import blockwise
from ..estimators.pixel_unit import require_range_of_fit
from ..training import Run
from ..training.collapse import REMEDIES
from ..training.rows import Rows
from .cluster_order import by_size
from .head_judgement import Judgement, column_order, judged, matching
from .head_layout import BoundHead, Head
from .information_merging import merge_by_information
from .pair_training import PairTraining

PAIR_REMEDIES = {
    "low marginal entropy": "Train longer (n_epochs), raise entropy_weight to 1.5, lower the "
    "weights of regularization, or try another random_state.",
    "dead clusters": "Ask for fewer clusters, train longer (n_epochs), raise entropy_weight to "
    "1.5, or try another random_state.",
    "undecided": "Train longer (n_epochs), or choose a milder transformation.",
}
"""What to do about each kind of collapse where only the information of pairs is maximised."""


ClusterOrder = Callable[[NDArray[np.int64], int, int], NDArray[np.int64]]


def by_size_of_best(labels: NDArray[np.int64], best: int, k: int) -> NDArray[np.int64]:
    """Return the order of the best sub-head's clusters by size; labels are (n_subheads, n)."""
    return by_size(labels[best], k)[1]


def as_first_was(labels: NDArray[np.int64], best: int, k: int) -> NDArray[np.int64]:
    """Return the order in which the best sub-head's clusters match those of the first so far."""
    return matching(labels[0], labels[best], k)


class PairPrediction(PairTraining):
    """Mixin with the judgement of a fit and the predictions of `quantal.clustering.IIC`."""

    overcluster_joint_: NDArray[np.float32]

    def _judge(self, rows: Rows, run: Run) -> float:
        """Return the best sub-head's loss on all rows, with the penalty of the last epoch."""
        losses = self._judged(run.network, rows, self._layout.clusters).losses(self._terms_of_fit)
        penalty = run.progress.history.get("penalty", [0.0])[-1]
        squares = sum(float(p.detach().square().sum()) for p in run.network.parameters())
        return float(losses.min()) + penalty + 0.5 * self.weight_decay * squares

    def _judged(self, network: Any, rows: Rows, head: Head) -> Judgement:
        bound = BoundHead(network.bind(), head)
        return judged(bound, self._terms_of_fit, rows, self._views.first, self._seed)

    def _remedies(self) -> Mapping[str, str]:
        return REMEDIES if self._information_weights().get("inputs") else PAIR_REMEDIES

    def _conclude(self, rows: Rows) -> None:
        with torch.no_grad():
            for head in self._layout.heads:
                self._sort_columns(rows, head, by_size_of_best)
        self._describe_rows(rows)

    def _conclude_pass(self, rows: Rows) -> None:
        with torch.no_grad():
            for head in self._layout.heads if self.n_subheads > 1 else ():
                self._sort_columns(rows, head, as_first_was)
        self._describe_rows(rows)

    def _sort_columns(self, rows: Rows, head: Head, order_of: ClusterOrder) -> None:
        """Put the best sub-head first, its clusters in order, the others' matched to it.

        The optimiser's averages, from which `partial_fit` goes on, move along.
        """
        losses = self._judged(self.network_, rows, head).losses(self._terms_of_fit)
        best = int(losses.argmin())
        labels = self._log_probabilities(rows, head).argmax(axis=2)
        order = order_of(labels, best, head.n_clusters)
        columns = torch.from_numpy(column_order(head, best, labels, order)).to(self._device)
        states = (getattr(self, "_optimizer_state", None) or {"state": {}})["state"]
        for number, parameter in enumerate(self.network_.parameters()):
            if parameter is self.network_.output or parameter is self.network_.bias:
                averages = [t for t in states.get(number, {}).values() if t.ndim]
                for tensor in (parameter, *averages):
                    tensor[..., head.columns] = tensor[..., columns]

    def _describe_rows(self, rows: Rows) -> None:
        self.balance_ = float(self.balance)
        log_p = self._combined(self._log_probabilities(rows, self._layout.clusters))
        self.labels_ = log_p.argmax(axis=1)
        self._describe(log_p)
        over = self._layout.overclusters
        if over is not None:
            self.overclusters_ = self._log_probabilities(rows, over)[0].argmax(axis=1)
            self.overcluster_joint_ = self._judged(self.network_, rows, over).joint[0].cpu().numpy()
        del self._terms_of_fit  # a radius for every row, of no use after the fit

    def _require_unit_of_fit(self, x: Any) -> None:
        if self._has_layout():
            require_range_of_fit(x, self.preparation_)

    def _log_probabilities(self, rows: Rows, head: Head) -> NDArray[np.float32]:
        """Return log-probabilities of all rows by each sub-head, (n_subheads, n, k)."""
        bound = BoundHead(self.network_.bind(), head)

        def function(x: Tensor) -> Tensor:
            log_p = bound(self._views.evaluation(x), "eval")
            return log_p.transpose(0, 1).flatten(1)

        flat = blockwise(rows, function)
        return flat.reshape(len(flat), head.n_subheads, head.n_clusters).transpose(1, 0, 2)

    def _combined(self, log_p: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the best sub-head's log-probabilities, or those of the sub-heads' mean."""
        best: NDArray[np.float32] = log_p[0]
        if self.subheads == "best" or len(log_p) == 1:
            return best
        total: NDArray[np.float32] = np.logaddexp.reduce(log_p, axis=0)
        return total - np.float32(np.log(len(log_p)))

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the logarithm of `predict_proba`, shape (n, n_clusters), float32."""
        rows = self._rows_to_read(X)
        return self._combined(self._log_probabilities(rows, self._layout.clusters))

    def predict_overclusters(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the finer cluster of each row, shape (n,), int64, by the over-clustering head.

        Raises:
            ParameterError: The model has no such head.
        """
        rows = self._rows_to_read(X)
        labels: NDArray[np.int64] = self._log_probabilities(rows, self._overclusters_head())[
            0
        ].argmax(axis=1)
        return labels

    def merge_overclusters(self, n_clusters: int) -> NDArray[np.int64]:
        """Merge the finer clusters into fewer, losing as little of I(Y;Y~) as possible.

        ``model.merge_overclusters(20)[model.overclusters_]`` are the labels of the fit's rows.

        Args:
            n_clusters: groups wanted, 1 to ``n_overclusters``.

        Returns:
            Group of each finer cluster, shape (n_overclusters,), int64; see
            `merge_by_information`.

        Raises:
            ParameterError: The model has no such head, or the number is out of range.
        """
        check_is_fitted(self)
        self._overclusters_head()
        return merge_by_information(self.overcluster_joint_, n_clusters)

    def _overclusters_head(self) -> Head:
        over = self._layout.overclusters
        if over is None:
            raise ParameterError(
                "The model has no over-clustering head. Fit it with n_overclusters, several times "
                "n_clusters."
            )
        return over

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the network's features before its heads, shape (n, n_features), float32."""
        rows = self._rows_to_read(X)
        network = self.network_.bind()
        linear = not len(self.network_.norms)
        function = network if linear else network.embed
        return blockwise(rows, lambda x: function(self._views.evaluation(x), "eval"))

    def evaluation_views(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return what the network sees of each row when it predicts.

        Returns:
            Images (n, channels, height, width) in [0, 1], or (n, d) prepared vectors, float32.
        """
        flat = blockwise(self._rows_to_read(X), self._views.evaluation)
        shape = self._views.image_shape
        return flat if shape is None else flat.reshape(-1, *shape)

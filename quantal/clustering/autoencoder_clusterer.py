"""What clusterers on an autoencoder share: pre-training, codes, k-means on them, the fit."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..data.mean_square import mean_square_preparation
from ..data.preparation import SCALINGS, learn_preparation
from ..errors import CollapseWarning, DataError, require_choice, require_range
from ..estimators import RowReader, blockwise, data_fingerprint
from ..estimators.input_rows import len_of
from ..estimators.joint_fit import begun_with, checkpoints_of
from ..estimators.pixel_unit import require_unit_of_fit
from ..estimators.training_parameters import require_run_parameters
from ..networks import Autoencoder
from ..threads import on_one_thread
from ..training import (
    Checkpoints,
    Collapse,
    ProgressBar,
    RunSequence,
    diagnose,
    resolve_device,
    resolve_dtype,
)
from ..training.randomness import PURPOSES, derived_generator, derived_seed, seed_from
from ..training.rows import Rows
from . import autoencoder_defaults as automatic
from .autoencoder_folder import AutoencoderFolder
from .embedded_kmeans import KMeansPlan, kmeans
from .layerwise_pretraining import Pretraining

KMEANS_PURPOSE = 7
MEAN_SQUARE = "mean_square"
REMEDIES = {
    "low marginal entropy": "Train the autoencoder longer (pretrain_iterations), lower "
    "pretrain_learning_rate, or try another random_state.",
    "dead clusters": "Ask for fewer clusters, train the autoencoder longer "
    "(pretrain_iterations), or try another random_state.",
    "undecided": "Train the autoencoder longer (pretrain_iterations), or allow more "
    "max_iterations.",
}


class AutoencoderClusterer(
    RowReader,
    AutoencoderFolder,
    ClusterMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
    ABC,
):
    """Base of DEC and AutoencoderKMeans; see those. Subclasses hold the parameters."""

    # The subclasses' constructors store these; annotated here for the shared code.
    hidden_layer_sizes: Any
    dropout: float
    scaling: str
    pretrain_iterations: Any
    finetune_iterations: Any
    decay_interval: Any
    pretrain_learning_rate: Any
    momentum: float
    batch_size: int
    n_init: int
    random_state: Any
    checkpoint: str | None
    checkpoint_every: float
    resume: bool
    verbose: int

    network_: Autoencoder
    collapse_: list[Collapse]

    @abstractmethod
    def _cluster(self, rows: Rows, sequence: RunSequence, seed: int) -> None:
        """Set ``cluster_centers_`` from the codes, and train further if the method does."""

    @abstractmethod
    def _conclude(self, rows: Rows) -> None:
        """Order the centres by the size of their clusters; set labels, sizes and figures."""

    def _more_iterations(self, n_rows: int) -> int:  # noqa: ARG002
        """Return the most steps that `_cluster` takes."""
        return 0

    def _require_parameters(self) -> None:
        for name in ("n_clusters", "batch_size", "n_init"):
            require_range(name, getattr(self, name), low=1, integer=True)
        require_range("n_components", self.n_components, low=1, high=65_536, integer=True)
        require_range("dropout", self.dropout, low=0, high=0.95)
        require_range("momentum", self.momentum, low=0, high=1)
        automatic.learning_rates(self.pretrain_learning_rate, 1, 1)
        require_choice("scaling", self.scaling, (MEAN_SQUARE, *SCALINGS))
        require_run_parameters(self)

    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Learn codes and clusters of the rows of ``X``.

        Args:
            X: (n, d) vectors, or (n, h, w) or (n, h, w, c) images of any real dtype: array, memory
                map or SciPy sparse matrix; or what `quantal.features.open_features` takes or gives.
            y: accepted and never read.

        Raises:
            DataError: The rows cannot be used: nan, fewer than n_clusters, all identical.
            ParameterError: A parameter is out of its range.
            NonFiniteLossError: Training broke down.
        """
        self._require_parameters()
        x = self._read(X, reset=True)
        if len_of(x) < self.n_clusters:
            raise DataError(
                f"X has n_samples={len_of(x)} rows, fewer than n_clusters={self.n_clusters}. "
                "Ask for fewer clusters, or pass more rows."
            )
        seed = seed_from(self.random_state)
        pretraining = self._set_up(x, seed)
        rows = Rows(x, self.preparation_, self._device)
        network = self._make_network(derived_generator(seed, PURPOSES["network"]))
        checkpoints = checkpoints_of(self, seed, {"data": data_fingerprint(x)})
        self._train(network.to(self._device), pretraining, rows, seed, checkpoints)
        self._conclude(rows)
        self.data_ = data_fingerprint(x)
        if checkpoints is not None:
            checkpoints.clear()
        for finding in self.collapse_:
            warnings.warn(finding.message, CollapseWarning, stacklevel=2)
        return self

    def _set_up(self, x: Any, seed: int) -> Pretraining:
        """Learn what precedes the network, and what "auto" means for these rows."""
        n_rows = len_of(x)
        begun = begun_with(self)
        self._device = resolve_device(begun.get("device", self.device))
        self.hidden_layer_sizes_ = automatic.hidden_layer_sizes(self.hidden_layer_sizes, n_rows)
        precision = begun.get("precision", self.precision)
        self._dtype = resolve_dtype(precision, self._device, self.hidden_layer_sizes_)
        if self.scaling == MEAN_SQUARE:
            self.preparation_ = mean_square_preparation(x)
        else:
            self.preparation_ = learn_preparation(x, self.scaling)
        n_iterations = automatic.layer_iterations(self.pretrain_iterations, n_rows)
        layer_rate, whole_rate = automatic.learning_rates(
            self.pretrain_learning_rate, n_iterations, len(self.hidden_layer_sizes_) + 1
        )
        return Pretraining(
            layer_iterations=n_iterations,
            finetune_iterations=automatic.finetune_iterations(
                self.finetune_iterations, n_iterations
            ),
            decay_interval=automatic.decay_interval(self.decay_interval, n_iterations),
            dropout=float(self.dropout),
            layer_rate=layer_rate,
            whole_rate=whole_rate,
            momentum=float(self.momentum),
            batch_size=int(self.batch_size),
            seed=seed,
            dtype=self._dtype,
        )

    def _train(
        self,
        network: Autoencoder,
        pretraining: Pretraining,
        rows: Rows,
        seed: int,
        checkpoints: Checkpoints | None,
    ) -> None:
        total = pretraining.n_steps(network)
        with ProgressBar(type(self).__name__, 1, shown=bool(self.verbose)) as bar:
            bar.training(total + self._more_iterations(len(rows)))
            sequence = RunSequence(bar, checkpoints, resume=self.resume)
            pretraining.run(network, rows, sequence)
            self.network_ = network
            self._cluster(rows, sequence, seed)
        self.history_ = sequence.history

    def _codes(self, rows: Rows, dtype: torch.dtype = torch.float32) -> NDArray[np.float32]:
        return blockwise(rows, self.network_.bind(dtype).encode)

    def _kmeans_centers(self, rows: Rows, seed: int) -> NDArray[np.float32]:
        """Return the centres of k-means on the codes, the best of ``n_init`` starts."""
        generator = np.random.default_rng(derived_seed(seed, KMEANS_PURPOSE))
        plan = KMeansPlan(int(self.n_clusters), n_init=int(self.n_init))
        with on_one_thread():  # the order of sums, hence the last bit, depends on the threads
            found = kmeans(self._codes(rows), plan, generator)
        return np.asarray(found.centers, np.float32)

    def _findings(self, conditional: float, marginal: float) -> list[Collapse]:
        """Return what the sizes and the entropies of the assignments say is wrong."""
        shares = self.cluster_sizes_ / self.cluster_sizes_.sum()
        even = np.full(len(shares), 1 / len(shares))
        return diagnose(shares, conditional, marginal, even, REMEDIES)

    def _rows_to_read(self, X: ArrayLike) -> Rows:
        check_is_fitted(self)
        x = self._read(X, reset=False)
        require_unit_of_fit(self, x, self.preparation_)
        return Rows(x, self.preparation_, self._device, hold=False)

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the code of each row, shape (n, n_components), float32."""
        return self._codes(self._rows_to_read(X))

"""DEC: deep embedded clustering."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..errors import require_range
from ..estimators import NetworkFolder
from ..objectives import (
    conditional_entropy,
    kl_divergence,
    marginal_entropy,
    sharpened_target,
)
from ..training import RunSequence
from ..training.randomness import derived_seed
from ..training.rows import Rows
from . import autoencoder_defaults as automatic
from .autoencoder_clusterer import AutoencoderClusterer
from .cluster_order import by_size
from .embedded_refinement import TARGET, EmbeddedClusters, Refinement, log_assignments
from .prediction import ProbablePrediction

REFINEMENT_PURPOSE = 8


class DEC(ProbablePrediction, AutoencoderClusterer):
    """Deep embedded clustering: an encoder and centres among its codes, sharpened together.

    An autoencoder is trained layer by layer to undo dropout, then as a whole; k-means on its codes
    gives the first centres. Then encoder and centres are trained to minimise KL[p || q], where q
    are the soft assignments of the codes to the centres by Student's t-distribution and p is a
    sharper version of them, refreshed now and then.

    Args:
        n_clusters: number of clusters, >= 1.
        hidden_layer_sizes: widths of the encoder before the code, or "auto": (500, 500, 2000), and
            (64, 64, 256) below 2,000 rows; the decoder has them reversed.
        n_components: numbers of the code.
        dropout: share of each layer's input (but the data) and ReLU output that is set to 0 while
            the layer is pre-trained.
        scaling: "mean_square" (one unit for all columns, so that rows have a mean square of 1),
            "global", "columns" or "none"; see `quantal.data.Preparation`.
        pretrain_iterations: steps of each layer's pre-training, or "auto"; published: 50,000.
        finetune_iterations: steps of the whole autoencoder, or "auto": twice those of a layer.
        decay_interval: steps after which pre-training divides its learning rate by 10, or "auto":
            2/5 of ``pretrain_iterations``; published: 20,000.
        pretrain_learning_rate: of pre-training's first step, or "auto": 0.1 for the published
            50,000 iterations, and more for fewer; biases have twice it.
        n_init: restarts of k-means.
        degrees: degrees of freedom of Student's t (alpha), > 0.
        update_interval: steps between two refreshes of p, or "auto": 20 to 160, by the number of
            rows; published: 160 for MNIST.
        max_iterations: most steps of the clustering, or "auto".
        tolerance: stop when a smaller share of the rows changed their cluster between refreshes.
        learning_rate: of the clustering.
        momentum: of gradient descent, throughout.
        batch_size: rows of a step.
        random_state: seed.
        device: "auto", "cpu", "cuda", ...
        precision: "auto", "float32" or "bfloat16"; see `quantal.training.resolve_dtype`.
        checkpoint: folder for checkpoints, or None.
        checkpoint_every: minutes between checkpoints.
        resume: go on from the newest checkpoint in the folder, if there is one.
        verbose: show progress if not 0.

    Attributes:
        labels_: Cluster of each row of the fit, shape (n,), int64; cluster 0 is the largest.
        cluster_sizes_: Rows in each cluster, shape (n_clusters,).
        cluster_centers_: Centres among the codes, shape (n_clusters, n_components), float32.
        objective_: KL[p || q] of all rows, nats.
        conditional_entropy_: Mean entropy of a row's assignment, nats.
        marginal_entropy_: Entropy of the mean assignment, nats.
        n_iter_: Steps of the clustering.
        history_: Mean error of each layer, of the whole ("reconstruction") and of the clustering
            ("divergence") in every pass or interval; "changed": share of the rows that changed
            their cluster between refreshes.
        collapse_: What the label-free diagnosis found; empty if nothing.
        network_: The `quantal.networks.Autoencoder`; its decoder is that of the pre-training.

    Source: Xie, Girshick, Farhadi 2016; the schedule of the pre-training is that of their code.
    Differs: a refresh begins a new random order of the rows; "auto" has fewer steps and narrower
    layers than published for small data, and fewer steps for large.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import DEC
        >>> X = load_digits().data[:400]
        >>> DEC(n_clusters=10, pretrain_iterations=50, random_state=0).fit(X).transform(X).shape
        (400, 10)
    """

    fitted_numbers = (
        *NetworkFolder.fitted_numbers,
        "conditional_entropy_",
        "marginal_entropy_",
    )

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        hidden_layer_sizes: Any = "auto",
        n_components: int = 10,
        dropout: float = 0.2,
        scaling: str = "mean_square",
        pretrain_iterations: Any = "auto",
        finetune_iterations: Any = "auto",
        decay_interval: Any = "auto",
        pretrain_learning_rate: Any = "auto",
        n_init: int = 20,
        degrees: float = 1.0,
        update_interval: Any = "auto",
        max_iterations: Any = "auto",
        tolerance: float = 0.001,
        learning_rate: float = 0.01,
        momentum: float = 0.9,
        batch_size: int = 256,
        random_state: Any = None,
        device: str = "auto",
        precision: str = "auto",
        checkpoint: str | None = None,
        checkpoint_every: float = 5.0,
        resume: bool = False,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.hidden_layer_sizes = hidden_layer_sizes
        self.n_components = n_components
        self.dropout = dropout
        self.scaling = scaling
        self.pretrain_iterations = pretrain_iterations
        self.finetune_iterations = finetune_iterations
        self.decay_interval = decay_interval
        self.pretrain_learning_rate = pretrain_learning_rate
        self.n_init = n_init
        self.degrees = degrees
        self.update_interval = update_interval
        self.max_iterations = max_iterations
        self.tolerance = tolerance
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.batch_size = batch_size
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.resume = resume
        self.verbose = verbose

    def _require_parameters(self) -> None:
        super()._require_parameters()
        for name in ("degrees", "learning_rate"):
            require_range(name, getattr(self, name), low=0, low_open=True)
        require_range("tolerance", self.tolerance, low=0, high=1)
        for name in ("update_interval", "max_iterations"):
            getattr(automatic, name)(getattr(self, name), 1)  # refused before hours of pre-training

    def _more_iterations(self, n_rows: int) -> int:
        return automatic.max_iterations(self.max_iterations, n_rows)

    def _cluster(self, rows: Rows, sequence: RunSequence, seed: int) -> None:
        shape = (int(self.n_clusters), int(self.n_components))
        centers = np.zeros(shape, np.float32)  # a resumed sequence puts its own in their place
        if sequence.kept(TARGET) is None:
            centers = self._kmeans_centers(rows, seed)
        clusters = EmbeddedClusters(self.network_, torch.from_numpy(centers).to(self._device))
        refinement = Refinement(
            learning_rate=float(self.learning_rate),
            momentum=float(self.momentum),
            batch_size=int(self.batch_size),
            update_interval=automatic.update_interval(self.update_interval, len(rows)),
            max_iterations=self._more_iterations(len(rows)),
            tolerance=float(self.tolerance),
            degrees=float(self.degrees),
            seed=derived_seed(seed, REFINEMENT_PURPOSE),
            dtype=self._dtype,
        )
        self.n_iter_ = refinement.run(clusters, rows, sequence)
        self.cluster_centers_ = clusters.centers.detach().cpu().numpy()

    def _conclude(self, rows: Rows) -> None:
        _, order = by_size(self._log_q(rows).argmax(axis=1), int(self.n_clusters))
        self.cluster_centers_ = self.cluster_centers_[order]
        log_q = self._log_q(rows)
        self.labels_ = log_q.argmax(axis=1)
        self.cluster_sizes_ = np.bincount(self.labels_, minlength=int(self.n_clusters))
        assigned = torch.from_numpy(log_q)
        self.objective_ = float(kl_divergence(sharpened_target(assigned), assigned))
        self.conditional_entropy_ = float(conditional_entropy(assigned))
        self.marginal_entropy_ = float(marginal_entropy(assigned))
        self.collapse_ = self._findings(self.conditional_entropy_, self.marginal_entropy_)

    def predict_log_proba(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the logarithm of the soft assignments q, shape (n, n_clusters), float32."""
        return self._log_q(self._rows_to_read(X))

    def _log_q(self, rows: Rows) -> NDArray[np.float32]:
        centers = torch.from_numpy(self.cluster_centers_).to(self._device)
        return log_assignments(self.network_, centers, rows, float(self.degrees))

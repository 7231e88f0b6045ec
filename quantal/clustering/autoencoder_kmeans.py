"""k-means on the codes of a denoising autoencoder."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from ..estimators import blockwise
from ..training import RunSequence
from ..training.rows import Rows
from .autoencoder_clusterer import AutoencoderClusterer
from .cluster_order import by_size


class AutoencoderKMeans(AutoencoderClusterer):
    """k-means on the codes of a stacked denoising autoencoder.

    The autoencoder is trained layer by layer to undo dropout, then as a whole; scikit-learn's
    k-means clusters the codes. It is what `DEC` starts from.

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
        momentum: of gradient descent.
        batch_size: rows of a step.
        n_init: restarts of k-means.
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
        inertia_: Sum of squared distances of the codes to their centres.
        history_: Mean error of each layer and of the whole ("reconstruction") in every pass.
        collapse_: What the label-free diagnosis found; empty if nothing.
        network_: The trained `quantal.networks.Autoencoder`.

    Source: dAE+k-means of Hu et al. 2017, Table 3; the autoencoder of Xie, Girshick, Farhadi 2016.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import AutoencoderKMeans
        >>> X = load_digits().data[:400]
        >>> model = AutoencoderKMeans(n_clusters=10, pretrain_iterations=50, random_state=0)
        >>> model.fit_predict(X).shape
        (400,)
    """

    fitted_numbers = ("inertia_",)

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
        momentum: float = 0.9,
        batch_size: int = 256,
        n_init: int = 20,
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
        self.momentum = momentum
        self.batch_size = batch_size
        self.n_init = n_init
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.resume = resume
        self.verbose = verbose

    def _cluster(self, rows: Rows, sequence: RunSequence, seed: int) -> None:  # noqa: ARG002
        self.cluster_centers_ = self._kmeans_centers(rows, seed)

    def _conclude(self, rows: Rows) -> None:
        k = int(self.n_clusters)
        _, order = by_size(self._squares(rows).argmin(axis=1), k)
        self.cluster_centers_ = self.cluster_centers_[order]
        squares = self._squares(rows)
        self.labels_ = squares.argmin(axis=1)
        self.cluster_sizes_ = np.bincount(self.labels_, minlength=k)
        self.inertia_ = float(squares.min(axis=1).sum(dtype=np.float64))
        shares = self.cluster_sizes_[self.cluster_sizes_ > 0] / len(self.labels_)
        self.collapse_ = self._findings(0.0, -float((shares * np.log(shares)).sum()))

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the cluster of each row, shape (n,), int64; equals ``labels_`` on the fit's X."""
        labels: NDArray[np.int64] = self._squares(self._rows_to_read(X)).argmin(axis=1)
        return labels

    def _squares(self, rows: Rows) -> NDArray[np.float32]:
        """Return the squared distance of each code to each centre, shape (n, n_clusters)."""
        centers = torch.from_numpy(self.cluster_centers_).to(self._device)
        bound = self.network_.bind()
        return blockwise(rows, lambda x: (bound.encode(x)[:, None] - centers).square().sum(dim=2))

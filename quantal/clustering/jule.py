"""JULE: a convolutional embedding and an agglomerative clustering, learned together."""

from __future__ import annotations

from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClusterMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..estimators import data_fingerprint
from ..estimators.input_rows import len_of
from ..estimators.joint_fit import begun_with, checkpoints_of
from ..estimators.pixel_unit import require_unit_of_fit
from ..graph import nearest_neighbors
from ..training import resolve_device, resolve_dtype
from ..training.randomness import PURPOSES, derived_generator, seed_from
from ..training.rows import Rows
from .jule_fit import JuleFit
from .jule_stages import OnStage, Stages
from .presets import Presets


class JULE(
    Presets,
    JuleFit,
    ClusterMixin,  # type: ignore[misc]
    TransformerMixin,  # type: ignore[misc]
    BaseEstimator,  # type: ignore[misc]
):
    """Joint unsupervised learning of an embedding and a clustering.

    Rows are first joined to their nearest neighbours, about four a cluster. In each stage the
    network learns to keep the rows of a cluster together, by a weighted triplet loss; then the
    rows are embedded, a graph of their neighbours is built, and a share of the clusters is merged
    by the affinity of the graph. In the end the embedded rows are clustered once more from the
    start.

    Images are read by convolutions whose number follows their size; plain vectors by a
    perceptron.

    Args:
        n_clusters: number of clusters, >= 1, or "auto": where the affinity of the merged clusters
            falls most.
        unrolling_rate: share of the clusters that a stage merges away (eta), in (0, 1]; the
            paper has 0.9, and 0.2 for faces.
        n_neighbors: neighbours of each row in the graph (K_s).
        n_nearest: how many clusters near a cluster its score looks at (K_c); 1: only the nearest.
        local_weight: weight of that local structure (lambda); 0: none.
        gamma: weight of the positive's distance in the triplet loss.
        margin: lead that a positive must have over a negative.
        n_negatives: negatives for each positive.
        positives: "pairs", "ordered_pairs" or "one"; see `quantal.objectives.TripletLoss`.
        n_epochs: passes over the rows in each stage.
        rows_together: rows of a cluster that a pass keeps in one batch. 1: none on purpose, as in
            the paper, where a batch of 100 from 70,000 rows in clusters of four seldom holds a
            pair. A departure for large data with small first clusters; 4 is a start.
        batch_size: rows of a step.
        learning_rate: of the first step; it falls by (1 + 1e-4 t)^-0.75 with the step t.
        momentum: of gradient descent.
        dampening: of the momentum.
        weight_decay: coupled L2 rate.
        result: "rerun": cluster the learned embeddings from the start (OURS-RC); "joint": take
            the clusters that the stages end with (OURS-SF).
        n_outputs: numbers in the embedding.
        image_shape: (h, w), (h, w, c) or (c, h, w) where ``X`` holds images as flat rows.
        pools: for every block of 5 x 5 filters whether a pooling follows, or "auto": by the size
            of the images, as in the paper.
        padding: pixels around the images, or "auto".
        n_channels: filters of a block.
        hidden_layer_sizes: widths of the perceptron for vectors, or "auto".
        update: "exact" or "alpha" or "eq7"; see `quantal.graph.agglomerate`.
        alpha: for update="alpha".
        partners: "all", "smaller" or "larger"; see `quantal.graph.agglomerate`.
        local_above: the local structure counts only while there are more clusters than this.
        on_exhausted: "grow_ks", "centroid" or "stop": what to do when no two clusters are linked.
        outliers: "join": clusters of a few outliers do not count and join the cluster whose mean
            is nearest, see `quantal.graph.cut_joining_outliers`; "keep": they are clusters, and
            true ones may be merged in their stead.
        centered: subtract the mean row before the first clusters are made, as in the linkages;
            what the network reads stays as it is.
        longest_chain: None, or the cut of the first clusters' chains.
        scaled_gradient: repeat the defect of the authors' Torch criterion; see `TripletLoss`.
        extraction: batch-norm mode in which the stages embed the rows: "eval"; or "train", by the
            statistics of each ``batch_size`` consecutive rows, as the authors' Torch code does.
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
        n_clusters_: Number of clusters found.
        joint_labels_: Clusters that the stages ended with, shape (n,).
        tree_: The `quantal.graph.MergeTree` of the learned embeddings; cut it anywhere.
        embeddings_: Rows of the fit in the learned space, shape (n, n_outputs), unit norm.
        stage_sizes_: Clusters before every stage, and after the last.
        history_: Mean of the loss in every epoch.
        network_: The trained network.

    Source: Yang, Parikh, Batra 2016 and its supplement. Training follows the Caffe code, whose
    loss is half of ours: the defaults have half of its step and twice its decay. The supplement's
    own settings are ``from_preset("paper")``, those of the codes "caffe" and "torch".
    Differs: neighbours in the local structure are ranked without regard to the clusters' numbers;
        clusters of a few outliers join the nearest mean; rows whose first clusters are fewer than
        ``n_clusters`` start alone.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import JULE
        >>> model = JULE(n_clusters=10, n_epochs=1, random_state=0)
        >>> model.fit_predict(load_digits().images[:200]).shape
        (200,)
    """

    def __init__(
        self,
        n_clusters: Any = 8,
        *,
        unrolling_rate: float = 0.9,
        n_neighbors: int = 20,
        n_nearest: int = 5,
        local_weight: float = 1.0,
        gamma: float = 1.0,
        margin: float = 0.2,
        n_negatives: int = 10,
        positives: str = "ordered_pairs",
        n_epochs: int = 20,
        rows_together: int = 1,
        batch_size: int = 100,
        learning_rate: float = 0.005,
        momentum: float = 0.9,
        dampening: float = 0.0,
        weight_decay: float = 1e-4,
        result: str = "rerun",
        n_outputs: int = 160,
        image_shape: Any = None,
        pools: Any = "auto",
        padding: Any = "auto",
        n_channels: int = 50,
        hidden_layer_sizes: Any = "auto",
        update: str = "exact",
        alpha: float = 0.0,
        partners: str = "all",
        local_above: int = 0,
        on_exhausted: str = "grow_ks",
        outliers: str = "join",
        centered: bool = False,
        longest_chain: int | None = None,
        scaled_gradient: bool = False,
        extraction: str = "eval",
        random_state: Any = None,
        device: str = "auto",
        precision: str = "auto",
        checkpoint: str | None = None,
        checkpoint_every: float = 5.0,
        resume: bool = False,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.unrolling_rate = unrolling_rate
        self.n_neighbors = n_neighbors
        self.n_nearest = n_nearest
        self.local_weight = local_weight
        self.gamma = gamma
        self.margin = margin
        self.n_negatives = n_negatives
        self.positives = positives
        self.n_epochs = n_epochs
        self.rows_together = rows_together
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.dampening = dampening
        self.weight_decay = weight_decay
        self.result = result
        self.n_outputs = n_outputs
        self.image_shape = image_shape
        self.pools = pools
        self.padding = padding
        self.n_channels = n_channels
        self.hidden_layer_sizes = hidden_layer_sizes
        self.update = update
        self.alpha = alpha
        self.partners = partners
        self.local_above = local_above
        self.on_exhausted = on_exhausted
        self.outliers = outliers
        self.centered = centered
        self.longest_chain = longest_chain
        self.scaled_gradient = scaled_gradient
        self.extraction = extraction
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.resume = resume
        self.verbose = verbose

    def fit(
        self,
        X: ArrayLike,
        y: object = None,  # noqa: ARG002
        *,
        on_stage: OnStage | None = None,
    ) -> Self:
        """Learn an embedding and clusters of the rows of ``X``.

        Args:
            X: (n, h, w) or (n, h, w, c) images, or (n, d) vectors of any real dtype: array, memory
                map or SciPy sparse matrix; or what `quantal.features.open_features` takes or gives.
            y: accepted and never read.
            on_stage: called after every stage with the embeddings, (n, n_outputs), and the
                clusters, (n,), as they are then; for pictures of how the two develop.

        Raises:
            DataError: The rows cannot be used: nan, fewer than n_clusters, all identical.
            ParameterError: A parameter is out of its range.
            NonFiniteLossError: Training broke down.
        """
        loss, merging = self._require_parameters()
        x = self._read(X, reset=True)
        least = self._least_clusters(len_of(x))
        seed = seed_from(self.random_state)
        begun = begun_with(self)
        self._device = resolve_device(begun.get("device", self.device))
        embedder = self._new_embedder(x)
        precision = begun.get("precision", self.precision)
        self._dtype = resolve_dtype(precision, self._device, embedder.widths)
        network = embedder.build(derived_generator(seed, PURPOSES["network"])).to(self._device)
        rows = Rows(x, embedder.preparation, self._device)
        self.embedder_, self.network_ = embedder, network
        stages = Stages(
            network=network,
            embed_batch=lambda numbers: embedder.apply(
                network, rows.prepared(numbers), "train", self._dtype
            ),
            embed_all=partial(self._embed_stage, rows),
            loss=loss,
            merging=merging,
            plan=self._plan(len_of(x), seed),
            least=least,
            labels=np.arange(len_of(x)),
            on_stage=on_stage,
            together=self.rows_together,
        )
        checkpoints = checkpoints_of(self, seed, {"data": data_fingerprint(x)})
        self._run(stages, x, checkpoints)
        self.embeddings_ = self._embed(rows)
        self._conclude(stages)
        self.data_ = data_fingerprint(x)
        if checkpoints is not None:
            checkpoints.clear()
        return self

    def predict(self, X: ArrayLike) -> NDArray[np.int64]:
        """Return the cluster of each row, shape (n,), int64.

        It is that of the fitted row whose embedding is nearest. A row of the fit is its own, or
        the first of its copies: these are in one cluster unless there are more clusters than
        distinct rows.
        """
        _, nearest = nearest_neighbors(self.transform(X), 1, reference=self.embeddings_)
        labels: NDArray[np.int64] = self.labels_[nearest[:, 0]]
        return labels

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the embedding of each row, shape (n, n_outputs), float32, unit norm."""
        check_is_fitted(self)
        x, preparation = self._read(X, reset=False), self.embedder_.preparation
        require_unit_of_fit(self, x, preparation)
        return self._embed(Rows(x, preparation, self._device, hold=False))

"""IIC and its generalisation: clusters that keep their information under a transformation."""

from __future__ import annotations

from typing import Any

from .pair_folder import PairFolder


class IIC(PairFolder):
    """Information-based clustering of images, and of vectors, by pairs.

    Maximises the mutual information I(Y;Y~) between the cluster of a row and that of its
    transformed copy (IIC), or I(X;Y) between row and cluster (IMSAT, RIM), or a sum of the two,
    and adds any set of regularisers KL[p(y|x) || p(y|T(x))]. One network carries any number of
    sub-heads, and a second head of more clusters than wanted.

    Images are cropped, turned and recoloured; plain vectors, which have no geometry, are read by
    a perceptron and have some columns swapped with those of another row.

    Args:
        n_clusters: number of clusters, >= 1.
        information: "pairs": I(Y;Y~); "inputs": IMSAT's ``trade_off * (H(Y|X) + balance *
            KL[p(y) || uniform])``; or a list of these and of (one, weight) pairs.
        transformation: what turns Y into Y~: "geometric", "gaussian", "cutout", "mixup", "vat"
            (the perturbation that changes predictions most), "ivat" (the one that costs most
            information), "swap" (columns of another row), a callable ``(views, generator) ->
            views`` on float32 images (b, c, h, w) or vectors (b, d); or "auto": "geometric" for
            images, "swap" for vectors.
        regularization: None, one of those, or a list of these and of (one, weight) pairs.
        entropy_weight: weight of the entropies in I(Y;Y~) (lambda of IIC); 1 is the information.
        n_views: changed copies of every row in a step.
        n_subheads: sub-heads of each head; their losses are averaged.
        n_overclusters: clusters of the second head, at least ``n_clusters``, or None.
        overcluster_every: one pass over the data of so many trains the second head.
        subheads: "best": predictions of the sub-head with the lowest loss; "mean": the mean of
            all, their clusters matched first.
        network: "6c" or "5g" (the papers'), "small" or "small-residual" (for two processor
            cores), a `torch.nn.Module` that maps views to features (n, f), or "auto":
            "small" for grey images, "small-residual" for colour, a perceptron for vectors.
        sobel: show the network each image's two Sobel differences instead of its colours.
        geometry: which geometric views, see `quantal.views.geometric_views`; "auto": "digits"
            (turned, not mirrored) for grey images, "objects" for colour; "none": whole images.
        hidden_layer_sizes: widths of the perceptron, or "auto".
        trade_off: weight of IMSAT's term (lambda), or "auto": 0.1, 1.6 for a linear model.
        balance: how strongly that term wants clusters of equal sizes.
        noise: standard deviation of "gaussian"; pixels lie in [0, 1], vectors have unit variance.
        swap: share of the columns that "swap" takes from another row.
        alpha: radius of "vat" and "ivat" in units of the neighbour distance.
        n_neighbors: which neighbour's distance, see `IMSAT`.
        neighbor_sample: in how many rows neighbours are looked for, see `IMSAT`.
        radius: one radius for all rows instead.
        xi: length of the adversarial probing step, in ``units``.
        units: of xi: "neighbors" or "absolute".
        n_power: power iterations of the adversarial direction.
        image_shape: (h, w), (h, w, c) or (c, h, w) where ``X`` holds images as flat rows.
        scaling: of vectors: "global", "columns" or "none"; pixels are brought to [0, 1].
        n_epochs: passes over the data, or "auto".
        batch_size: rows of a step, or "auto".
        learning_rate: Adam's step size.
        learning_rate_schedule: "constant", "cosine", "late_linear" or ("stepped", epochs, factor).
        batches: "permuted" or "drawn", see `IMSAT`.
        weight_decay: coupled L2 rate.
        n_init: restarts, of which the lowest objective is kept, or "auto".
        patience: stop after so many epochs without a lower objective; None: never.
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
        overclusters_: Cluster of each row by the second head, shape (n,), where there is one.
        overcluster_joint_: Joint probabilities of the second head's labels of a row and of its
            copy, shape (n_overclusters, n_overclusters), where there is one.
        objective_: Value that restart and sub-head were chosen by; lower is better.
        history_: Mean of each named loss term in every epoch.
        collapse_: What the label-free diagnosis found; empty if nothing.
        n_compared_: Rows in which neighbours were looked for; 0 if no neighbour distance was
            needed.
        network_: The trained network; the best sub-head's columns of its output come first.

    Source: Ji, Henriques, Vedaldi 2019 (IIC); Peng, Pedersoli, Desrosiers 2019, Sections 3 and 4,
    with their codes for what the papers leave open.
    Differs: the first view, of which the codes hold ``n_views`` equal copies, passes the network
    once; regularisers see it once as well. The sub-head is chosen by the loss on all rows (up to
    20,000), with joint and marginals of those rows, never by accuracy. Both heads train in every
    fit; in the authors' script for MNIST the second one never gets a gradient.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import IIC
        >>> model = IIC(n_clusters=10, n_epochs=2, n_init=1, random_state=0)
        >>> model.fit_predict(load_digits().images).shape
        (1797,)
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        information: Any = "pairs",
        transformation: Any = "auto",
        regularization: Any = None,
        entropy_weight: float = 1.0,
        n_views: int = 2,
        n_subheads: int = 1,
        n_overclusters: int | None = None,
        overcluster_every: int = 3,
        subheads: str = "best",
        network: Any = "auto",
        sobel: bool = False,
        geometry: str = "auto",
        hidden_layer_sizes: Any = "auto",
        trade_off: Any = "auto",
        balance: float = 4.0,
        noise: float = 0.1,
        swap: float = 0.3,
        alpha: float = 0.4,
        n_neighbors: Any = "auto",
        neighbor_sample: Any = "auto",
        radius: float | None = None,
        xi: float = 1.0,
        units: str = "neighbors",
        n_power: int = 1,
        image_shape: Any = None,
        scaling: str = "global",
        n_epochs: Any = "auto",
        batch_size: Any = "auto",
        learning_rate: float = 0.002,
        learning_rate_schedule: Any = "constant",
        batches: str = "permuted",
        weight_decay: float = 0.0,
        n_init: Any = "auto",
        patience: int | None = None,
        random_state: Any = None,
        device: str = "auto",
        precision: str = "auto",
        checkpoint: str | None = None,
        checkpoint_every: float = 5.0,
        resume: bool = False,
        verbose: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.information = information
        self.transformation = transformation
        self.regularization = regularization
        self.entropy_weight = entropy_weight
        self.n_views = n_views
        self.n_subheads = n_subheads
        self.n_overclusters = n_overclusters
        self.overcluster_every = overcluster_every
        self.subheads = subheads
        self.network = network
        self.sobel = sobel
        self.geometry = geometry
        self.hidden_layer_sizes = hidden_layer_sizes
        self.trade_off = trade_off
        self.balance = balance
        self.noise = noise
        self.swap = swap
        self.alpha = alpha
        self.n_neighbors = n_neighbors
        self.neighbor_sample = neighbor_sample
        self.radius = radius
        self.xi = xi
        self.units = units
        self.n_power = n_power
        self.image_shape = image_shape
        self.scaling = scaling
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batches = batches
        self.weight_decay = weight_decay
        self.n_init = n_init
        self.patience = patience
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.resume = resume
        self.verbose = verbose

    def _n_groups(self) -> int:
        return self.n_clusters

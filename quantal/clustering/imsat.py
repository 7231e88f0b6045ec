"""IMSAT: information maximising self-augmented training."""

from __future__ import annotations

from typing import Any

from ..estimators import SelfAugmented
from .network_clusterer import NetworkClusterer


class IMSAT(SelfAugmented, NetworkClusterer):
    """Information maximisation with self-augmented training.

    Minimises ``R_SAT + trade_off * (H(Y|X) + balance * KL[p(y) || prior])``: predictions are
    confident, clusters have the expected sizes, and no augmentation changes a prediction.

    Args:
        n_clusters: number of clusters, >= 1.
        augmentation: what must not change a prediction: "vat" (virtual adversarial), "rpt"
            (random perturbation), "affine" (images), "vat+affine", a callable
            ``(rows, generator) -> rows`` on a float32 tensor (b, d) in the data's own units, or a
            list of these or of (one, weight) pairs (Eq. 18).
        warm_up: what must not change a prediction in the first passes of a fit instead, as
            ``augmentation`` takes it; None: the same from the start. Views of images find clusters
            that perturbations then sharpen.
        warm_up_epochs: passes of the warm-up, fewer than ``n_epochs``, or "auto": a third of them,
            but at most 5.
        warm_up_starts: networks that each restart warms up, of which the one with the lowest loss
            goes on; what the others cost comes on top of ``n_epochs``. Where there are several,
            checkpoints begin after the warm-up, which a restart that was killed in it repeats.
        hidden_layer_sizes: widths of the hidden layers, empty for a linear model, or "auto".
        trade_off: weight of the information term (lambda), or "auto": 0.1, 1.6 for a linear model.
        balance: how strongly cluster sizes follow the prior (mu_c of the authors' code).
        alpha: radius of the perturbation in units of the neighbour distance.
        n_neighbors: which neighbour's distance, counted from 1 (t), or "auto": 10, but at most
            half of an average cluster's rows.
        neighbor_sample: rows, drawn from the seed, in which neighbours are looked for, their rank
            lowered in proportion; or "auto": all, but 20,000 above 200,000 rows.
        radius: one radius for all rows, in the unit of the prepared rows, instead of
            ``alpha`` times the neighbour distance.
        xi: length of the adversarial probing step, in ``units``.
        units: "neighbors": xi in units of each row's neighbour distance, which makes the method
            indifferent to the scale of X; "absolute": in the unit of the prepared rows.
        n_power: power iterations of the adversarial direction.
        image_shape: (h, w) of rows that are flattened grey images, for "affine".
        prior: expected shares of the clusters: "uniform", ``n_clusters`` numbers that sum to 1
            (cluster i then expects share i), or None for plain mutual information.
        prior_tolerance: if set, train with rising balance until the divergence of all rows'
            marginal from the prior is at most this share of the prior's entropy (Eq. 19);
            ``balance`` then has no effect.
        scaling: "global", "columns" or "none"; see `quantal.data.Preparation`.
        n_epochs: passes over the data, or "auto".
        batch_size: rows of a step, or "auto".
        learning_rate: Adam's step size.
        learning_rate_schedule: "constant", "cosine", "late_linear" or ("stepped", epochs, factor).
        batches: "permuted": every pass shows each row once; "drawn": every step draws its rows
            from all, as the authors of IMSAT do.
        epsilon_hat: add Adam's epsilon before its bias correction, as the authors' library does,
            which shortens the first steps while gradients are tiny.
        weight_decay: coupled L2 rate.
        init: where a network starts: "random", "kmeans" (trained to give the clusters of
            k-means first), or "auto": random, but for the last of several restarts.
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
        labels_: Cluster of each row of the fit, shape (n,), int64; cluster 0 is the largest
            (unless ``prior`` gives the clusters identities).
        cluster_sizes_: Rows in each cluster, shape (n_clusters,).
        objective_: Value that the kept restart was chosen by, nats; lower is better.
        history_: Mean of each named loss term in every epoch; a function of yours is "view 0
            (name)", and "view 0 (name) of warm_up" in a warm-up.
        collapse_: What the label-free diagnosis found; empty if nothing.
        balance_: The balance used in the end.
        n_compared_: Rows in which neighbours were looked for; 0 if no neighbour distance was
            needed.
        network_: The trained `quantal.networks.MLP`.

    Source: Hu, Miyato, Tokui, Matsumoto, Sugiyama 2017, Eq. 3-10, 18 and 19; the authors'
    imsat_cluster.py for what the paper leaves open.
    Differs: the defaults are indifferent to the scale of the data; the published constants are
    recipes. The clean pass is shared by both terms. An epoch is one permutation of the rows.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.clustering import IMSAT
        >>> model = IMSAT(n_clusters=10, random_state=0).fit(load_digits().data)
        >>> model.predict(load_digits().data[:3]).shape
        (3,)
    """

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        augmentation: Any = "vat",
        warm_up: Any = None,
        warm_up_epochs: Any = "auto",
        warm_up_starts: int = 1,
        hidden_layer_sizes: Any = "auto",
        trade_off: Any = "auto",
        balance: float = 4.0,
        alpha: float = 0.4,
        n_neighbors: Any = "auto",
        neighbor_sample: Any = "auto",
        radius: float | None = None,
        xi: float = 1.0,
        units: str = "neighbors",
        n_power: int = 1,
        image_shape: Any = None,
        prior: Any = "uniform",
        prior_tolerance: float | None = None,
        scaling: str = "global",
        n_epochs: Any = "auto",
        batch_size: Any = "auto",
        learning_rate: float = 0.002,
        learning_rate_schedule: Any = "constant",
        batches: str = "permuted",
        epsilon_hat: bool = False,
        weight_decay: float = 0.0,
        init: str = "auto",
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
        self.augmentation = augmentation
        self.warm_up = warm_up
        self.warm_up_epochs = warm_up_epochs
        self.warm_up_starts = warm_up_starts
        self.hidden_layer_sizes = hidden_layer_sizes
        self.trade_off = trade_off
        self.balance = balance
        self.alpha = alpha
        self.n_neighbors = n_neighbors
        self.neighbor_sample = neighbor_sample
        self.radius = radius
        self.xi = xi
        self.units = units
        self.n_power = n_power
        self.image_shape = image_shape
        self.prior = prior
        self.prior_tolerance = prior_tolerance
        self.scaling = scaling
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batches = batches
        self.epsilon_hat = epsilon_hat
        self.weight_decay = weight_decay
        self.init = init
        self.n_init = n_init
        self.patience = patience
        self.random_state = random_state
        self.device = device
        self.precision = precision
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.resume = resume
        self.verbose = verbose

    def _require_parameters(self) -> None:
        super()._require_parameters()
        self._require_augmentation()

    def _n_groups(self) -> int:
        return self.n_clusters

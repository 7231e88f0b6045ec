"""RIM: regularised information maximisation, linear or deep."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import torch
from torch import Tensor

from ..errors import require_range
from ..graph import Progress
from ..networks import MLP
from ..training import Step, share_of
from ..training.rows import Rows
from .balance import InformationTerm
from .network_clusterer import NetworkClusterer


class RIM(NetworkClusterer):
    """Regularised information maximisation: mutual information with weight decay.

    Minimises ``trade_off * (H(Y|X) + balance * KL[p(y) || prior])`` with coupled L2 decay.
    Without hidden layers it is the linear RIM, a maximum-mutual-information softmax regression.

    Args:
        n_clusters: number of clusters, >= 1.
        hidden_layer_sizes: widths of the hidden layers; empty for the linear model.
        weight_decay: coupled L2 rate, added to the gradient of every parameter before Adam.
        trade_off: weight of the information term (lambda); only its ratio to ``weight_decay``
            matters.
        balance: how strongly cluster sizes follow the prior (mu); 1 is the mutual information.
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
        history_: Mean of each named loss term in every epoch.
        collapse_: What the label-free diagnosis found; empty if nothing.
        balance_: The balance used in the end.
        network_: The trained `quantal.networks.MLP`.

    Source: Krause, Perona, Gomes 2010; as a baseline in Hu et al. 2017, Eq. 1 and Section 4.1.
    Differs: the papers' constants (decay 0.005, 50 epochs of batches of 250, no scaling) are a
    recipe, not the defaults; a batch-norm layer has no bias before it, which it would cancel.

    Examples:
        >>> from sklearn.datasets import load_iris
        >>> from quantal.clustering import RIM
        >>> RIM(n_clusters=3, random_state=0).fit_predict(load_iris().data).shape
        (150,)
    """

    several_processes: ClassVar[bool] = True

    def __init__(
        self,
        n_clusters: int = 8,
        *,
        hidden_layer_sizes: Any = (),
        weight_decay: float = 0.005,
        trade_off: float = 1.0,
        balance: float = 1.0,
        prior: Any = "uniform",
        prior_tolerance: float | None = None,
        scaling: str = "global",
        n_epochs: Any = "auto",
        batch_size: Any = "auto",
        learning_rate: float = 0.002,
        learning_rate_schedule: Any = "constant",
        batches: str = "permuted",
        epsilon_hat: bool = False,
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.weight_decay = weight_decay
        self.trade_off = trade_off
        self.balance = balance
        self.prior = prior
        self.prior_tolerance = prior_tolerance
        self.scaling = scaling
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batches = batches
        self.epsilon_hat = epsilon_hat
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
        require_range("trade_off", self.trade_off, low=0, low_open=True)
        super()._require_parameters()

    def _step_maker(
        self,
        rows: Rows,
        seed: int,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Callable[..., Step]:
        def make(network: MLP, information: InformationTerm, _: torch.Generator) -> Step:
            def step(numbers: Tensor) -> dict[str, Tensor]:
                share = share_of(len(numbers))
                logits = network.bind(self._dtype)(rows.prepared(share.mine(numbers)), "train")
                value, parts = information(self._prediction(logits), share)
                return {**parts, "total": self.trade_off * value}

            return step

        return make

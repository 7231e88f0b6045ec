"""IMSAT for hashing: bits that say much about a row, little about each other, and stay put."""

from __future__ import annotations

from typing import Any

from ..estimators import SelfAugmented
from .network_hasher import NetworkHasher

GROUPS = 10  # the neighbour is looked for within half of a tenth of the rows


class IMSATHash(SelfAugmented, NetworkHasher):
    """Hashing by information maximisation with self-augmented training.

    Minimises ``R_SAT - trade_off * (sum_d I(X;Y_d) - sum_{d != d'} I(Y_d;Y_d'))``: each bit is
    decided and balanced, bits are pairwise independent, and no augmentation flips them.

    Args:
        n_bits: bits of a code, 1 to 4096.
        augmentation: what must not flip a bit: "vat" (virtual adversarial), "rpt" (random
            perturbation), "affine" (images), "vat+affine", a callable ``(rows, generator) ->
            rows`` on a float32 tensor (b, d) in the data's own units, or a list of these or of
            (one, weight) pairs.
        hidden_layer_sizes: widths of the hidden layers, empty for a linear model, or "auto".
        trade_off: weight of the information term (lambda), or "auto": 0.1, 1.6 for a linear model.
        alpha: radius of the perturbation in units of the neighbour distance.
        n_neighbors: which neighbour's distance, counted from 1 (t), or "auto": 10, but at most a
            twentieth of the rows.
        neighbor_sample: rows, drawn from the seed, in which neighbours are looked for, their rank
            lowered in proportion; or "auto": all, but 20,000 above 200,000 rows.
        radius: one radius for all rows, in the unit of the prepared rows, instead of
            ``alpha`` times the neighbour distance.
        xi: length of the adversarial probing step, in ``units``.
        units: "neighbors": xi in units of each row's neighbour distance, which makes the method
            indifferent to the scale of X; "absolute": in the unit of the prepared rows.
        n_power: power iterations of the adversarial direction.
        image_shape: (h, w) of rows that are flattened grey images, for "affine".
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
        bit_means_: Share of the fit's rows whose bit is 1, shape (n_bits,).
        conditional_entropy_: Sum over bits of H(Y_d|X) on all rows, nats.
        marginal_entropy_: Sum over bits of H(Y_d), nats.
        redundancy_: Sum over ordered pairs of bits of I(Y_d;Y_d'), nats.
        objective_: Value that the kept restart was chosen by, nats; lower is better.
        history_: Mean of each named loss term in every epoch.
        collapse_: What the label-free diagnosis found; empty if nothing.
        n_compared_: Rows in which neighbours were looked for; 0 if no distance was needed.
        network_: The trained `quantal.networks.MLP`.

    Source: Hu, Miyato, Tokui, Matsumoto, Sugiyama 2017, Section 3.4 and Eq. 14; the authors'
    imsat_hash.py for what the paper leaves open.
    Differs: the defaults are indifferent to the scale of the data; the published constants are
    recipes. The clean pass is shared by both terms. An epoch is one permutation of the rows.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.hashing import IMSATHash
        >>> X = load_digits().data
        >>> hasher = IMSATHash(n_bits=16, n_epochs=20, random_state=0).fit(X)
        >>> hasher.encode(X[:3]).shape
        (3, 2)
    """

    def __init__(
        self,
        n_bits: int = 32,
        *,
        augmentation: Any = "vat",
        hidden_layer_sizes: Any = "auto",
        trade_off: Any = "auto",
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
        epsilon_hat: bool = False,
        weight_decay: float = 0.0,
        n_init: Any = 1,
        patience: int | None = None,
        random_state: Any = None,
        device: str = "auto",
        precision: str = "auto",
        checkpoint: str | None = None,
        checkpoint_every: float = 5.0,
        resume: bool = False,
        verbose: int = 0,
    ) -> None:
        self.n_bits = n_bits
        self.augmentation = augmentation
        self.hidden_layer_sizes = hidden_layer_sizes
        self.trade_off = trade_off
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
        self.epsilon_hat = epsilon_hat
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

    def _require_parameters(self) -> None:
        super()._require_parameters()
        self._require_augmentation()

    def _n_groups(self) -> int:
        return GROUPS

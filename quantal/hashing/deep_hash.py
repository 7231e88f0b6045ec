"""Deep Hash: a tanh network whose outputs are near binary, spread out and uncorrelated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..errors import require_choice, require_range
from ..estimators.blockwise import block_values
from ..graph import Progress
from ..networks import TanhMLP
from ..training import Collapse, Run, Step
from ..training.rows import Rows
from .bit_figures import BitFigures, constant_bits
from .deep_hash_loss import DeepHashLoss, skewness, start_at_principal_directions
from .network_hasher import NetworkHasher

INITS = ("principal", "random")


class DeepHash(NetworkHasher):
    """Hashing by a tanh network whose outputs are near their signs, spread out and orthogonal.

    Minimises ``1/2 |b - h|^2 - variance/2 var(h) + orthogonality/2 sum_m |W_m' W_m - I|^2`` with
    coupled L2 decay, where h in (-1, 1) is the output and b its sign.

    Args:
        n_bits: bits of a code, 1 to 4096.
        hidden_layer_sizes: widths of the hidden layers, or "auto": the published (60, 30) up to
            16 bits and (80, 50) up to 32, then (n_bits + 48, n_bits + 18).
        variance: weight of the outputs' variance (lambda_1).
        orthogonality: weight of the distance of the weights from orthonormal ones (lambda_2).
        weight_decay: coupled L2 rate of weights and biases (lambda_3).
        init: what the first layer starts as: "principal" (the leading directions of the rows) or
            "random" (orthonormal, as the other layers).
        scaling: "global", "columns" or "none"; see `quantal.data.Preparation`.
        n_epochs: passes over the data, or "auto".
        batch_size: rows of a step, or "auto".
        learning_rate: Adam's step size.
        learning_rate_schedule: "constant", "cosine", "late_linear" or ("stepped", epochs, factor).
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
        conditional_entropy_: Sum over bits of H(Y_d|X) on all rows with P(1) = (1 + h) / 2, nats.
        marginal_entropy_: Sum over bits of H(Y_d), nats.
        redundancy_: Sum over ordered pairs of bits of I(Y_d;Y_d'), nats.
        objective_: The loss on all rows; lower is better.
        history_: Mean of each named loss term in every epoch.
        collapse_: What the label-free diagnosis found; empty if nothing.
        network_: The trained `quantal.networks.TanhMLP`.

    Source: Erin Liong, Lu, Wang, Moulin, Zhou 2015, Section 3.1; widths as in Hu et al. 2017,
    Section 4.3. The original was not at hand: loss and weights follow its re-implementations.
    Differs: batches and Adam instead of descent on all rows layer by layer; the variance is taken
    about the mean; every term is a mean over rows, so that the weights do not depend on their
    number.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.hashing import DeepHash
        >>> X = load_digits().data
        >>> DeepHash(n_bits=16, n_epochs=5, random_state=0).fit(X).transform(X[:3]).shape
        (3, 16)
    """

    _remedy = "raise variance, or train longer (n_epochs)"

    def __init__(
        self,
        n_bits: int = 32,
        *,
        hidden_layer_sizes: Any = "auto",
        variance: float = 1.0,
        orthogonality: float = 0.5,
        weight_decay: float = 0.001,
        init: str = "principal",
        scaling: str = "global",
        n_epochs: Any = "auto",
        batch_size: Any = "auto",
        learning_rate: float = 0.001,
        learning_rate_schedule: Any = "constant",
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
        self.hidden_layer_sizes = hidden_layer_sizes
        self.variance = variance
        self.orthogonality = orthogonality
        self.weight_decay = weight_decay
        self.init = init
        self.scaling = scaling
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
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
        require_range("variance", self.variance, low=0)
        require_range("orthogonality", self.orthogonality, low=0)
        require_choice("init", self.init, INITS)

    def _widths(self, n_rows: int) -> tuple[int, ...]:
        if isinstance(self.hidden_layer_sizes, str) and self.hidden_layer_sizes == "auto":
            n_bits = int(self.n_bits)
            if n_bits <= 16:
                return (60, 30)
            return (80, 50) if n_bits <= 32 else (n_bits + 48, n_bits + 18)
        return super()._widths(n_rows)

    def _make_network(self, generator: torch.Generator) -> TanhMLP:
        shape = (self.n_features_in_, self.hidden_layer_sizes_, self._n_outputs())
        return TanhMLP(*shape, generator)

    def _weight_names(self) -> list[str]:
        return [f"weights.{i}" for i in range(len(self.hidden_layer_sizes_) + 1)]

    def _start(self, network: Any, rows: Rows, seed: int, restart: int, n_restarts: int) -> None:  # noqa: ARG002
        if self.init == "principal":
            start_at_principal_directions(network, rows, seed)

    def _start_pass(self, network: Any, rows: Rows, seed: int) -> None:
        self._start(network, rows, seed, 0, 1)

    def _logits_of(self, network: Any) -> Callable[[Tensor], Tensor]:
        return lambda x: 2 * network(x)  # (1 + tanh z) / 2 = sigmoid(2 z)

    def _loss(self) -> DeepHashLoss:
        return DeepHashLoss(float(self.variance), float(self.orthogonality))

    def _step_maker(
        self,
        rows: Rows,
        seed: int,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> Callable[..., Step]:
        loss = self._loss()

        def make(network: TanhMLP, stage: object, generator: torch.Generator) -> Step:  # noqa: ARG001
            def step(numbers: Tensor) -> dict[str, Tensor]:
                return loss(network, network(rows.prepared(numbers), self._dtype))

            return step

        return make

    def _diagnose(self, figures: BitFigures) -> list[Collapse]:
        # How far an output is from its sign is what the loss weighs, not a probability.
        return constant_bits(figures.means, self._remedy)

    def _judge(self, rows: Rows, run: Run) -> float:
        """Return the loss with the variance about the mean of all rows."""
        network: Any = run.network
        n = len(rows)
        far = total = squares = torch.zeros((), dtype=torch.float64)
        for _, z in block_values(rows, network):
            h = torch.tanh(z).double().cpu()
            far = far + (1 - h.abs()).square().sum()
            total = total + h.sum(dim=0)
            squares = squares + h.square().sum(dim=0)
        variance = (squares / n - (total / n).square()).sum()
        with torch.no_grad():
            value = self._loss().total(0.5 * far / n, variance, skewness(network).double().cpu())
            decay = sum(float(parameter.square().sum()) for parameter in network.parameters())
        return float(value["total"]) + 0.5 * self.weight_decay * decay

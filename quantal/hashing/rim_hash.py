"""RIM for hashing: information of bits with weight decay, linear or deep."""

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
from .network_hasher import BitInformationTerm, NetworkHasher


class RIMHash(NetworkHasher):
    """Hashing by regularised information maximisation: information of bits with weight decay.

    Minimises ``-trade_off * (sum_d I(X;Y_d) - sum_{d != d'} I(Y_d;Y_d'))`` with coupled L2 decay.
    Without hidden layers every bit is one side of a hyperplane.

    Args:
        n_bits: bits of a code, 1 to 4096.
        hidden_layer_sizes: widths of the hidden layers; empty for the linear model.
        weight_decay: coupled L2 rate, added to the gradient of every parameter before Adam.
        trade_off: weight of the information term (lambda); only its ratio to ``weight_decay``
            matters.
        scaling: "global", "columns" or "none"; see `quantal.data.Preparation`.
        n_epochs: passes over the data, or "auto".
        batch_size: rows of a step, or "auto".
        learning_rate: Adam's step size.
        learning_rate_schedule: "constant", "cosine", "late_linear" or ("stepped", epochs, factor).
        batches: "permuted": every pass shows each row once; "drawn": every step draws its rows
            from all, as the authors of IMSAT do.
        epsilon_hat: add Adam's epsilon before its bias correction, as the authors' library does,
            which shortens the first steps while gradients are tiny.
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
        network_: The trained `quantal.networks.MLP`.

    Source: Hu et al. 2017, Section 4.3, the baselines "Linear RIM" and "Deep RIM" of Tables 5 and
    6 (after Krause, Perona, Gomes 2010).
    Differs: the paper does not state the weight of the information; it is 1 here.

    Examples:
        >>> from sklearn.datasets import load_iris
        >>> from quantal.hashing import RIMHash
        >>> RIMHash(n_bits=4, random_state=0).fit(load_iris().data).transform([[5, 3, 2, 0]]).shape
        (1, 4)
    """

    several_processes: ClassVar[bool] = True
    _remedy = "lower weight_decay, train longer (n_epochs), or try another random_state"
    _undecided_remedy = "Train longer (n_epochs), or lower weight_decay"

    def __init__(
        self,
        n_bits: int = 32,
        *,
        hidden_layer_sizes: Any = (),
        weight_decay: float = 0.005,
        trade_off: float = 1.0,
        scaling: str = "global",
        n_epochs: Any = "auto",
        batch_size: Any = "auto",
        learning_rate: float = 0.002,
        learning_rate_schedule: Any = "constant",
        batches: str = "permuted",
        epsilon_hat: bool = False,
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
        self.weight_decay = weight_decay
        self.trade_off = trade_off
        self.scaling = scaling
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.batches = batches
        self.epsilon_hat = epsilon_hat
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
        def make(network: MLP, information: BitInformationTerm, _: torch.Generator) -> Step:
            def step(numbers: Tensor) -> dict[str, Tensor]:
                share = share_of(len(numbers))
                logits = network.bind(self._dtype)(rows.prepared(share.mine(numbers)), "train")
                value, parts = information(logits, share)
                return {**parts, "total": self.trade_off * value}

            return step

        return make

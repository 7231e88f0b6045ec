"""Stochastic generative hashing: bits from which the row can be told again."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator
from torch import Tensor

from ..codes import Codes, LinearDecoder, fit_decoder, pack_bits
from ..errors import require_choice, require_range
from ..estimators import NetworkFolder
from ..estimators.blockwise import block_values
from ..estimators.training_parameters import require_training_parameters
from ..objectives import bit_conditional_entropy
from ..objectives.bit_gradients import ESTIMATORS
from ..objectives.generative_hashing import CODINGS
from ..training import Collapse
from ..training.rows import Rows
from .bit_figures import constant_bits, undecided_bits
from .generative_codes import GenerativeCodes
from .sgh_network import SGHNetwork
from .sgh_start import DECODER_INITS, HARD, INITS
from .sgh_training import AUTO, SGHTraining
from .spread_rows import block_starts, spread_rows

REMEDY = "lower learning_rate, train longer (n_steps), or try another random_state"
UNDECIDED = 0.75  # bits of a generative model stay softer: half of log 2 is common in good codes
UNDECIDED_REMEDY = f"Pass estimator={HARD!r}, or ask for fewer bits"


class SGH(GenerativeCodes, SGHTraining, BaseEstimator):  # type: ignore[misc]
    """Stochastic generative hashing: linear bits that reconstruct their rows.

    A row is ``offset + sum_k h_k codewords[k]`` and noise; bit k of its code is drawn with the
    probability sigmoid(w_k^T x + b_k). Encoder and decoder are trained together to make the mean
    description length ``-log p(x, h) + log q(h|x)`` short. Deployed bits are not drawn: a bit is
    1 where its logit is above 0. Where a user knows of pairs of rows that belong together or do
    not, ``fit(X, pairs=...)`` brings their codes together or apart.

    Args:
        n_bits: bits of a code, 1 to 4096; may exceed the number of columns.
        estimator: gradient through the bits: "straight_through_sampled" (the paper's, biased),
            "straight_through_hard" (the released code's), "finite_difference" (unbiased) or
            "analytic" (closed form); see `quantal.objectives.surrogate_loss`. "auto": the paper's,
            or the released code's where the first codewords are so short beside the noise that
            the paper's would leave bits undecided.
        coding: values of a bit in the model, "01" or "pm1" (-1 and 1). Deployed bits are 0 and 1.
        learn_prior: train the prior of each bit instead of a fair coin's.
        deviation: "learn", or a fixed deviation rho > 0 of the noise in the unit of the prepared
            rows. The entropy of the bits is weighed against the reconstruction by rho^2.
        scale_invariant: give every codeword a latent positive scale in every row, so that rows
            which differ in length only may share a code. Meant for ``coding="pm1"``.
        scale_deviation: of the logarithm of these scales under their prior, > 0.
        pair_weight: how much a pair's loss counts beside a row's description length for each
            column, which is about one nat, >= 0.
        pair_slope: "learn", or a fixed change of the log odds of "alike" with the agreement of two
            codes, > 0; the paper's is 1.
        pair_offset: "learn", or fixed log odds of "not alike" at agreement 0; the paper's is 0,
            which needs ``coding="pm1"``.
        init: directions of the encoder at first: "random", "pca", "itq" (rotated principal ones)
            or "auto": "itq" up to 2,048 columns, "random" beyond.
        decoder_init: codewords at first: "least_squares" (of the first codes) or "small" (random).
        scaling: "global", "columns" or "none"; see `quantal.data.Preparation`.
        n_steps: steps of training where ``n_epochs`` is "auto".
        n_epochs: passes over the data; "auto": as many as come nearest to ``n_steps``, and of data
            with more rows than ``n_steps * batch_size`` one pass over so many of them.
        batch_size: rows of a step.
        learning_rate: Adam's step size at first.
        learning_rate_schedule: "constant", "cosine", "late_linear" or ("stepped", epochs, factor).
        n_init: restarts, of which the lowest objective is kept.
        random_state: seed.
        device: "auto", "cpu", "cuda", ...
        checkpoint: folder for checkpoints, or None.
        checkpoint_every: minutes between checkpoints.
        resume: go on from the newest checkpoint in the folder, if there is one.
        verbose: show progress if not 0.

    Attributes:
        estimator_: The gradient that bits were learned by.
        directions_: Encoder in the unit of X, scaling included, shape (d, n_bits), float32.
        thresholds_: A bit is 1 where ``x @ directions_`` is above its threshold, shape (n_bits,).
        codewords_: What each bit adds to a row, by least squares of the fit's rows on their
            deployed bits, shape (n_bits, d), float64. `partial_fit` leaves the trained ones. Of
            more than 262,144 rows so many, in blocks spread evenly, speak for all here and in
            ``bit_means_`` and ``objective_``: to read the rest changes no digit that counts.
        offset_: The row that the code of zeros stands for, shape (d,), float64.
        deviation_: rho, in the unit of the prepared rows.
        bit_means_: Share of the rows whose bit is 1, shape (n_bits,).
        objective_: Mean description length of the prepared rows in closed form, nats; with pairs
            also ``pair_weight`` times columns times the mean loss of at most 10,000 of them.
        n_pairs_: Pairs that the fit, or the last `partial_fit`, was given.
        history_: Mean of the training loss in every epoch, with pairs also of its two parts.
        collapse_: What the label-free diagnosis found; empty if nothing.
        network_: Encoder and decoder as trained.

    Source: Dai, Guo, Kumar, He, Song 2017, "Stochastic Generative Hashing", Sections 2 and 3;
    supplement D.1 (offset, scales), D.2 (pairs) and D.3 ("pm1"); the authors' stochastic_hashing.py
    for what it leaves open.
    Differs: the learning rate really decays; rho is learned on the normalised loss; rows are
    centred and encoder and decoder have offsets; codewords are fitted again to the deployed bits;
    scales are positive and have a prior; pairs have a weight, a slope and an offset.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.hashing import SGH
        >>> X = load_digits().data
        >>> hasher = SGH(n_bits=16, n_epochs=20, random_state=0).fit(X)
        >>> hasher.inverse_transform(hasher.transform(X[:3])).shape
        (3, 64)
    """

    fitted_numbers = (*NetworkFolder.fitted_numbers, "n_pairs_")

    # What the shared code asks of every estimator with a network, and a linear one leaves alone.
    hidden_layer_sizes = ()
    precision = "float32"
    trade_off = 1.0
    weight_decay = 0.0
    patience = None

    def __init__(
        self,
        n_bits: int = 32,
        *,
        estimator: str = "auto",
        coding: str = "01",
        learn_prior: bool = False,
        deviation: Any = "learn",
        scale_invariant: bool = False,
        scale_deviation: float = 0.5,
        pair_weight: float = 1.0,
        pair_slope: Any = "learn",
        pair_offset: Any = "learn",
        init: str = "auto",
        decoder_init: str = "least_squares",
        scaling: str = "global",
        n_steps: int = 3000,
        n_epochs: Any = "auto",
        batch_size: Any = 500,
        learning_rate: float = 0.01,
        learning_rate_schedule: Any = "cosine",
        n_init: int = 1,
        random_state: Any = None,
        device: str = "auto",
        checkpoint: str | None = None,
        checkpoint_every: float = 5.0,
        resume: bool = False,
        verbose: int = 0,
    ) -> None:
        self.n_bits = n_bits
        self.estimator = estimator
        self.coding = coding
        self.learn_prior = learn_prior
        self.deviation = deviation
        self.scale_invariant = scale_invariant
        self.scale_deviation = scale_deviation
        self.pair_weight = pair_weight
        self.pair_slope = pair_slope
        self.pair_offset = pair_offset
        self.init = init
        self.decoder_init = decoder_init
        self.scaling = scaling
        self.n_steps = n_steps
        self.n_epochs = n_epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_schedule = learning_rate_schedule
        self.n_init = n_init
        self.random_state = random_state
        self.device = device
        self.checkpoint = checkpoint
        self.checkpoint_every = checkpoint_every
        self.resume = resume
        self.verbose = verbose

    def _require_parameters(self) -> None:
        self._require_n_bits()
        require_choice("estimator", self.estimator, (AUTO, *ESTIMATORS))
        require_choice("coding", self.coding, CODINGS)
        require_choice("learn_prior", self.learn_prior, (True, False))
        if self.deviation != "learn":
            require_range("deviation", self.deviation, low=0, low_open=True)
        require_choice("scale_invariant", self.scale_invariant, (True, False))
        require_range("scale_deviation", self.scale_deviation, low=0, low_open=True, high=2)
        require_range("pair_weight", self.pair_weight, low=0)
        if self.pair_slope != "learn":
            require_range("pair_slope", self.pair_slope, low=0, low_open=True)
        if self.pair_offset != "learn":
            require_range("pair_offset", self.pair_offset)
        require_choice("init", self.init, INITS)
        require_choice("decoder_init", self.decoder_init, DECODER_INITS)
        require_range("n_steps", self.n_steps, low=1, integer=True)
        require_training_parameters(self)

    def _n_outputs(self) -> int:
        return int(self.n_bits)

    def _weight_names(self) -> list[str]:
        return ["weight"]

    def _make_network(self, generator: torch.Generator) -> SGHNetwork:
        learns = self.deviation == "learn"
        network = SGHNetwork(
            self.n_features_in_,
            int(self.n_bits),
            self.coding,
            learn_prior=bool(self.learn_prior),
            learn_deviation=learns,
            scale_deviation=float(self.scale_deviation) if self.scale_invariant else None,
            generator=generator,
        )
        if not learns:
            network.fix("log_deviation", math.log(self.deviation))
        if self.pair_slope != "learn":
            network.fix_pair_slope(float(self.pair_slope))
        if self.pair_offset != "learn":
            network.fix("pair_offset", float(self.pair_offset))
        return network

    def _conclude(self, rows: Rows) -> None:
        x = spread_rows(rows.x)
        self._set_decoder(fit_decoder(x, self._deploy(x)))
        self.collapse_ = self._diagnose(rows)

    def _conclude_pass(self, rows: Rows) -> None:
        self._deploy(rows.x)
        self._set_decoder(self._trained_decoder())  # few rows would fit a decoder of their own
        self.collapse_ = self._diagnose(rows)

    def _diagnose(self, rows: Rows) -> list[Collapse]:
        """Return what is wrong with the bits, judged without labels."""
        constant = constant_bits(self.bit_means_, REMEDY)
        if self.estimator_ == HARD:
            return constant  # it learns the deployed bits, whatever their probabilities
        entropy, n = 0.0, 0
        starts = block_starts(len(rows), self.n_features_in_)
        for _, logits in block_values(rows, self.network_, starts):
            entropy += float(bit_conditional_entropy(logits)) * len(logits)
            n += len(logits)
        undecided = undecided_bits(entropy / n, int(self.n_bits), UNDECIDED_REMEDY, UNDECIDED)
        return [*constant, *undecided]

    def _deploy(self, x: Any) -> Codes:
        """Fold the encoder; return the codes of ``x``, some of the rows, and measure them."""
        self._fold()
        self.n_pairs_ = 0 if self._pairs is None else len(self._pairs)
        packed, ones = [], np.zeros(int(self.n_bits))
        for _, bits in self._bit_blocks(x):
            packed.append(pack_bits(bits))
            ones += bits.sum(axis=0)
        self.bit_means_: NDArray[np.float64] = ones / int(x.shape[0])
        return Codes(np.concatenate(packed), int(self.n_bits))

    def _set_decoder(self, decoder: LinearDecoder) -> None:
        self.codewords_, self.offset_ = decoder.codewords, decoder.offset

    def _fitted_tensors(self) -> dict[str, Tensor]:
        mine = {name: torch.from_numpy(getattr(self, f"{name}_")) for name in self._own_shapes()}
        return super()._fitted_tensors() | mine

    def _fitted_config(self) -> dict[str, Any]:
        return {**super()._fitted_config(), "estimator": self.estimator_}

    def _own_shapes(self) -> dict[str, tuple[int, ...]]:
        d, n_bits = self.n_features_in_, int(self.n_bits)
        return {"codewords": (n_bits, d), "offset": (d,), "bit_means": (n_bits,)}

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._require_parameters()
        self._require_stored(tensors)
        super()._restore(config, tensors)
        self.estimator_ = config.get("estimator", self.estimator)  # absent from older folders
        if self.estimator_ not in ESTIMATORS:
            raise ValueError(f"estimator is {self.estimator_!r}")
        for name in self._own_shapes():
            setattr(self, f"{name}_", tensors[name].numpy())
        LinearDecoder(self.offset_, self.codewords_)  # refuses what is not finite
        self._fold()

    def _require_stored(self, tensors: dict[str, Tensor]) -> None:
        """Raise ValueError unless every tensor has its name, type and shape."""
        d, n_bits = self.n_features_in_, int(self.n_bits)
        parts = {"weight": (d, n_bits), "bias": (n_bits,), "codewords": (n_bits, d)}
        parts |= {"offset": (d,), "prior": (n_bits,), "log_deviation": ()}
        parts |= {"pair_log_slope": (), "pair_offset": ()}
        if self.scale_invariant:
            parts |= {f"{name}_weight": (d, n_bits) for name in ("scale", "spread")}
            parts |= dict.fromkeys(("scale_bias", "scale_floor", "spread_bias"), (n_bits,))
        wanted = {f"network.{name}": (torch.float32, shape) for name, shape in parts.items()}
        wanted |= {name: (torch.float64, shape) for name, shape in self._own_shapes().items()}
        wanted |= {f"preparation.{name}": (torch.float64, (d,)) for name in ("center", "unit")}
        wanted["preparation.order"] = (torch.int64, (d,))
        found = {name: (tensor.dtype, tuple(tensor.shape)) for name, tensor in tensors.items()}
        if found != wanted:
            raise ValueError(f"tensors {found} where {wanted} belong")

"""What hashers with a network share: bits from logits, the information of bits, figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from torch import Tensor

from ..batch_share import WHOLE, BatchShare
from ..estimators import NetworkEstimator, NetworkFolder, blockwise
from ..estimators.blockwise import block_values
from ..estimators.training_parameters import require_training_parameters
from ..networks import MLP
from ..objectives import (
    bit_conditional_entropy,
    bit_divergence,
    bit_marginal_entropy,
    pair_information,
)
from ..training import Collapse
from ..training.rows import Rows
from .bit_figures import BitFigures, constant_bits, measure_bits, undecided_bits
from .bit_output import BitOutput


@dataclass(frozen=True)
class BitInformationTerm:
    """Minus Eq. 14's bracket: decided, balanced bits that tell nothing about each other."""

    def __call__(
        self, logits: Tensor, share: BatchShare = WHOLE
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the value for logits, shape (n, n_bits), and the named parts."""
        conditional = bit_conditional_entropy(logits, share)
        marginal = bit_marginal_entropy(logits, share)
        shared = pair_information(logits, share)
        parts = {
            "conditional_entropy": conditional.detach(),
            "marginal_entropy": marginal.detach(),
            "redundancy": shared.detach(),
        }
        return conditional - marginal + shared, parts


class NetworkHasher(BitOutput, NetworkEstimator, BaseEstimator):  # type: ignore[misc]
    """Base of IMSATHash, RIMHash and DeepHash; see those."""

    fitted_numbers = (
        *NetworkFolder.fitted_numbers,
        "conditional_entropy_",
        "marginal_entropy_",
        "redundancy_",
    )
    _divergence = staticmethod(bit_divergence)
    _remedy = "raise trade_off, train longer (n_epochs), or try another random_state"
    _undecided_remedy = "Train longer (n_epochs), or raise trade_off"

    bit_means_: NDArray[np.float64]

    def bit_probabilities(self, X: ArrayLike) -> NDArray[np.float32]:
        """Return the probability that each bit is 1, shape (n, n_bits), float32.

        A bit is 1 where it exceeds one half; how far it does says how sure the bit is.

        Args:
            X: rows as for ``fit``.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The rows cannot be used.
        """
        rows = self._rows_to_read(X)
        logits_of = self._logits_of(self.network_)
        return blockwise(rows, lambda x: logits_of(x).sigmoid())

    def _bit_blocks(self, x: Any) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        self._require_unit_of_fit(x)
        rows = Rows(x, self.preparation_, self._device, hold=False)
        for start, logits in block_values(rows, self._logits_of(self.network_)):
            yield start, (logits > 0).cpu().numpy().view(np.uint8)

    def _logits_of(self, network: Any) -> Callable[[Tensor], Tensor]:
        """Return the network as a function of a batch, in ``eval`` mode."""
        bound = network.bind()
        return lambda x: bound(x, "eval")

    def _n_outputs(self) -> int:
        return int(self.n_bits)

    def _require_parameters(self) -> None:
        self._require_n_bits()
        require_training_parameters(self)

    def _stage(self, rung: int | None) -> BitInformationTerm:  # noqa: ARG002
        return BitInformationTerm()

    def _information_value(self, network: MLP, rows: Rows) -> float:
        return measure_bits(rows, self._logits_of(network)).loss

    def _conclude(self, rows: Rows) -> None:
        figures = measure_bits(rows, self._logits_of(self.network_))
        self.bit_means_ = figures.means
        self.conditional_entropy_ = figures.conditional_entropy
        self.marginal_entropy_ = figures.marginal_entropy
        self.redundancy_ = figures.redundancy
        self.collapse_ = self._diagnose(figures)

    def _conclude_pass(self, rows: Rows) -> None:
        self._conclude(rows)

    def _diagnose(self, figures: BitFigures) -> list[Collapse]:
        """Return what is wrong with the bits, judged without labels."""
        return [
            *constant_bits(figures.means, self._remedy),
            *undecided_bits(figures.conditional_entropy, int(self.n_bits), self._undecided_remedy),
        ]

    def _fitted_tensors(self) -> dict[str, Tensor]:
        return {**super()._fitted_tensors(), "bit_means": torch.from_numpy(self.bit_means_)}

    def _restore(self, config: dict[str, Any], tensors: dict[str, Tensor]) -> None:
        self._require_n_bits()
        super()._restore(config, tensors)
        means = tensors["bit_means"].numpy()
        if means.dtype != np.float64 or means.shape != (int(self.n_bits),):
            raise ValueError(f"bit_means is {means.dtype} of shape {means.shape}")
        self.bit_means_ = means

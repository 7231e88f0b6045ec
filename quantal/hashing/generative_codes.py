"""From a trained generative model to deployed bits, and from bits back to rows."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ..codes import LinearDecoder, pack_bits
from ..data.preparation import Preparation
from ..errors import require_range
from ..estimators.pixel_unit import require_unit_of_fit
from .affine_bits import above_thresholds, packed_above_thresholds
from .bit_output import BitOutput
from .centred_rows import dense_rows
from .code_refinement import refine_bits
from .linear_bits import may_start_at_origin
from .sgh_network import SGHNetwork

MOST_SWEEPS = 1000


class GenerativeCodes(BitOutput):
    """Mixin with everything that SGH does once it is trained; see there.

    Attributes:
        directions_: Encoder in the unit of X, shape (d, n_bits), float32: a bit is 1 where
            ``x @ directions_ > thresholds_``.
        thresholds_: Shape (n_bits,), float32.
        codewords_: What each bit adds, shape (n_bits, d), float64.
        offset_: The row that the code of zeros stands for, shape (d,), float64.
        deviation_: rho, deviation of the noise, in the unit of the prepared rows.
    """

    network_: Any
    preparation_: Preparation
    codewords_: NDArray[np.float64]
    offset_: NDArray[np.float64]
    scale_invariant: bool

    def _fold(self) -> None:
        """Put centring, scaling and the encoder into one matrix and one threshold for each bit."""
        preparation, network = self.preparation_, self.network_
        weight = network.weight.detach().double().cpu().numpy()
        center, directions = np.empty(len(weight)), np.empty_like(weight)
        center[preparation.order] = preparation.center
        directions[preparation.order] = weight / preparation.unit[:, None]
        bias = network.bias.detach().double().cpu().numpy()
        self.directions_ = directions.astype(np.float32)
        from_center = -bias
        from_origin = center @ self.directions_.astype(np.float64) - bias
        near = may_start_at_origin(center, float(preparation.unit.min()))
        self.thresholds_ = from_origin.astype(np.float32)
        self._far_center = None if near else center
        self._thresholds = self.thresholds_ if near else from_center.astype(np.float32)
        self.deviation_ = float(network.model().log_deviation.detach().exp())

    def _trained_decoder(self) -> LinearDecoder:
        """Return the decoder that was trained with the encoder, for 0 and 1 in the unit of X."""
        network: SGHNetwork = self.network_
        model, preparation = network.model(), self.preparation_
        codewords = model.codewords.detach().double().cpu().numpy() * model.step
        alpha = model.offset.detach().double().cpu().numpy()
        alpha = alpha + (model.middle - model.step / 2) / model.step * codewords.sum(axis=0)
        back = np.argsort(preparation.order)  # columns in the order of X again
        offset = preparation.center + preparation.unit * alpha
        return LinearDecoder(offset[back], (codewords * preparation.unit)[:, back])

    def _bit_blocks(self, x: Any) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        return above_thresholds(x, self.directions_, self._thresholds, self._far_center)

    def _refined_blocks(self, x: Any, refine: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yield what ``_bit_blocks`` does after so many sweeps of coordinate descent."""
        order = self.preparation_.order
        unit = self.preparation_.unit[np.argsort(order)]
        codewords = self.codewords_ / unit  # noise is alike in prepared columns
        gram = codewords @ codewords.T
        model = self.network_.model()
        odds = model.step * model.prior.detach().double().cpu().numpy()
        for start, bits in self._bit_blocks(x):
            rows = dense_rows(x[start : start + len(bits)])
            projections = (rows - self.offset_) / unit @ codewords.T + self.deviation_**2 * odds
            yield start, refine_bits(bits, projections, gram, refine)

    def _scaled_blocks(self, x: Any, refine: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Do the same where codewords have scales: with those of the row and the trained decoder.

        The deployed decoder knows no scales, so short rows would lose the bits of their direction.
        """
        network: SGHNetwork = deepcopy(self.network_).cpu().double()
        model = network.model()
        codewords = model.codewords.detach().numpy() * model.step
        odds = self.deviation_**2 * model.step * model.prior.detach().numpy()
        gram = codewords @ codewords.T
        lengths = np.diag(gram)
        for start, bits in self._bit_blocks(x):
            rows = torch.from_numpy(self.preparation_(x[start : start + len(bits)])).double()
            with torch.no_grad():
                scales = network.scales(rows)
                assert scales is not None
                mean, variance = scales.moments()[0].numpy(), scales.variance().numpy()
                centred = (rows - model.offset).numpy()
            products, squares = centred @ codewords.T, mean**2 * lengths
            if model.coding == "pm1":  # -1 where 0 is meant: the middle moves with the scales
                products = products + mean @ gram / 2
            else:
                squares = squares + variance * lengths
            projections = mean * products + odds
            yield start, refine_bits(bits, projections, gram, refine, mean, squares)

    def _encoded_blocks(self, x: Any, refine: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        require_range("refine", refine, low=0, high=MOST_SWEEPS, integer=True)
        if not refine:
            return self._bit_blocks(x)
        if self.scale_invariant:
            return self._scaled_blocks(x, int(refine))
        return self._refined_blocks(x, int(refine))

    def transform(self, X: ArrayLike, *, refine: int = 0) -> NDArray[np.uint8]:
        """Return the bits of each row, shape (n, n_bits), uint8, 0 or 1.

        Args:
            X: rows as for ``fit``; memory maps are read block by block.
            refine: sweeps over the bits, each of which takes its likelier value given the row and
                the other bits (coordinate descent on -log p(h|x)), at most 1,000; 0: the signs of
                the encoder. A refined code reconstructs its row better and costs about
                n_bits^2 operations a row and sweep.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The rows cannot be used.
            ParameterError: ``refine`` is out of its range.
        """
        x = self._rows_to_encode(X)
        require_unit_of_fit(self, x, self.preparation_)
        bits = np.empty((x.shape[0], self._n_features_out), np.uint8)
        for start, block in self._encoded_blocks(x, refine):
            bits[start : start + len(block)] = block
        return bits

    def encode(self, X: ArrayLike, *, refine: int = 0) -> NDArray[np.uint8]:
        """Return the packed bits of each row, shape (n, ceil(n_bits / 8)), uint8.

        Bit k is in byte k // 8 at position k % 8, the least significant first; the last byte is
        filled up with zeros.

        Args:
            X: rows as for ``fit``; memory maps are read block by block.
            refine: as for `transform`.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The rows cannot be used.
            ParameterError: ``refine`` is out of its range.
        """
        check_is_fitted(self)
        require_range("refine", refine, low=0, high=MOST_SWEEPS, integer=True)
        x = self._read(X, reset=False, known_finite=True)  # no: the projections will tell
        require_unit_of_fit(self, x, self.preparation_)
        require_finite = partial(self._require_finite, x)
        codes = np.empty((x.shape[0], -(-self._n_features_out // 8)), np.uint8)
        if not refine:
            center = self._far_center
            packed = packed_above_thresholds(
                x, self.directions_, self._thresholds, center, require_finite
            )
            for start, block in packed:
                codes[start : start + len(block)] = block
            return codes
        require_finite()
        for start, block in self._encoded_blocks(x, refine):
            codes[start : start + len(block)] = pack_bits(block)
        return codes

    def inverse_transform(self, bits: ArrayLike) -> NDArray[np.float32]:
        """Return the row that each code stands for, by the decoder of the deployed bits.

        Args:
            bits: 0 and 1, shape (n, n_bits), as `transform` gives them.

        Returns:
            Rows in the unit of X, shape (n, d), float32.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: Another shape, or something else than 0 and 1.
        """
        check_is_fitted(self)
        return LinearDecoder(self.offset_, self.codewords_).decode(self._require_bits(bits))

    def reconstruction_error(self, X: ArrayLike, *, refine: int = 0) -> float:
        """Return the mean over rows of ||x - m(h)||^2, the whole square and not half of it.

        The authors' code monitors half of it; the paper's curves plot the whole.

        Args:
            X: rows as for ``fit``; memory maps are read block by block.
            refine: as for `transform`.

        Returns:
            The mean squared length of what the codes lose, in the squared unit of X.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: The rows cannot be used.
            ParameterError: ``refine`` is out of its range.
        """
        x = self._rows_to_encode(X)
        total = 0.0
        for start, bits in self._encoded_blocks(x, refine):
            rebuilt = bits.astype(np.float64) @ self.codewords_ + self.offset_
            lost = dense_rows(x[start : start + len(bits)]) - rebuilt
            total += float(np.square(lost).sum())
        return total / int(x.shape[0])

"""Binary autoencoders: an encoder of linear classifiers and a linear decoder, trained together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from ..codes import Codes, LinearDecoder, fit_decoder, pack_bits
from ..errors import ParameterError, require_choice, require_range
from ..threads import one_thread_a_product
from .auxiliary_coordinates import Sweep, auxiliary_coordinates
from .centred_rows import CentredRows
from .code_search import MOST_ENUMERATED
from .hasher import Hasher, Layout
from .linear_classifiers import LOSSES
from .principal_components import coordinates, principal_components
from .rotation import quantizing_rotation
from .row_sample import sampled_rows

ROTATION_TURNS = 50


class BinaryAutoencoder(Hasher):
    """Binary autoencoder (BA): the codes from which a linear map reconstructs rows best.

    Bits are linear classifiers h(x); f(z) = z A + a reconstructs a row from its code. Both are
    found by the method of auxiliary coordinates: codes z of the training rows are variables of
    their own, with a penalty for differing from h(x),

        sum_n ||x_n - f(z_n)||^2 + mu Ham(z_n, h(x_n)),

    minimised by turns over f (least squares), h (one classifier for each bit, trained to say z) and
    z, while mu grows until z = h(x) for all rows. The first codes are those of iterative
    quantisation.

    Args:
        n_bits: bits of a code, 1 to 4,096; may exceed the number of columns.
        mu: penalties > 0 in increasing order, one a turn, in the unit of squared columns after
            scaling (the largest range of a column is 1). "auto" starts at 1/64 of the mean squared
            codeword and doubles until z = h(x), at most 20 times.
        encoder: what bits are trained by: "svm" (squared hinge loss) or "logistic".
        C: weight of the losses against 1/2 ||w||^2, > 0, in the unit of those scaled columns.
        encoder_iterations: most L-BFGS steps of the encoder a turn, >= 1; each turn goes on from
            the one before.
        enumerate_up_to: number of bits, 0 to 16, up to which z is the best of all codes. With more
            bits it is found from the relaxed problem and by changing single bits.
        max_samples: rows to train on, drawn without replacement if there are more; None takes all.
            A fit holds about 3 * max_samples * d float32 numbers. The decoder is fitted to all
            rows in the end.
        random_state: seed of that draw and of the first rotation.

    Attributes:
        directions_: Normals of the encoder's hyperplanes, shape (d, n_bits), float32; a bit is
            ``(x - center_) @ directions_ > thresholds_``.
        thresholds_: Shape (n_bits,), float64.
        codewords_: What each bit adds in a reconstruction, shape (n_bits, d), float64.
        offset_: What the code of zeros stands for, shape (d,), float64.
        mismatch_: Share of bits with z != h(x) after the last turn; 0 unless ``mu`` ended early.
        n_iter_: Turns taken.
        history_: After each turn: "mu", "objective" (the sum above, a row, in squared units of the
            scaled columns) and "mismatch".
        center_: Mean of the rows, shape (d,), float64.
        n_features_in_: Columns of the fit's rows.
        data_: Shape, dtype and fingerprint of the fit's rows.

    Source: Carreira-Perpinan and Raziperchikolaei 2015, "Hashing with Binary Autoencoders",
        arXiv:1501.00756; the relaxed start and constants as in the authors' code.
    Differs: C is 0.1, where the authors' is 100 (docs/methods/binary-autoencoder.md); both starts
        of z are tried for every row; classifiers are trained for all bits together, and their
        biases are not penalised; no turn is taken back for its precision on validation rows.

    Examples:
        >>> from sklearn.datasets import load_digits
        >>> from quantal.hashing import BinaryAutoencoder
        >>> hasher = BinaryAutoencoder(n_bits=8, random_state=0).fit(load_digits().data)
        >>> hasher.inverse_transform(hasher.transform(load_digits().data)).shape
        (1797, 64)
    """

    fitted_arrays: ClassVar[dict[str, Layout]] = {
        "directions_": ("float32", ("n_features", "n_bits")),
        "thresholds_": ("float64", ("n_bits",)),
        "codewords_": ("float64", ("n_bits", "n_features")),
        "offset_": ("float64", ("n_features",)),
    }
    fitted_numbers: ClassVar[tuple[str, ...]] = ("mismatch_", "n_iter_")

    def __init__(
        self,
        n_bits: int = 32,
        *,
        mu: Any = "auto",
        encoder: str = "svm",
        C: float = 0.1,
        encoder_iterations: int = 20,
        enumerate_up_to: int = 10,
        max_samples: int | None = 20_000,
        random_state: Any = None,
    ) -> None:
        self.n_bits = n_bits
        self.mu = mu
        self.encoder = encoder
        self.C = C
        self.encoder_iterations = encoder_iterations
        self.enumerate_up_to = enumerate_up_to
        self.max_samples = max_samples
        self.random_state = random_state

    def _require_parameters(self) -> None:
        super()._require_parameters()
        require_choice("encoder", self.encoder, LOSSES)
        require_range("C", self.C, low=0, low_open=True, high=1e12)
        require_range("encoder_iterations", self.encoder_iterations, low=1, integer=True)
        require_range(
            "enumerate_up_to", self.enumerate_up_to, low=0, high=MOST_ENUMERATED, integer=True
        )
        if self.max_samples is not None:
            require_range("max_samples", self.max_samples, low=2, integer=True)
        _require_penalties(self.mu)

    def _fit(self, rows: CentredRows, generator: np.random.Generator) -> None:
        with one_thread_a_product() as n_threads:
            numbers = sampled_rows(len(rows), self.max_samples, generator)
            numbers = np.arange(len(rows)) if numbers is None else numbers
            codes = self._first_codes(rows, numbers, generator, n_threads)
            x = rows.take(numbers)
            unit = _unit(x)
            x *= np.float32(unit)
            turns = self._turns(x, codes, n_threads)
            last = turns[-1]
            self.directions_ = (last.encoder[:-1] * unit).astype(np.float32)
            self.thresholds_ = -last.encoder[-1]
            self.mismatch_, self.n_iter_ = last.mismatch, len(turns)
            self.history_ = {
                name: [getattr(turn, name) for turn in turns]
                for name in ("mu", "objective", "mismatch")
            }
            self._fit_decoder(rows)

    def _turns(
        self, x: NDArray[np.float32], codes: NDArray[np.uint8], n_threads: int
    ) -> list[Sweep]:
        sweeps = auxiliary_coordinates(
            x,
            codes,
            None if isinstance(self.mu, str) else self.mu,
            loss=self.encoder,
            C=float(self.C),
            encoder_iterations=int(self.encoder_iterations),
            enumerate_up_to=int(self.enumerate_up_to),
            n_threads=n_threads,
        )
        return list(sweeps)

    def _first_codes(
        self,
        rows: CentredRows,
        numbers: NDArray[np.int64],
        generator: np.random.Generator,
        n_threads: int,
    ) -> NDArray[np.uint8]:
        """Return codes of iterative quantisation; beyond d bits, sides of random hyperplanes."""
        n_bits, d = int(self.n_bits), rows.n_columns
        found = principal_components(rows, min(n_bits, d), n_threads)
        near = found.directions / np.sqrt(found.variances[0])
        points = coordinates(rows, near, numbers, n_threads)
        rotation, _ = quantizing_rotation(points, ROTATION_TURNS, generator, n_threads)
        scores = points @ rotation.astype(np.float32)
        if n_bits > d:
            more = generator.standard_normal((d, n_bits - d), dtype=np.float32)
            scores = np.concatenate([scores, points @ more], axis=1)
        return (scores >= 0).astype(np.uint8)

    def _fit_decoder(self, rows: CentredRows) -> None:
        codes = np.concatenate([pack_bits(bits) for _, bits in self._bit_blocks(rows.x)])
        decoder = fit_decoder(rows.x, Codes(codes, int(self.n_bits)))
        self.codewords_, self.offset_ = decoder.codewords, decoder.offset

    def _bits(self, block: NDArray[np.float32]) -> NDArray[Any]:
        bits: NDArray[np.bool_] = block @ self.directions_ > self.thresholds_
        return bits

    def inverse_transform(self, bits: ArrayLike) -> NDArray[np.float32]:
        """Return the row that each code stands for, f(z) in the unit of X.

        Args:
            bits: 0 and 1, shape (n, n_bits), as `transform` gives them.

        Returns:
            (n, d) float32.

        Raises:
            NotFittedError: `fit` was not called.
            DataError: Another shape, or something else than 0 and 1.
        """
        check_is_fitted(self)
        return LinearDecoder(self.offset_, self.codewords_).decode(self._require_bits(bits))

    def _check_restored(self) -> None:
        LinearDecoder(self.offset_, self.codewords_)
        if not (np.isfinite(self.directions_).all() and np.isfinite(self.thresholds_).all()):
            raise ValueError("directions_ or thresholds_ are not finite")


def _require_penalties(mu: Any) -> None:
    if isinstance(mu, str) and mu == "auto":
        return
    try:
        values = np.asarray(mu, dtype=np.float64)
    except (TypeError, ValueError):
        values = np.empty(0)
    rising = values.ndim == 1 and len(values) > 0 and bool((np.diff(values) > 0).all())
    if not (rising and values[0] > 0 and np.isfinite(values[-1])):
        raise ParameterError(
            f"mu must be 'auto' or a list of increasing numbers > 0, got {mu!r}. For example "
            "[0.01, 0.02, 0.04]."
        )


def _unit(x: NDArray[np.float32]) -> float:
    """Return what brings the largest range of a column to 1."""
    ranges = x.max(axis=0).astype(np.float64) - x.min(axis=0)
    return 1 / float(ranges.max()) if ranges.max() > 0 else 1.0

"""The method of auxiliary coordinates (MAC) for a binary autoencoder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..codes import LinearDecoder, fit_decoder
from .code_search import code_cost, improved_codes
from .linear_classifiers import train_classifiers
from .ordered_products import in_order

BLOCK = 4096  # rows whose codes are sought together
FIRST_SHARE = 1 / 64  # of the mean squared codeword: there few bits are worth their price
MOST_DOUBLINGS = 20


@dataclass(frozen=True)
class Sweep:
    """The outcome of one turn.

    Attributes:
        mu: The penalty.
        encoder: Weights and, in the last row, biases of the bits, (d + 1, l) float64.
        objective: ||x - f(z)||^2 + mu Ham(z, h(x)), mean over rows.
        mismatch: Share of bits with z != h(x).
    """

    mu: float
    encoder: NDArray[np.float64]
    objective: float
    mismatch: float


def auxiliary_coordinates(
    rows: NDArray[np.float32],
    codes: NDArray[np.uint8],
    penalties: Iterable[float] | None,
    *,
    loss: str,
    C: float,
    encoder_iterations: int,
    enumerate_up_to: int,
    n_threads: int = 1,
) -> Iterator[Sweep]:
    """Fit decoder, encoder and codes by turns, one for each penalty; stop where z = h(x).

    Args:
        rows: x, (n, d) float32.
        codes: First z, (n, l) of 0 and 1.
        penalties: Values of mu, increasing; None doubles from 1/64 of the mean squared codeword.
        loss: As for `train_classifiers`.
        C: Likewise.
        encoder_iterations: Likewise; only bits of which a code changed are trained again.
        enumerate_up_to: As for `improved_codes`.
        n_threads: Blocks of rows under work side by side; nothing depends on it.

    Yields:
        The outcome of each turn.

    Source: Carreira-Perpinan and Raziperchikolaei 2015, arXiv:1501.00756, Section 3.
    """
    encoder = np.zeros((rows.shape[1] + 1, codes.shape[1]))
    changed = np.ones(codes.shape[1], bool)
    decoder = fit_decoder(rows, codes)
    for mu in doubling_penalties(decoder.codewords) if penalties is None else penalties:
        encoder[:, changed] = train_classifiers(
            rows,
            codes[:, changed],
            encoder[:, changed],
            loss=loss,
            C=C,
            max_iter=encoder_iterations,
            n_threads=n_threads,
        )
        step = _CodeStep(rows, codes, encoder, decoder, float(mu), enumerate_up_to)
        parts = list(in_order(step, range(0, len(rows), BLOCK), n_threads))
        found = np.concatenate([part.codes for part in parts])
        changed = (found != codes).any(axis=0)
        codes = found
        n_differ = sum(part.n_differ for part in parts)
        objective = sum(part.objective for part in parts) / len(rows)
        yield Sweep(float(mu), encoder.copy(), objective, n_differ / codes.size)
        if n_differ == 0:
            return
        decoder = fit_decoder(rows, codes)


def doubling_penalties(codewords: NDArray[np.float64]) -> list[float]:
    """Return the penalties of "auto": no bit of an average codeword outweighs the last ones.

    Args:
        codewords: A, (l, d), of the first codes.
    """
    first = FIRST_SHARE * float(np.square(codewords).sum(axis=1).mean()) or 1.0
    return [first * 2.0**number for number in range(MOST_DOUBLINGS)]


@dataclass(frozen=True)
class _Part:
    codes: NDArray[np.uint8]
    objective: float  # summed over rows
    n_differ: int  # bits with z != h(x)


@dataclass(frozen=True)
class _CodeStep:
    """Finding the codes of a block of rows, given decoder and encoder."""

    rows: NDArray[np.float32]
    codes: NDArray[np.uint8]
    encoder: NDArray[np.float64]
    decoder: LinearDecoder
    mu: float
    enumerate_up_to: int

    def __call__(self, start: int) -> _Part:
        x, codes = self.rows[start : start + BLOCK], self.codes[start : start + BLOCK]
        weights, biases = self.encoder[:-1].astype(np.float32), self.encoder[-1]
        said = (x @ weights + biases > 0).astype(np.uint8)  # h(x)
        offset, codewords = self.decoder.offset, self.decoder.codewords
        cost = code_cost(x, said, codewords, offset, self.mu)
        found = improved_codes(cost, codes, self.enumerate_up_to)
        error = np.square(x - offset - found @ codewords).sum()
        n_differ = int((found != said).sum())
        return _Part(found, float(error) + self.mu * n_differ, n_differ)

"""Where the training of stochastic generative hashing starts."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray

from ..codes import fit_decoder
from ..threads import one_thread_a_product
from ..training.rows import Rows
from .centred_rows import CentredRows
from .principal_components import principal_components
from .rotation import quantizing_rotation
from .sgh_network import LEAST_DEVIATION, SGHNetwork

INITS = ("auto", "random", "pca", "itq")
MOST_COLUMNS = 2048  # of "auto": the principal directions of more take longer than training
DECODER_INITS = ("small", "least_squares")
SAMPLED, HARD = "straight_through_sampled", "straight_through_hard"
SAMPLE_ROWS = 8192
ROTATION_TURNS = 20
SMALL = 0.05  # of the codewords' length that the authors start from
LEAST_SHARE = 1e-6  # of the leading variance: directions with less are left random
LEAST_PROMINENCE = 8.0
"""Below it the biased gradient leaves bits undecided, above it wins; see docs/methods/sgh.md."""


def start(network: SGHNetwork, rows: Rows, seed: int, init: str, decoder_init: str) -> None:
    """Set encoder, decoder and noise from a sample of the rows.

    The encoder's offset is minus the weights times the mean, so that bits start balanced. Codewords
    of the authors' length would be so long that every bit is decided before it is learned.

    Args:
        network: changed in place.
        rows: the data.
        seed: source of the sample and of every draw.
        init: directions of the encoder: "auto", "random", "pca" or "itq".
        decoder_init: "small": random codewords and the mean as offset; "least_squares": the best
            decoder of the initial codes.

    Source: Dai et al. 2017 leave it open; the authors' code draws all weights at random.
    """
    with one_thread_a_product():  # the last bits depend on the threads
        _start(network, _sample(rows, seed), np.random.default_rng(seed), init, decoder_init)


def suited_estimator(network: SGHNetwork, rows: Rows, seed: int, init: str) -> str:
    """Return the gradient that bits of these rows are best learned by, known before training.

    The sampled straight-through gradient pulls the probability of a bit towards 1/2 by
    |u_k|^2 / rho^2 times its distance from there. Where a codeword is long beside the noise this
    keeps bits from saturating early; where it is not, bits never leave 1/2, and the hard one is
    left. The lengths are those of the least-squares decoder of the first codes.

    Args:
        network: a new one, used up by the comparison.
        rows: the data.
        seed: as for `start`.
        init: as for `start`; from random directions nothing can be told, and the paper's gradient
            is taken.
    """
    if _known_init(init, rows.x.shape[1]) == "random":
        return SAMPLED
    start(network, rows, seed, init, "least_squares")
    return HARD if prominence(network) < LEAST_PROMINENCE else SAMPLED


def prominence(network: SGHNetwork) -> float:
    """Return the mean squared length of what a bit adds to a row, in variances of the noise."""
    step = 2.0 if network.coding == "pm1" else 1.0  # from -1 to 1
    squared = (step * network.codewords.detach().double()).square().sum(dim=1)
    return float(squared.mean()) / math.exp(2 * float(network.log_deviation.detach()))


def _known_init(init: str, n_columns: int) -> str:
    if init != "auto":
        return init
    return "itq" if n_columns <= MOST_COLUMNS else "random"


def _start(
    network: SGHNetwork,
    sample: NDArray[np.float32],
    generator: np.random.Generator,
    init: str,
    decoder_init: str,
) -> None:
    mean = sample.mean(axis=0, dtype=np.float64)
    n_bits = network.weight.shape[1]
    init = _known_init(init, len(mean))
    with torch.no_grad():
        if init != "random":
            directions = _directions(sample, mean, n_bits, init, generator)
            network.weight[:, : directions.shape[1]] = torch.from_numpy(directions)
        weight = network.weight.cpu().numpy().astype(np.float64)
        network.bias.copy_(torch.from_numpy(-mean @ weight))
        network.start_scales()
    if decoder_init == "small":
        draw = generator.standard_normal((n_bits, sample.shape[1]))
        codewords, offset = SMALL / math.sqrt(n_bits) * draw, mean
    else:
        bits = ((sample - mean) @ weight > 0).astype(np.uint8)
        decoder = fit_decoder(sample, bits, ridge=1e-4)
        codewords, offset = decoder.codewords, decoder.offset
        mean = decoder.decode(bits)
    _set_decoder(network, codewords, offset, float(np.square(sample - mean).mean()))


def _sample(rows: Rows, seed: int) -> NDArray[np.float32]:
    n = len(rows)
    generator = np.random.default_rng([seed, 1])
    chosen = np.arange(n)
    if n > SAMPLE_ROWS:
        chosen = np.sort(generator.choice(n, SAMPLE_ROWS, replace=False, shuffle=False))
    return rows.prepared(torch.from_numpy(chosen)).cpu().numpy()


def _directions(
    sample: NDArray[np.float32],
    mean: NDArray[np.float64],
    n_bits: int,
    init: str,
    generator: np.random.Generator,
) -> NDArray[np.float32]:
    """Return at most ``n_bits`` directions along which rows deviate by about 1, (d, m)."""
    centred = CentredRows(sample, mean)
    most = min(n_bits, *sample.shape)
    found = principal_components(centred, most)
    kept = max(1, int((found.variances > LEAST_SHARE * found.variances[0]).sum()))
    directions, variances = found.directions[:, :kept], found.variances[:kept]
    if init == "itq":
        points = ((sample - mean) @ directions).astype(np.float32)
        rotation, _ = quantizing_rotation(points, ROTATION_TURNS, generator)
        directions = directions @ rotation
    return np.asarray(directions / np.sqrt(variances.mean()), np.float32)


def _set_decoder(
    network: SGHNetwork,
    codewords: NDArray[np.float64],
    offset: NDArray[np.float64],
    variance: float,
) -> None:
    """Write a decoder of 0 and 1, and the noise that it leaves, in the network's coding."""
    if network.coding == "pm1":
        offset = offset + codewords.sum(axis=0) / 2
        codewords = codewords / 2
    with torch.no_grad():
        network.codewords.copy_(torch.from_numpy(codewords))
        network.offset.copy_(torch.from_numpy(offset))
        if network.log_deviation.requires_grad:
            network.log_deviation.fill_(0.5 * math.log(max(variance, LEAST_DEVIATION**2)))

"""Self-augmented training with virtual adversarial and random perturbations."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ..batch_share import WHOLE, BatchShare
from .divergence import Divergence, label_divergence

LogitsOf = Callable[[Tensor], Tensor]

# Above this width a sum over the columns of independent uniform numbers is as good as Gaussian,
# and drawing bytes is seven times cheaper than drawing normal deviates.
WIDE = 64

SAFE_LENGTH = 1e-15  # shorter vectors lose digits when their entries are squared in float32


def unit_rows(r: Tensor, fallback: Tensor) -> Tensor:
    """Scale the rows of ``r``, shape (n, d), to unit length; rows of zeros become ``fallback``'s.

    No constant is added to the length: at the start of training the adversarial gradient is as
    small as 1e-10, and any "+ 1e-8" would silently switch the regulariser off.
    """
    length = torch.linalg.vector_norm(r, dim=1, keepdim=True)  # (n, 1)
    if bool((length > SAFE_LENGTH).all() & torch.isfinite(length).all()):
        return r.mul(length.reciprocal())
    # Somewhere the squares underflow: bring the largest entry of every row to 1 first.
    largest = r.abs().amax(dim=1, keepdim=True)
    usable = (largest > 0) & torch.isfinite(largest)
    scaled = torch.where(usable, r / torch.where(usable, largest, 1.0), fallback)
    return scaled.div(torch.linalg.vector_norm(scaled, dim=1, keepdim=True))


def random_direction(x: Tensor, generator: torch.Generator, share: BatchShare = WHOLE) -> Tensor:
    """Draw a random unit vector for every row of ``x``, shape (n, d), from ``generator``.

    Directions are Gaussian, normalised; from 64 columns up the entries are uniform instead, which
    has the same covariance and, in so many dimensions, the same projections.

    Args:
        x: rows, shape (n, d).
        generator: source of the draws.
        share: where the rows lie that the batch has beside these: directions are drawn for all, so
            that a row's does not depend on who computes it.
    """
    n, d = share.size(len(x)), x.shape[1]
    if d < WIDE or x.device.type != "cpu":
        drawn = torch.randn(n, d, generator=generator, device=generator.device)
        draw = share.mine(drawn).to(x.device)
    else:
        words = torch.empty((n * d + 7) // 8, dtype=torch.int64)
        words.random_(-(2**63), None, generator=generator)
        drawn = words.view(torch.int8)[: n * d].view(n, d)
        draw = share.mine(drawn).float().add_(0.5)  # symmetric about 0
    return draw.mul_(torch.linalg.vector_norm(draw, dim=1, keepdim=True).reciprocal_())


def adversarial_direction(
    logits_of: LogitsOf,
    x: Tensor,
    clean: Tensor,
    *,
    xi: float | Tensor,
    n_power: int = 1,
    generator: torch.Generator,
    divergence: Divergence = label_divergence,
    share: BatchShare = WHOLE,
) -> Tensor:
    """Find the unit direction in which the prediction changes most, by power iteration.

    Args:
        logits_of: (n, d) -> (n, k); must not update batch-norm averages. Gradients are taken with
            respect to its input only; pass it frozen parameters to save the rest.
        x: inputs, shape (n, d).
        clean: what ``divergence`` takes of ``x``, detached: log-probabilities, shape (n, k), or
            for `bit_divergence` logits.
        xi: length of the probing step, in the unit of ``x``; a number or shape (n, 1).
        n_power: power iterations, >= 1.
        generator: source of the first direction.
        divergence: how much a prediction has changed, as a mean over the batch.
        share: as for `random_direction`.

    Returns:
        Unit rows, shape (n, d), without gradient.

    Source: Hu et al. 2017, Eq. 4 with the approximation of Miyato et al. 2016; the authors'
    imsat_cluster.py. Differs: rows are normalised by their largest entry first, and a row whose
    gradient is exactly zero keeps its random direction.
    """
    direction = random_direction(x, generator, share)
    step = torch.as_tensor(xi, dtype=x.dtype, device=x.device)
    for _ in range(n_power):
        # The gradient by the probe is the one by the direction but for each row's length.
        probe = torch.addcmul(x, direction, step).requires_grad_()
        with torch.enable_grad():
            distance = divergence(clean, logits_of(probe))
            (gradient,) = torch.autograd.grad(distance, probe)
        direction = unit_rows(gradient, direction)
    return direction


def vat_penalty(
    logits_of: LogitsOf,
    frozen_logits_of: LogitsOf,
    x: Tensor,
    clean: Tensor,
    radius: Tensor,
    *,
    xi: float | Tensor,
    n_power: int = 1,
    generator: torch.Generator,
    divergence: Divergence = label_divergence,
    share: BatchShare = WHOLE,
) -> Tensor:
    """Virtual adversarial penalty KL[p(y|x) || p(y|x + r)], mean over rows, in nats.

    Args:
        logits_of: (n, d) -> (n, k), with gradients to the parameters.
        frozen_logits_of: the same function with constant parameters, for the search of r.
        x: inputs, shape (n, d).
        clean: what ``divergence`` takes of ``x``: log-probabilities, shape (n, k), or for
            `bit_divergence` logits; a target, hence detached here.
        radius: length of each row's r, shape (n,), in the unit of ``x``.
        xi: see `adversarial_direction`.
        n_power: see `adversarial_direction`.
        generator: source of the first direction.
        divergence: how much a prediction has changed, as a mean over the batch.
        share: as for `random_direction`.

    Returns:
        Scalar >= 0; gradients reach the parameters only through p(y|x + r).

    Source: Hu et al. 2017, Eq. 3 and 4.
    """
    target = clean.detach()
    direction = adversarial_direction(
        frozen_logits_of,
        x,
        target,
        xi=xi,
        n_power=n_power,
        generator=generator,
        divergence=divergence,
        share=share,
    )
    return divergence(target, logits_of(torch.addcmul(x, direction, radius[:, None])))


def rpt_penalty(
    logits_of: LogitsOf,
    x: Tensor,
    clean: Tensor,
    radius: Tensor,
    *,
    generator: torch.Generator,
    divergence: Divergence = label_divergence,
    share: BatchShare = WHOLE,
) -> Tensor:
    """Random perturbation penalty KL[p(y|x) || p(y|x + r)] with r uniform on a sphere, in nats.

    Args:
        logits_of: (n, d) -> (n, k), with gradients to the parameters.
        x: inputs, shape (n, d).
        clean: what ``divergence`` takes of ``x``: log-probabilities, shape (n, k), or for
            `bit_divergence` logits; a target, hence detached here.
        radius: length of each row's r, shape (n,), in the unit of ``x``.
        generator: source of r.
        divergence: how much a prediction has changed, as a mean over the batch.
        share: as for `random_direction`.

    Returns:
        Scalar >= 0.

    Source: Hu et al. 2017, Eq. 3 and 5 (after Bachman et al. 2014).
    """
    perturbed = torch.addcmul(x, random_direction(x, generator, share), radius[:, None])
    return divergence(clean.detach(), logits_of(perturbed))

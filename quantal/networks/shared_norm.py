"""Normalising with the statistics of a batch whose rows lie in several processes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from ..batch_share import BatchShare


def shared_norm(
    z: Tensor,
    scale: Tensor,
    offset: Tensor,
    epsilon: float,
    share: BatchShare,
    averages: tuple[Tensor, Tensor, float] | None,
) -> Tensor:
    """Normalise this process's rows by mean and variance of all rows of the batch.

    The gradient goes through the statistics as it does in one process. PyTorch's own layer for
    this works on GPUs only.

    Args:
        z: activations (n, d) or maps (n, d, h, w), float32 or bfloat16.
        scale: shape (d,).
        offset: shape (d,).
        epsilon: added to the variance.
        share: how to reach the other rows.
        averages: running mean and variance to update, shape (d,) each, with the weight of the new
            value; None updates none.

    Returns:
        Shape and type of ``z``.
    """
    normalised, mean, var = _SharedNorm.apply(  # type: ignore[no-untyped-call]
        z, scale, offset, epsilon, share
    )
    if averages is not None:
        running_mean, running_var, weight = averages
        count = share.size(len(z)) * z.shape[2:].numel()
        with torch.no_grad():
            running_mean.lerp_(mean, weight)
            running_var.lerp_(var * (count / (count - 1)), weight)
    result: Tensor = normalised
    return result


def batch_moments(z: Tensor, share: BatchShare) -> tuple[Tensor, Tensor]:
    """Return mean and variance, shape (d,) each, of all rows and positions of the batch.

    From each process come its own mean and variance: sums of squares would lose the variance of
    columns that lie far from 0.

    Args:
        z: activations (n, d) or maps (n, d, h, w), float32.
        share: how to reach the other rows.
    """
    var, mean = torch.var_mean(z, dim=_all_but_columns(z), correction=0)
    means, variances = share.each(torch.stack((mean, var))).unbind(dim=1)  # (processes, d) each
    weights = share.weights.to(z)[:, None]
    whole = (weights * means).sum(dim=0)
    return whole, (weights * (variances + (means - whole).square())).sum(dim=0)


class _SharedNorm(torch.autograd.Function):
    """Forward and backward each exchange two numbers a column."""

    @staticmethod
    def forward(
        ctx: Any, z: Tensor, scale: Tensor, offset: Tensor, epsilon: float, share: BatchShare
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean, var = batch_moments(z.float(), share)
        ctx.save_for_backward(z, scale, mean, var)
        ctx.epsilon, ctx.share = epsilon, share
        ctx.mark_non_differentiable(mean, var)
        out = functional.batch_norm(z, mean, var, scale, offset, False, 0.0, epsilon)
        return out, mean, var

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, Tensor, None, None]:
        z, scale, mean, var = ctx.saved_tensors
        share: BatchShare = ctx.share
        form = (-1, *[1] * (z.ndim - 2))  # of a column in z
        by_out = gradients[0].float()
        inverse = torch.rsqrt(var + ctx.epsilon)
        standard = (z.float() - mean.view(form)).mul_(inverse.view(form))
        dims = _all_but_columns(z)
        by_offset, by_scale = by_out.sum(dim=dims), (by_out * standard).sum(dim=dims)
        by_z = None
        if ctx.needs_input_grad[0]:
            count = share.size(len(z)) * z.shape[2:].numel()
            sums = share.added(torch.stack((by_offset, by_scale))) / count
            centred = by_out - sums[0].view(form) - standard.mul_(sums[1].view(form))
            by_z = centred.mul_((scale * inverse).view(form)).to(z.dtype)
        return by_z, by_scale, by_offset, None, None


def _all_but_columns(z: Tensor) -> tuple[int, ...]:
    return (0, *range(2, z.ndim))

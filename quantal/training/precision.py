"""Where products are computed, and in which type."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import torch

from ..errors import ParameterError, require_choice
from .distributed import current, own_device

PRECISIONS = ("auto", "float32", "bfloat16")
WIDE_ENOUGH = 256  # below this width casting costs more than the faster products save


def resolve_device(device: str) -> torch.device:
    """Return the device for "auto" (CUDA if there), or the named one if it exists.

    Of several processes that fit together each takes its own GPU for "auto" and "cuda".

    Raises:
        ParameterError: The device is unknown or absent.
    """
    if device in {"auto", "cuda"} and current() is not None and torch.cuda.is_available():
        return own_device()
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        chosen = torch.device(device)
        torch.empty(1, device=chosen).item()  # "meta" holds no numbers
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ParameterError(
            f"device {device!r} cannot be used ({reason}). Use 'auto' or 'cpu'."
        ) from None
    return chosen


@functools.cache
def has_fast_bfloat16(device_type: str) -> bool:
    """Tell whether bfloat16 matrix products are faster than float32 ones on this machine.

    Of processors those with matrix instructions for it count (Intel's AMX). AVX-512 has dot
    products of bfloat16, but processors that have only these were measured to be slower with
    them than with float32: 0.5 to 0.65 of its rate at the sizes of the published networks.
    """
    if device_type == "cuda":
        return torch.cuda.get_device_capability() >= (8, 0)
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:  # not Linux: no reliable way to ask
        return False
    return "amx_bf16" in flags


def resolve_dtype(
    precision: str, device: torch.device, hidden_layer_sizes: Sequence[int]
) -> torch.dtype:
    """Return the type of the hidden matrix products.

    Args:
        precision: "float32", "bfloat16", or "auto": bfloat16 where the processor has fast
            products of it and the network is wide enough to gain.
        device: where the products run.
        hidden_layer_sizes: widths of the hidden layers.

    Raises:
        ParameterError: Unknown precision.
    """
    require_choice("precision", precision, PRECISIONS)
    if precision == "auto":
        wide = max(hidden_layer_sizes, default=0) >= WIDE_ENOUGH
        precision = "bfloat16" if wide and has_fast_bfloat16(device.type) else "float32"
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


@contextmanager
def float32_sums(device: torch.device) -> Iterator[None]:
    """Let a GPU add in float32, in an order of its own that does not change; restored afterwards.

    PyTorch lets cuBLAS add parts of a bfloat16 product in bfloat16, cuDNN round float32 to
    TensorFloat-32, and both of them add the gradients of filters in any order. Elsewhere than
    on a GPU there is nothing to set.

    Args:
        device: where the products run.
    """
    if device.type != "cuda":
        yield
        return
    products, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = products.allow_bf16_reduced_precision_reduction
    with cudnn.flags(enabled=cudnn.enabled, benchmark=False, deterministic=True, allow_tf32=False):
        products.allow_bf16_reduced_precision_reduction = False
        try:
            yield
        finally:
            products.allow_bf16_reduced_precision_reduction = before

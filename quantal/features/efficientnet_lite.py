"""The network EfficientNet-Lite0 up to its last pooling, for inference, without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .depthwise import filtered_channels

EPSILON = np.float32(1e-3)
# blocks, stride of the first, whether they expand: Table 1 of the paper; the weights tell kernels
STAGES = (
    (1, 1, False),
    (2, 2, True),
    (2, 2, True),
    (3, 2, True),
    (3, 1, True),
    (4, 2, True),
    (1, 1, True),
)


@dataclass(frozen=True)
class _Layer:
    """A convolution with its batch normalisation folded in: (kernel, kernel, in or 1, out)."""

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int
    is_bounded: bool

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        kernel, _, n_in, n_out = self.weight.shape
        places, first = self._places(x.shape[1:3])
        if n_in == 1 < x.shape[3]:
            weight = self.weight[:, :, 0]
            return filtered_channels(x, weight, self.bias, self.stride, first, places)
        seen = x if kernel == 1 else self._seen(x, first, places)
        y = seen.reshape(-1, seen.shape[3]) @ self.weight.reshape(-1, n_out)
        y += self.bias
        if self.is_bounded:
            np.minimum(np.maximum(y, 0, out=y), 6, out=y)
        return y.reshape(len(x), *places, n_out)

    def _places(self, sides: tuple[int, ...]) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return rows and columns of results, and the pixel where the first kernel begins.

        Zeros lie around a picture; where they cannot be shared equally, the odd one lies behind.
        """
        counts = [-(-side // self.stride) for side in sides]
        missing = [
            max((count - 1) * self.stride + len(self.weight) - side, 0)
            for count, side in zip(counts, sides, strict=True)
        ]
        return (counts[0], counts[1]), (-(missing[0] // 2), -(missing[1] // 2))

    def _seen(
        self, x: NDArray[np.float32], first: tuple[int, int], places: tuple[int, int]
    ) -> NDArray[np.float32]:
        """Return the pixels under the kernel at each place, (b, rows, columns, kernel^2 c)."""
        kernel = len(self.weight)
        wide = np.pad(x, [(0, 0), *((-start, kernel) for start in first), (0, 0)])
        ends = [(count - 1) * self.stride + 1 for count in places]
        parts = [
            wide[:, i : i + ends[0] : self.stride, j : j + ends[1] : self.stride]
            for i in range(kernel)
            for j in range(kernel)
        ]
        return np.concatenate(parts, axis=3)


class EfficientNetLite:
    """EfficientNet-Lite0: 16 inverted bottlenecks without squeeze and excitation, ReLU6.

    Args:
        weights: Arrays by name, as the published PyTorch port names them; those of the
            classifier are not used.

    Source: Tan and Le 2019, arXiv:1905.11946, Table 1; "Lite" is the authors' variant for
    phones. Differs: nothing but rounding; batch normalisation is folded into the convolutions.
    """

    def __init__(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self.stem = _layer(weights, "_conv_stem", "_bn0", stride=2)
        self.blocks: list[list[_Layer]] = []
        for count, stride, expands in STAGES:
            for repeat in range(count):
                name = f"_blocks.{len(self.blocks)}."
                first = stride if repeat == 0 else 1
                self.blocks.append(_block(weights, name, first, expands))
        self.head = _layer(weights, "_conv_head", "_bn1")

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Describe pictures.

        Args:
            x: (b, 224, 224, 3) float32, red, green and blue as (pixel - 127) / 128.

        Returns:
            (b, 1280) float32 in [0, 6]: the mean over places of what the classifier looks at.
        """
        x = self.stem(x)
        for layers in self.blocks:
            before = x
            for layer in layers:
                x = layer(x)
            if x.shape == before.shape:
                x += before
        pooled: NDArray[np.float32] = self.head(x).mean(axis=(1, 2))
        return pooled


def _block(
    weights: Mapping[str, NDArray[Any]], name: str, stride: int, expands: bool
) -> list[_Layer]:
    layers = [_layer(weights, f"{name}_expand_conv", f"{name}_bn0")] if expands else []
    layers.append(_layer(weights, f"{name}_depthwise_conv", f"{name}_bn1", stride=stride))
    layers.append(_layer(weights, f"{name}_project_conv", f"{name}_bn2", bounded=False))
    return layers


def _layer(
    weights: Mapping[str, NDArray[Any]],
    conv: str,
    norm: str,
    *,
    stride: int = 1,
    bounded: bool = True,
) -> _Layer:
    """Fold the normalisation into the convolution: gamma (w * x - mean) / deviation + beta."""
    weight = weights[f"{conv}.weight"]  # (out, in or 1, kernel, kernel)
    gamma, beta, mean, variance = (
        weights[f"{norm}.{part}"] for part in ("weight", "bias", "running_mean", "running_var")
    )
    factor = gamma / np.sqrt(variance + EPSILON)
    folded = np.ascontiguousarray(weight.transpose(2, 3, 1, 0) * factor, np.float32)
    return _Layer(folded, (beta - mean * factor).astype(np.float32), stride, bounded)

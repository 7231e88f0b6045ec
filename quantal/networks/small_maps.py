"""Convolutions of maps so small that one matrix product is faster than sliding filters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

MOST_PIXELS = 16  # of a map that is multiplied: the matrix of 5 x 5 pixels outgrows every cache


@dataclass(frozen=True)
class Convolution:
    """A convolution without offsets, with zeros around its maps that keep their size.

    Attributes:
        sides: (rows, columns) of the maps that it takes, pixels.
        size: side of its filters, pixels, odd.
        stride: pixels between the centres of neighbouring results.
    """

    sides: tuple[int, int]
    size: int
    stride: int = 1

    @property
    def out_sides(self) -> tuple[int, int]:
        """(rows, columns) of the maps that it returns, pixels."""
        rows, columns = ((side - 1) // self.stride + 1 for side in self.sides)
        return rows, columns

    @property
    def is_dense(self) -> bool:
        """Whether every pixel times every pixel is no more work than every pixel times a filter.

        Filters of 5 x 5 on maps of 3 x 3 meet zeros around the maps in 144 of 225 products. One
        matrix holds the other 81, and a product with it is about 15 times as fast in bfloat16,
        5 times in float32 (500 images, 256 maps to 512, one core).
        """
        return self.sides[0] * self.sides[1] <= min(self.size**2, MOST_PIXELS)

    def bind(self, filters: Tensor, dtype: torch.dtype) -> BoundConvolution:
        """Return the convolution as a function of maps, its filters cast to ``dtype`` once.

        Args:
            filters: shape (n_out, n_in, size, size), float32.
            dtype: type of the product.
        """
        if filters.device.type == "cpu" and self.is_dense:
            matrix: Tensor = _Spread.apply(filters, self, dtype)  # type: ignore[no-untyped-call]
            return BoundConvolution(self, matrix)
        return BoundConvolution(self, filters.to(dtype, memory_format=torch.channels_last))

    def pairs(self) -> Iterator[tuple[tuple[int, int], tuple[int, int], tuple[int, int]]]:
        """Yield (row, column) of a pixel taken, of a pixel returned and of the filter between."""
        for out_row, in_row, row in self._pairs_along(0):
            for out_column, in_column, column in self._pairs_along(1):
                yield (in_row, in_column), (out_row, out_column), (row, column)

    def _pairs_along(self, axis: int) -> list[tuple[int, int, int]]:
        reach = self.size // 2
        return [
            (out, taken, taken - self.stride * out + reach)
            for out in range(self.out_sides[axis])
            for taken in range(self.sides[axis])
            if abs(taken - self.stride * out) <= reach
        ]


@dataclass(frozen=True)
class BoundConvolution:
    """A convolution with its weights for one step.

    Attributes:
        form: sizes and stride.
        weight: filters, shape (n_out, n_in, size, size), or, for small maps, the matrix of shape
            (pixels * n_in, pixels * n_out).
    """

    form: Convolution
    weight: Tensor

    def frozen(self) -> BoundConvolution:
        """Return the same function with constant weights."""
        return BoundConvolution(self.form, self.weight.detach())

    def __call__(self, maps: Tensor) -> Tensor:
        """Return maps, shape (n, n_out, *out_sides), of maps of shape (n, n_in, *sides)."""
        form = self.form
        if self.weight.ndim == 4:
            return functional.conv2d(maps, self.weight, None, form.stride, form.size // 2)
        rows = maps.permute(0, 2, 3, 1).reshape(len(maps), -1)  # (n, pixels * n_in)
        n_pixels = form.out_sides[0] * form.out_sides[1]
        results = (rows @ self.weight).view(
            len(maps), *form.out_sides, self.weight.shape[1] // n_pixels
        )
        return results.permute(0, 3, 1, 2)  # (n, n_out, *out_sides), channels last in memory


class _Spread(torch.autograd.Function):
    """Filters as a matrix from all pixels and maps taken to all pixels and maps returned."""

    @staticmethod
    def forward(ctx: Any, filters: Tensor, form: Convolution, dtype: torch.dtype) -> Tensor:
        n_out, n_in = filters.shape[:2]
        ctx.form, ctx.shape = form, filters.shape
        taps = filters.permute(2, 3, 1, 0).to(dtype, memory_format=torch.contiguous_format)
        matrix = taps.new_zeros(*form.sides, n_in, *form.out_sides, n_out)
        for taken, returned, tap in form.pairs():
            matrix[taken][:, *returned] = taps[tap]
        return matrix.view(form.sides[0] * form.sides[1] * n_in, -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        form: Convolution = ctx.form
        n_out, n_in, size = ctx.shape[:3]
        matrix = gradients[0].reshape(*form.sides, n_in, *form.out_sides, n_out)
        taps = torch.zeros(size, size, n_in, n_out)  # float32: a tap sums over many pairs
        for taken, returned, tap in form.pairs():
            taps[tap] += matrix[taken][:, *returned]
        return taps.permute(3, 2, 0, 1), None, None

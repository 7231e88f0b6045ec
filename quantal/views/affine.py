"""Random affine distortion of images, Appendix F of IMSAT, for a whole batch at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import DataError, ParameterError, require_range


@dataclass(frozen=True)
class AffineDistortion:
    """Scale, translate, rotate and shear each image at random, about its centre.

    A point p of the image, (x right, y down) in pixels from the centre c, moves to
    ``c + R(angle) Shear(rho_x, rho_y) Scale(s_x, s_y) (p - c + t)``. All seven numbers are
    independent and uniform, drawn anew for each image. Interpolation is bilinear, and what comes
    from outside the image is ``fill``: scikit-image's ``warp(order=1, mode="constant")``.

    Args:
        image_shape: (height, width), or (channels, height, width) where flat rows hold
            several channels one after the other.
        scale: lowest and highest factor, of x and of y.
        translation: largest shift along x and along y, in pixels, before scaling; None takes
            2/21 of the shorter side, 2 pixels of Omniglot's 21.
        rotation: largest angle, in degrees.
        shear: largest rho_x and rho_y in ``Shear = [[1, rho_x], [rho_y, 1]]``, below 1.
        fill: value outside the image; None takes each image's own background, the median of
            its border pixels (of each channel).

    Raises:
        ParameterError: a parameter is out of range.

    Source:
        Hu et al. 2017, arXiv:1702.08720, Appendix F, which gives the four ranges. The order, the
        centre, the interpolation and the fill are ours, as the paper is silent.
        Differs: the paper prints a translation of 0.4 without a unit. 0.4 pixels do not give
        the paper's figures, on which copies that shift by 2 pixels come close.
    """

    image_shape: tuple[int, ...]
    scale: tuple[float, float] = (0.8, 1.2)
    translation: float | None = None
    rotation: float = 10.0
    shear: float = 0.3
    fill: float | None = None

    def __post_init__(self) -> None:
        sides = self.image_shape
        if len(sides) not in (2, 3) or any(isinstance(s, bool) or s < 1 for s in sides):
            raise ParameterError(
                "image_shape must be (height, width) or (channels, height, width) with positive "
                f"sides, got {sides!r}."
            )
        low, high = self.scale
        require_range("scale[0]", low, low=0, high=math.inf, low_open=True)
        require_range("scale[1]", high, low=low)
        if self.translation is not None:
            require_range("translation", self.translation, low=0)
        require_range("rotation", self.rotation, low=0, high=180)
        require_range("shear", self.shear, low=0, high=0.99)

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return a distorted batch, same shape, dtype and device.

        Args:
            x: floating-point images (B, height * width), (B, height, width) or
                (B, channels, height, width).
            generator: source of the seven numbers per image, on any device.

        Raises:
            DataError: ``x`` does not hold images of ``image_shape``, or is not floating point.
        """
        images = self._as_images(x)  # (B, c, h, w)
        wide = images.to(torch.promote_types(images.dtype, torch.float32))
        fill = border_median(wide) if self.fill is None else self.fill
        grid = self._sampling_grid(len(x), generator).to(wide)  # (B, h, w, 2)
        # grid_sample pads with zeros only: shift so that the fill is zero.
        moved = functional.grid_sample(wide - fill, grid, align_corners=False) + fill
        return moved.to(x.dtype).reshape(x.shape)

    def matrices(self, n: int, generator: torch.Generator) -> Tensor:
        """Draw the linear part and the shift of ``n`` distortions.

        Returns:
            (n, 2, 3) float32 on the generator's device, columns (A | t): a point p goes to
            ``c + A (p - c + t)``, in pixels. One seed gives one set whatever the batch.
        """
        uniform = torch.rand(7, n, generator=generator, device=generator.device)
        signed = 2 * uniform - 1
        low, high = self.scale
        scale_x, scale_y = low + (high - low) * uniform[:2]
        shift_x, shift_y = self._largest_shift() * signed[2:4]
        angle = math.radians(self.rotation) * signed[4]
        shear_x, shear_y = self.shear * signed[5:7]
        cos, sin = angle.cos(), angle.sin()
        rows = (
            (cos - sin * shear_y) * scale_x,
            (cos * shear_x - sin) * scale_y,
            shift_x,
            (sin + cos * shear_y) * scale_x,
            (sin * shear_x + cos) * scale_y,
            shift_y,
        )
        return torch.stack(rows, dim=1).view(n, 2, 3)

    def _largest_shift(self) -> float:
        return min(self.image_shape[-2:]) * 2 / 21 if self.translation is None else self.translation

    def _sampling_grid(self, n: int, generator: torch.Generator) -> Tensor:
        """Where each output pixel comes from, in grid_sample's units, (n, h, w, 2).

        ``p - c = A^-1 (q - c) - t`` for the output pixel q. With align_corners=False the unit
        is half a side from the centre, which has no special case at a side of one pixel.
        """
        height, width = self.image_shape[-2:]
        (a, b, shift_x), (c, d, shift_y) = self.matrices(n, generator).permute(1, 2, 0)[..., None]
        area = a * d - b * c  # (n, 1); > 0 as |shear| < 1
        x = torch.arange(width, device=generator.device) - (width - 1) / 2
        y = torch.arange(height, device=generator.device) - (height - 1) / 2
        unit_x, unit_y = 2 / width, 2 / height
        # Filled in place: stacking would cost as much again.
        grid = torch.empty(n, height, width, 2, device=generator.device)
        torch.sub(
            ((d * x / area - shift_x) * unit_x)[:, None, :],
            (b * y / area * unit_x)[:, :, None],
            out=grid[..., 0],
        )
        torch.sub(
            ((a * y / area - shift_y) * unit_y)[:, :, None],
            (c * x / area * unit_y)[:, None, :],
            out=grid[..., 1],
        )
        return grid

    def _as_images(self, x: Tensor) -> Tensor:
        """View ``x`` as (B, c, h, w), or say which shapes are allowed."""
        height, width = self.image_shape[-2:]
        channels = self.image_shape[0] if len(self.image_shape) == 3 else None
        flat = (channels or 1) * height * width
        fits = {
            2: tuple(x.shape[1:]) == (flat,),
            3: tuple(x.shape[1:]) == (height, width) and channels in (None, 1),
            4: tuple(x.shape[2:]) == (height, width) and channels in (None, *x.shape[1:2]),
        }
        if not fits.get(x.ndim, False):
            raise DataError(
                f"AffineDistortion for images of {self.image_shape} needs (B, {flat}), "
                f"(B, {height}, {width}) or (B, channels, {height}, {width}), "
                f"got {tuple(x.shape)}."
            )
        if not x.is_floating_point():
            raise DataError(f"AffineDistortion needs floating-point images, got {x.dtype}.")
        return x.reshape(len(x), channels or 1, height, width) if x.ndim < 4 else x


def border_median(images: Tensor) -> Tensor:
    """Median of the pixels on the border of each image and channel: its background.

    Args:
        images: (B, c, h, w).

    Returns:
        (B, c, 1, 1), the lower median where the number of pixels is even.
    """
    sides = (images[..., 0, :], images[..., -1, :], images[..., 0], images[..., -1])
    return torch.cat(sides, dim=-1).median(dim=-1).values[..., None, None]

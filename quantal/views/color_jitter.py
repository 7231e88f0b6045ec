"""Random brightness, contrast, saturation and hue of each image of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import DataError, require_range

CONTRAST, SATURATION, HUE = 1, 2, 3  # brightness is 0
LUMA = (0.299, 0.587, 0.114)


class JitterDraws(NamedTuple):
    """What is random in a jitter of n images.

    Attributes:
        factors: (n, 4) float32 factors of brightness, contrast and saturation, and the shift of
            hue in turns.
        scores: (n, 4) float32, distinct; each image's changes are made in increasing order.
    """

    factors: Tensor
    scores: Tensor


@dataclass(frozen=True)
class ColorJitter:
    """Change brightness, contrast, saturation and hue of each image, in random order.

    Three changes blend an image with another: brightness with black, contrast with the mean
    of its grey version, saturation with its grey version. A factor f gives ``f image + (1 - f)
    other``, clamped to [0, 1]. Images of one channel change in brightness and contrast only.

    Args:
        brightness: largest distance from 1 of the factor, which is uniform in
            [max(0, 1 - brightness), 1 + brightness]; 0 leaves the brightness alone.
        contrast: the same for contrast.
        saturation: the same for saturation.
        hue: largest shift of hue, in turns, at most 0.5; uniform in [-hue, hue].

    Raises:
        ParameterError: a parameter is out of range.

    Source:
        torchvision's ColorJitter on PIL images, as in IIC and Peng et al.: each image has its own
        factors and its own order of the four changes.
        Differs: no rounding to 256 levels after each change. kornia's ColorJitter draws one order
        for the whole batch.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0

    def __post_init__(self) -> None:
        for name in ("brightness", "contrast", "saturation"):
            require_range(name, getattr(self, name), low=0)
        require_range("hue", self.hue, low=0, high=0.5)

    @property
    def strengths(self) -> tuple[float, float, float, float]:
        """Brightness, contrast, saturation and hue."""
        return self.brightness, self.contrast, self.saturation, self.hue

    def __call__(self, x: Tensor, generator: torch.Generator) -> Tensor:
        """Return a jittered batch, same shape, dtype and device.

        Args:
            x: floating-point images (B, c, h, w) in [0, 1], of 1 or 3 channels.
            generator: source of the factors and orders; nothing is drawn if all four
                parameters are 0.

        Raises:
            DataError: ``x`` has other channels, or values outside [0, 1].
        """
        return self.apply(x, self.draw(len(x), generator)) if any(self.strengths) else x

    def draw(self, n: int, generator: torch.Generator) -> JitterDraws:
        """Draw factors and orders for ``n`` images, on the generator's device."""
        uniform = torch.rand(n, 8, generator=generator, device=generator.device)
        spread = torch.tensor(self.strengths, device=generator.device)
        middle = torch.tensor([1.0, 1.0, 1.0, 0.0], device=generator.device)
        low = middle - spread
        low[:HUE].clamp_min_(0)
        return JitterDraws(low + (middle + spread - low) * uniform[:, :4], uniform[:, 4:])

    def apply(self, x: Tensor, draws: JitterDraws) -> Tensor:
        """Return the batch changed as drawn; `__call__` says which batches."""
        require_colours(x, "ColorJitter")
        require_unit_interval(x)
        changes = [
            change
            for change, strength in enumerate(self.strengths)
            if strength and (x.shape[1] == 3 or change <= CONTRAST)
        ]
        factors = draws.factors.to(x.device)
        order = draws.scores[:, changes].argsort(dim=1).to(x.device)
        images = x.to(torch.promote_types(x.dtype, torch.float32))
        for step in range(len(changes)):
            change = torch.tensor(changes, device=x.device)[order[:, step]]  # (B,)
            factor = factors.gather(1, change[:, None])[:, 0]
            images = blend(images, change, factor.to(images))
            if HUE in changes:
                turned = (change == HUE).nonzero()[:, 0]
                images[turned] = shift_hue(images[turned], factor[turned].to(images))
        return images.to(x.dtype)


def blend(images: Tensor, change: Tensor, factor: Tensor) -> Tensor:
    """Blend each image as its ``change`` (B,) asks, by its ``factor`` (B,); a new tensor.

    An image whose turn it is to change in hue stays as it is.
    """
    factor = torch.where(change == HUE, 1.0, factor)
    rest = 1 - factor
    grey = to_grey(images)  # (B, 1, h, w)
    mean_share = torch.where(change == CONTRAST, rest, 0.0) * grey.mean((1, 2, 3))
    other = mean_share[:, None, None, None]
    if images.shape[1] == 3:
        other = other + torch.where(change == SATURATION, rest, 0.0)[:, None, None, None] * grey
    return torch.addcmul(other, images, factor[:, None, None, None]).clamp_(0, 1)


def to_grey(images: Tensor) -> Tensor:
    """One channel (B, 1, h, w) by ITU-R 601 weights from three; one channel is returned as is."""
    if images.shape[1] == 1:
        return images
    red, green, blue = LUMA
    return red * images[:, :1] + green * images[:, 1:2] + blue * images[:, 2:]


def shift_hue(images: Tensor, turns: Tensor) -> Tensor:
    """Turn the hue of each image by its share of the colour circle, at constant value and chroma.

    Args:
        images: (B, 3, h, w) in [0, 1].
        turns: (B,) shifts, 1 is once around.

    Returns:
        (B, 3, h, w), a new tensor.
    """
    red, green, blue = images.unbind(1)  # (B, h, w)
    value, lowest = images.amax(1), images.amin(1)
    chroma = value - lowest
    safe = chroma.clamp_min(torch.finfo(images.dtype).tiny)  # greys stay grey: chroma is 0
    sixths = torch.where(
        value == red,
        (green - blue) / safe,
        torch.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    sixths = sixths + 6 * turns[:, None, None]
    # Along the circle a channel is at its lowest for two sixths, a ramp, at its highest for two.
    starts = torch.tensor([5.0, 3.0, 1.0], device=images.device, dtype=images.dtype)
    place = (sixths[:, None] + starts[:, None, None]).remainder(6)  # (B, 3, h, w)
    return value[:, None] - chroma[:, None] * torch.minimum(place, 4 - place).clamp_(0, 1)


def require_colours(x: Tensor, name: str) -> None:
    """Raise DataError unless ``x`` holds images of 1 or 3 channels."""
    if x.ndim != 4 or x.shape[1] not in (1, 3):
        raise DataError(f"{name} needs images (B, 1, h, w) or (B, 3, h, w), got {tuple(x.shape)}.")


def require_unit_interval(x: Tensor) -> None:
    """Raise DataError unless pixels are in [0, 1], up to rounding: a clamp would spoil others."""
    if x.numel() == 0:
        return
    low, high = (float(end) for end in torch.aminmax(x.detach()))
    if not (low >= -0.01 and high <= 1.01):  # "not" also catches nan
        raise DataError(
            f"ColorJitter needs pixel values in [0, 1], got values from {low:.3g} to {high:.3g}. "
            "Scale the images first, for example divide by 255."
        )

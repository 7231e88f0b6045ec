"""The image views of IIC and Peng et al.: rotate, crop, resize, mirror, jitter, grey."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import DataError, ParameterError, require_choice, require_range
from .color_jitter import ColorJitter, JitterDraws, require_colours, to_grey
from .crop_resize import INTERPOLATIONS, crop_and_resize
from .rotation import rotate_nearest

Size = int | tuple[int, int]


class GeometricDraws(NamedTuple):
    """What is random in one view of n images; None where nothing is.

    Attributes:
        degrees: (n,) angles, 0 for images that are not rotated.
        which: (n,) int64, the number of the crop's size.
        down: (n,) where the crop lies between the top (0) and the bottom (1).
        right: (n,) the same from left to right.
        central: (n,) bool, True where the crop is at the centre instead.
        flipped: (n,) bool, True where the image is mirrored.
        jitter: factors and orders of the changes of colour.
    """

    degrees: Tensor | None = None
    which: Tensor | None = None
    down: Tensor | None = None
    right: Tensor | None = None
    central: Tensor | None = None
    flipped: Tensor | None = None
    jitter: JitterDraws | None = None

    def to(self, device: torch.device) -> GeometricDraws:
        """Move what the geometry needs to the images; the jitter moves its own."""

        def moved(part: Tensor | None) -> Tensor | None:
            return None if part is None else part.to(device)

        degrees, which, down, right, central, flipped = map(moved, self[:6])
        return GeometricDraws(degrees, which, down, right, central, flipped, self.jitter)


@dataclass(frozen=True)
class GeometricView:
    """Rotate, crop, resize, mirror and jitter each image at random, in this order.

    Every image has its own draws. Parts that are not random draw nothing.

    Args:
        crops: sizes of the crop in pixels, a side or (height, width); each image draws one.
        output: size after the resize, a side or (height, width).
        center_share: probability that the crop is at the centre, in [0, 1]; else all places
            inside the image are equally likely. With 1, nothing is drawn.
        rotation: largest angle in degrees, in [0, 180]; uniform in both directions, about the
            centre, nearest pixel, 0 outside.
        rotation_probability: probability that an image is rotated at all.
        interpolation: "bilinear" or "nearest", of the resize.
        flip_probability: probability that an image is mirrored left to right.
        jitter: the changes of colour, with their own draws; `ColorJitter()` makes none.
        grey: return one channel, by ITU-R 601 weights, as the last step.

    Raises:
        ParameterError: a parameter is out of range.

    Source:
        Ji et al. 2019 (IIC), arXiv:1807.06653, and Peng et al. 2019, whose codes compose
        torchvision's transforms of PIL images in this order.
        Differs from PIL: values are not rounded to 256 levels after each step, so a bilinear
        resize is off by up to 1/255. Rotations and nearest resizes are the same to the pixel.
        Differs from kornia: it draws a continuous scale of the crop, and one order of the colour
        changes for a batch; its nearest resize looks under the corner of the new pixel, PIL's and
        ours under the middle; it smooths before shrinking only if asked, by another filter.
    """

    crops: tuple[Size, ...]
    output: Size
    center_share: float = 0.0
    rotation: float = 0.0
    rotation_probability: float = 1.0
    interpolation: str = "bilinear"
    flip_probability: float = 0.0
    jitter: ColorJitter = field(default_factory=ColorJitter)
    grey: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.crops, tuple) or not self.crops:
            raise ParameterError(
                "crops must be a tuple of sides or of (height, width), such as (16, 20), "
                f"got {self.crops!r}."
            )
        for name, size in [("crops", crop) for crop in self.crops] + [("output", self.output)]:
            for side in pair(size):
                require_range(f"a side of {name}", side, low=1, integer=True)
        for name in ("center_share", "rotation_probability", "flip_probability"):
            require_range(name, getattr(self, name), low=0, high=1)
        require_range("rotation", self.rotation, low=0, high=180)
        require_choice("interpolation", self.interpolation, INTERPOLATIONS)
        if not isinstance(self.jitter, ColorJitter):
            raise ParameterError(
                "jitter must be a ColorJitter, such as ColorJitter(brightness=0.4), "
                f"got {self.jitter!r}."
            )

    @property
    def is_random(self) -> bool:
        """Whether a call draws numbers at all."""
        return (
            self._rotates
            or len(self.crops) > 1
            or self.center_share < 1
            or self.flip_probability > 0
            or any(self.jitter.strengths)
        )

    def __call__(self, x: Tensor, generator: torch.Generator | None = None) -> Tensor:
        """Return one view of each image, (B, c, *output), same dtype and device.

        Args:
            x: floating-point images (B, c, h, w), pixel values in [0, 1]; 1 or 3 channels if
                colours change or ``grey`` is asked for.
            generator: source of all draws, on any device; may be left out of a view that is
                not random.

        Raises:
            DataError: ``x`` holds no such images, or a crop does not fit in them.
            ParameterError: the view is random and there is no generator.
        """
        if generator is not None:
            return self.apply(x, self.draw(len(x), generator))
        if self.is_random:
            raise ParameterError(
                "This GeometricView is random and needs a torch.Generator, got None. "
                "Pass one as the second argument."
            )
        return self.apply(x, GeometricDraws())

    def draw(self, n: int, generator: torch.Generator) -> GeometricDraws:
        """Draw what is random for ``n`` images, on the generator's device, in float32.

        One seed gives one set of draws whatever the size and precision of the images.
        """

        def uniform() -> Tensor:
            return torch.rand(n, generator=generator, device=generator.device)

        degrees = which = down = right = central = flipped = jitter = None
        if self._rotates:
            degrees = self.rotation * (2 * uniform() - 1)
            degrees = torch.where(uniform() < self.rotation_probability, degrees, 0.0)
        if len(self.crops) > 1:
            which = numbered(uniform(), len(self.crops))
        if self.center_share < 1:
            down, right = uniform(), uniform()
            central = uniform() < self.center_share if self.center_share > 0 else None
        if self.flip_probability > 0:
            flipped = uniform() < self.flip_probability
        if any(self.jitter.strengths):
            jitter = self.jitter.draw(n, generator)
        return GeometricDraws(degrees, which, down, right, central, flipped, jitter)

    def apply(self, x: Tensor, draws: GeometricDraws) -> Tensor:
        """Return the view of each image that ``draws`` describe; a call says which images."""
        self._require_images(x)
        draws = draws.to(x.device)
        if draws.degrees is not None:
            x = rotate_nearest(x, draws.degrees)
        which = draws.which
        if which is None:
            which = torch.zeros(len(x), dtype=torch.int64, device=x.device)
        x = crop_and_resize(
            x,
            which,
            (
                self._places(0, x.shape[2], which, draws.down, draws.central),
                self._places(1, x.shape[3], which, draws.right, draws.central),
            ),
            crops=tuple(pair(crop) for crop in self.crops),
            output=pair(self.output),
            interpolation=self.interpolation,
            flipped=draws.flipped,
        )
        if draws.jitter is not None:
            x = self.jitter.apply(x, draws.jitter)
        return to_grey(x) if self.grey else x

    @property
    def _rotates(self) -> bool:
        return self.rotation > 0 and self.rotation_probability > 0

    def _places(
        self, axis: int, length: int, which: Tensor, share: Tensor | None, central: Tensor | None
    ) -> Tensor:
        """First row (axis 0) or column (axis 1) of each image's crop, (n,) int64."""
        spare = [length - pair(crop)[axis] for crop in self.crops]
        # Python rounds halves to even, and so does the centre crop of torchvision.
        middle = torch.tensor([round(s / 2) for s in spare], device=which.device)[which]
        if share is None:
            return middle
        anywhere = numbered(share, torch.tensor(spare, device=which.device)[which] + 1)
        return anywhere if central is None else torch.where(central, middle, anywhere)

    def _require_images(self, x: Tensor) -> None:
        if x.ndim != 4 or not x.is_floating_point():
            raise DataError(
                "GeometricView needs floating-point images (B, c, h, w) with values in [0, 1], "
                f"got {x.dtype} of shape {tuple(x.shape)}."
            )
        if self.grey:
            require_colours(x, "GeometricView(grey=True)")
        height, width = x.shape[2:]
        for crop in self.crops:
            if pair(crop)[0] > height or pair(crop)[1] > width:
                raise DataError(
                    "A crop of {} x {} does not fit in images of {} x {}. Use larger images, "
                    "smaller crops, or geometric_views('digits', ...), which fits them.".format(
                        *pair(crop), height, width
                    )
                )


def pair(size: Size) -> tuple[int, int]:
    """(height, width) from that or from one side."""
    if isinstance(size, tuple):
        if len(size) != 2:
            raise ParameterError(f"A size must be a side or (height, width), got {size!r}.")
        return size
    return size, size


def numbered(uniform: Tensor, count: int | Tensor) -> Tensor:
    """Turn numbers in [0, 1) into whole numbers from 0 to ``count`` - 1, int64."""
    last = torch.as_tensor(count, device=uniform.device) - 1
    # The product can be rounded up to count itself.
    return torch.minimum((uniform * count).long(), last)

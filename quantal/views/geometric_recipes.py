"""The geometric views of the papers as data, and the same in proportion to any image size."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import ParameterError, require_choice
from .color_jitter import ColorJitter
from .geometric import GeometricView, Size, pair

SMALLEST_SIDE = 8
"""Pixels; from here on the crop sizes of a recipe are distinct and smaller than the image."""

JITTER = ColorJitter(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.125)


@dataclass(frozen=True)
class GeometricViews:
    """The three views of a recipe.

    Args:
        first: of each pair's first image, which is changed little.
        second: of its second image, which is changed much.
        evaluation: for prediction; not random.
    """

    first: GeometricView
    second: GeometricView
    evaluation: GeometricView


@dataclass(frozen=True)
class Recipe:
    """A recipe, and the (height, width) of the images that its pixels are meant for."""

    image_size: tuple[int, int]
    views: GeometricViews


def cifar10(interpolation: str) -> GeometricViews:
    """IIC's and Peng et al.'s views of CIFAR-10, which differ in the interpolation."""
    crop = GeometricView(crops=(20,), output=32, interpolation=interpolation, grey=True)
    return GeometricViews(
        first=crop,
        second=replace(crop, flip_probability=0.5, jitter=JITTER),
        evaluation=replace(crop, center_share=1.0),
    )


MNIST = GeometricViews(
    first=GeometricView(crops=(20,), output=24, center_share=0.5),
    second=GeometricView(
        crops=(16, 20, 24), output=24, rotation=25, rotation_probability=0.5, jitter=JITTER
    ),
    evaluation=GeometricView(crops=(20,), output=24, center_share=1.0),
)
SVHN = GeometricViews(
    first=GeometricView(crops=(28,), output=32, center_share=1.0, grey=True),
    second=GeometricView(
        crops=(20, 24, 28),
        output=32,
        rotation=25,
        rotation_probability=0.5,
        jitter=JITTER,
        grey=True,
    ),
    evaluation=GeometricView(crops=(28,), output=32, center_share=1.0, grey=True),
)
PUBLISHED = {
    "mnist": Recipe((28, 28), MNIST),
    "cifar10": Recipe((32, 32), cifar10("bilinear")),
    "cifar10-peng": Recipe((32, 32), cifar10("nearest")),
    "svhn": Recipe((32, 32), SVHN),
}
IN_PROPORTION = {"digits": "mnist", "objects": "cifar10"}
KINDS = (*PUBLISHED, *IN_PROPORTION)
"""What `geometric_views` knows: four recipes of the papers, then two for images of any size."""


def geometric_views(kind: str, image_shape: tuple[int, ...]) -> GeometricViews:
    """Return the pair of views to train with and the view to predict with.

    Args:
        kind: one of `KINDS`. "mnist" (28 x 28), "cifar10" and "svhn" (32 x 32) are the papers',
            "cifar10-peng" is that of Peng et al., with nearest instead of bilinear
            interpolation. For other sizes, "digits" is "mnist" and "objects" is "cifar10",
            with crops and output in proportion to height and width.
        image_shape: (height, width) or (channels, height, width) of the images, in pixels; at
            least 8 x 8 for "digits" and "objects".

    Raises:
        ParameterError: ``kind`` is unknown, or ``image_shape`` is no such shape, or not the one
            of a recipe, or too small.

    Source:
        Ji et al. 2019 (IIC), arXiv:1807.06653, and Peng et al. 2019; numbers from their codes.
        Differs: rounding aside, "digits" and "objects" are ours.
    """
    require_choice("kind", kind, KINDS)
    if len(image_shape) not in (2, 3):
        raise ParameterError(
            "image_shape must be (height, width) or (channels, height, width), "
            f"got {image_shape!r}."
        )
    height, width = image_shape[-2:]
    recipe = PUBLISHED[IN_PROPORTION.get(kind, kind)]
    if kind in IN_PROPORTION:
        return in_proportion(recipe, kind, height, width)
    if recipe.image_size != (height, width):
        other = "objects" if kind.startswith("cifar10") else "digits"
        raise ParameterError(
            f"The views {kind!r} are for images of {recipe.image_size[0]} x "
            f"{recipe.image_size[1]}, got {height} x {width}. Use {other!r}, which fits any size."
        )
    return recipe.views


def in_proportion(recipe: Recipe, kind: str, height: int, width: int) -> GeometricViews:
    """Return the views of a recipe for images of another size."""
    if min(height, width) < SMALLEST_SIDE:
        raise ParameterError(
            f"The views {kind!r} need images of at least {SMALLEST_SIDE} x {SMALLEST_SIDE} "
            f"pixels, got {height} x {width}. Enlarge the images, or use a view for vectors, "
            "such as ColumnSwap."
        )
    factors = height / recipe.image_size[0], width / recipe.image_size[1]
    views = recipe.views
    return GeometricViews(
        scaled(views.first, factors),
        scaled(views.second, factors),
        scaled(views.evaluation, factors),
    )


def scaled(view: GeometricView, factors: tuple[float, float]) -> GeometricView:
    """Multiply the heights and widths of a view's crops and output, rounded to pixels."""

    def resized(size: Size) -> tuple[int, int]:
        height, width = pair(size)
        return round(height * factors[0]), round(width * factors[1])

    crops = tuple(resized(crop) for crop in view.crops)
    return replace(view, crops=crops, output=resized(view.output))

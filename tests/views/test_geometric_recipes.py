from __future__ import annotations

import pytest
import torch

from quantal.errors import ParameterError
from quantal.views import KINDS, geometric_views


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("kind", KINDS)
def test_all_three_views_of_a_kind_have_one_shape_and_stay_between_0_and_1(kind):
    side = 28 if kind in ("mnist", "digits") else 32
    x = torch.rand(5, 1, side, side, generator=seeded())
    views = geometric_views(kind, (side, side))
    outputs = [view(x, seeded()) for view in (views.first, views.second, views.evaluation)]
    assert {output.shape for output in outputs} == {(5, 1, *[24 if side == 28 else 32] * 2)}
    assert all(output.min() >= 0 and output.max() <= 1 for output in outputs)
    assert not views.evaluation.is_random and views.second.is_random


def test_colour_images_become_grey_but_for_digits():
    x = torch.rand(2, 3, 32, 32, generator=seeded())
    channels = dict.fromkeys(("cifar10", "cifar10-peng", "svhn", "objects"), 1) | {"digits": 3}
    for kind, expected in channels.items():
        views = geometric_views(kind, (3, 32, 32))
        for view in (views.first, views.second, views.evaluation):
            assert view(x, seeded()).shape[1] == expected


def test_peng_differs_from_iic_on_cifar10_by_the_interpolation_alone():
    theirs, iic = (geometric_views(k, (32, 32)) for k in ("cifar10-peng", "cifar10"))
    for name in ("first", "second", "evaluation"):
        ours, other = vars(getattr(theirs, name)), vars(getattr(iic, name))
        assert {key for key in ours if ours[key] != other[key]} == {"interpolation"}


@pytest.mark.parametrize(("kind", "own"), [("digits", "mnist"), ("objects", "cifar10")])
def test_in_proportion_to_its_own_size_a_recipe_is_itself(kind, own):
    side = 28 if own == "mnist" else 32
    x = torch.rand(9, 3, side, side, generator=seeded())
    ours, papers = geometric_views(kind, (side, side)), geometric_views(own, (side, side))
    for name in ("first", "second", "evaluation"):
        assert torch.equal(getattr(ours, name)(x, seeded()), getattr(papers, name)(x, seeded()))


def test_sides_are_in_proportion_to_height_and_width():
    views = geometric_views("digits", (1, 56, 14))
    assert views.second.crops == ((32, 8), (40, 10), (48, 12))
    assert views.second.output == (48, 12)
    assert geometric_views("objects", (64, 16)).first.crops == ((40, 10),)


@pytest.mark.parametrize("kind", ["digits", "objects"])
@pytest.mark.parametrize("size", [(8, 8), (8, 9), (11, 8), (13, 10)])
def test_the_smallest_images_still_have_distinct_crops_at_several_places(kind, size):
    views = geometric_views(kind, size)
    for view in (views.first, views.second):
        assert len(set(view.crops)) == len(view.crops)
        assert all(crop[0] < size[0] and crop[1] < size[1] for crop in view.crops)
    assert views.second(torch.rand(4, 1, *size), seeded()).shape[2:] == views.second.output


@pytest.mark.parametrize(
    ("kind", "shape", "message"),
    [
        ("minst", (28, 28), r"kind must be one of 'mnist', .*Did you mean 'mnist'"),
        ("mnist", (32, 32), r"'mnist' are for images of 28 x 28, got 32 x 32\. Use 'digits'"),
        ("cifar10-peng", (1, 28, 28), r"of 32 x 32, got 28 x 28\. Use 'objects', which fits any"),
        ("digits", (7, 40), r"at least 8 x 8 pixels, got 7 x 40\. Enlarge.*ColumnSwap"),
        ("objects", (64,), r"image_shape must be \(height, width\) or \(channels,.*got \(64,\)"),
    ],
)
def test_what_is_unknown_or_does_not_fit_is_refused(kind, shape, message):
    with pytest.raises(ParameterError, match=message):
        geometric_views(kind, shape)

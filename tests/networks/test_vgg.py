"""The network "6c": the papers' sizes, initial weights, Sobel, images of any size."""

from __future__ import annotations

import pytest
import torch

from quantal.errors import ParameterError
from quantal.networks import VGGTrunk, sobel


def trunk(shape, **sizes):
    return VGGTrunk(shape, torch.Generator().manual_seed(0), **sizes)


@pytest.mark.parametrize(("side", "n_features"), [(24, 4608), (32, 8192)])
def test_the_features_are_as_many_as_the_papers(side, n_features):
    assert trunk((1, side, side)).n_features == n_features


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((1, 24, 24), (3, 3)),
        ((1, 32, 32), (4, 4)),
        ((3, 8, 8), (2, 2)),
        ((1, 5, 40), (2, 20)),
        ((1, 1, 1), (1, 1)),
    ],
)
def test_the_last_maps_are_the_features(shape, sides):
    built = trunk(shape, widths=(4, 5, 6, 7))
    x = torch.rand(2, *shape, generator=torch.Generator().manual_seed(0))
    assert built.maps(x).shape == (2, 7, *sides)
    assert built.n_features == 7 * sides[0] * sides[1]
    assert torch.equal(built(x.flatten(1)), built.maps(x).flatten(1))


def test_the_stages_are_those_of_the_paper():
    built = trunk((1, 24, 24), widths=(4, 6, 8, 10))
    shapes = [built.maps(torch.zeros(1, 576), n_stages=n).shape[1:] for n in range(5)]
    assert shapes == [(1, 24, 24), (4, 12, 12), (6, 6, 6), (8, 3, 3), (10, 3, 3)]


def test_parameters_are_filters_and_two_numbers_a_map():
    filters = 25 * (64 + 64 * 128 + 128 * 256 + 256 * 512)
    assert sum(p.numel() for p in trunk((1, 24, 24)).parameters()) == filters + 2 * 960


def test_filters_start_with_the_fan_in_of_he():
    built = trunk((1, 24, 24))
    for n_in, filters in zip((1, 64, 128, 256), built.filters, strict=True):
        assert filters.std().item() == pytest.approx((2 / (25 * n_in)) ** 0.5, rel=0.05)
        assert abs(filters.mean().item()) < 0.02
    assert [norm.epsilon for norm in built.norms] == [1e-5] * 4


def test_the_same_generator_gives_the_same_filters_and_leaves_the_global_one_alone():
    before = torch.get_rng_state()
    first, second = trunk((1, 8, 8)), trunk((1, 8, 8))
    assert all(torch.equal(a, b) for a, b in zip(first.filters, second.filters, strict=True))
    assert torch.equal(torch.get_rng_state(), before)


def test_sobel_replaces_the_grey_image_by_its_differences():
    x = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    built = trunk((3, 8, 8), widths=(4, 4), sobel=True)
    plain = trunk((2, 8, 8), widths=(4, 4))
    grey = 0.299 * x[:, :1] + 0.587 * x[:, 1:2] + 0.114 * x[:, 2:]
    torch.testing.assert_close(built(x, "batch"), plain(sobel(grey), "batch"))


def test_shapes_that_are_none_are_refused():
    with pytest.raises(ParameterError, match=r"must be \(channels, height, width\), got \(8, 8\)"):
        trunk((8, 8))
    with pytest.raises(ParameterError, match=r"height must be an integer in \[1, inf\), got 0"):
        trunk((1, 0, 8))
    with pytest.raises(ParameterError, match=r"got 2\. Use sobel=False"):
        trunk((2, 8, 8), sobel=True)

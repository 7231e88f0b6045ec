from __future__ import annotations

import pytest
import torch

from quantal.errors import DataError, ParameterError
from quantal.views import Cutout


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_one_square_of_even_side_is_hidden_in_all_channels_and_the_rest_is_kept():
    x = torch.rand(200, 3, 20, 24, generator=seeded()) + 1
    hidden = Cutout()(x, seeded())
    gone = hidden == 0
    assert torch.equal(hidden[~gone], x[~gone])
    assert torch.equal(gone, gone[:, :1].expand_as(gone))
    rows, columns = gone[:, 0].any(2).sum(1), gone[:, 0].any(1).sum(1)
    assert torch.equal(rows, columns)  # a square
    assert torch.equal(gone[:, 0].sum((1, 2)), rows * columns)  # without holes
    assert set(rows.tolist()) == {6, 8, 10, 12}


def test_odd_numbers_are_rounded_down_and_all_places_come():
    side, top, left = Cutout().squares(40_000, 24, 32, seeded())
    shares = [(side == s).double().mean().item() for s in (6, 8, 10, 12)]
    assert shares == pytest.approx([2 / 7, 2 / 7, 2 / 7, 1 / 7], abs=0.01)
    largest = side == 12
    assert set(top[largest].tolist()) == set(range(24 - 12 + 1))
    assert set(left[largest].tolist()) == set(range(32 - 12 + 1))
    assert top[largest].double().mean().item() == pytest.approx(6, abs=0.2)


def test_a_square_as_large_as_the_image_hides_it():
    assert Cutout(8, 9)(torch.ones(3, 1, 8, 8), seeded()).sum() == 0


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((24, 24), (6, 12)),
        ((28, 40), (6, 12)),
        ((32, 32), (6, 12)),
        ((64, 99), (12, 24)),
        ((8, 8), (2, 4)),
        ((30, 16), (4, 8)),
    ],
)
def test_the_range_fits_the_shorter_side(size, expected):
    view = Cutout.for_images(*size)
    assert (view.low, view.high) == expected
    assert view(torch.ones(3, 1, *size), seeded()).shape == (3, 1, *size)


def test_one_seed_gives_one_set_of_squares_and_leaves_global_randomness_alone():
    x, before = torch.ones(9, 1, 24, 24), torch.get_rng_state()
    assert torch.equal(Cutout()(x, seeded(1)), Cutout()(x, seeded(1)))
    assert not torch.equal(Cutout()(x, seeded(1)), Cutout()(x, seeded(2)))
    assert torch.equal(torch.get_rng_state(), before) and x.min() == 1


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_the_precision_of_the_batch_is_kept(dtype):
    x = torch.ones(9, 1, 24, 24)
    hidden = Cutout()(x.to(dtype), seeded())
    assert hidden.dtype == dtype
    assert torch.equal(hidden.float(), Cutout()(x, seeded()))


def test_images_that_are_too_small_are_refused_with_the_remedy():
    with pytest.raises(DataError, match=r"12 x 12 does not fit in images of 8 x 30\. Use Cutout\."):
        Cutout()(torch.zeros(2, 1, 8, 30), seeded())
    with pytest.raises(ParameterError, match=r"at least 8 x 8 pixels, got 7 x 30\. Enlarge"):
        Cutout.for_images(7, 30)
    with pytest.raises(DataError, match=r"images \(B, c, h, w\), got \(2, 784\)"):
        Cutout()(torch.zeros(2, 784), seeded())


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (1, 12, r"low must be an integer in \[2, inf\), got 1"),
        (6, 5, r"high must be an integer in \[6, inf\), got 5"),
        (6, 7.5, "high must be an integer"),
    ],
)
def test_sides_out_of_range_are_refused(low, high, message):
    with pytest.raises(ParameterError, match=message):
        Cutout(low, high)

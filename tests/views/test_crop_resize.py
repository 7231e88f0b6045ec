from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from quantal.views.crop_resize import bilinear_weights, crop_and_resize, nearest_weights

CROPS = ((16, 16), (20, 12), (24, 28))
LEVEL = 1 / 255  # PIL rounds to whole levels after each of the two directions
PIL_NAMES = {"bilinear": Image.Resampling.BILINEAR, "nearest": Image.Resampling.NEAREST}


def photos(n: int, c: int = 1, h: int = 28, w: int = 30) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, c, h, w)).astype(np.uint8)


def as_tensor(levels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(levels / 255).float()


@pytest.mark.parametrize(
    ("interpolation", "output", "tolerance"),
    [
        ("bilinear", (24, 30), 1.01 * LEVEL),  # larger and smaller than the crops
        ("bilinear", (9, 7), 1.01 * LEVEL),  # shrinking by up to four
        ("nearest", (24, 30), 1e-6),
        ("nearest", (9, 7), 1e-6),
    ],
)
def test_one_product_is_a_crop_and_a_resize_of_pil(interpolation, output, tolerance):
    levels, which = photos(9, 2), torch.arange(9) % 3
    top, left = (
        torch.tensor([0, 4, 1, 12, 8, 4, 6, 2, 0]),
        torch.tensor([14, 18, 2, 0, 5, 1, 7, 9, 0]),
    )
    ours = crop_and_resize(
        as_tensor(levels),
        which,
        (top, left),
        crops=CROPS,
        output=output,
        interpolation=interpolation,
    )
    assert ours.shape == (9, 2, *output)
    for i, (row, column) in enumerate(torch.stack((top, left), dim=1).tolist()):
        h, w = CROPS[which[i]]
        for channel in range(2):
            cut = Image.fromarray(levels[i, channel]).crop((column, row, column + w, row + h))
            theirs = np.asarray(cut.resize(output[::-1], PIL_NAMES[interpolation])) / 255
            assert np.abs(ours[i, channel].numpy() - theirs).max() <= tolerance


def test_a_crop_of_the_output_size_is_the_cut_itself():
    x = as_tensor(photos(2))
    zero = torch.zeros(2, dtype=torch.int64)
    for interpolation in PIL_NAMES:
        cut = crop_and_resize(
            x,
            zero,
            (zero + 3, zero + 5),
            crops=((20, 12),),
            output=(20, 12),
            interpolation=interpolation,
        )
        assert torch.equal(cut, x[:, :, 3:23, 5:17])


def test_the_mirror_is_that_of_the_resized_image():
    x, zero = as_tensor(photos(2, 3)), torch.zeros(2, dtype=torch.int64)

    def cut(flipped):
        return crop_and_resize(
            x, zero, (zero, zero + 1), crops=((20, 20),), output=(24, 25), interpolation="bilinear",
            flipped=flipped,
        )  # fmt: skip

    straight, mixed = cut(None), cut(torch.tensor([False, True]))
    assert torch.equal(mixed[0], straight[0])
    torch.testing.assert_close(mixed[1], straight[1].flip(-1))


@pytest.mark.parametrize("weights", [bilinear_weights, nearest_weights])
@pytest.mark.parametrize(("side", "output"), [(16, 24), (24, 16), (5, 1), (1, 5), (7, 7)])
def test_weights_of_a_pixel_are_shares(weights, side, output):
    table = weights(side, output)
    assert table.shape == (output, side)
    assert (table >= 0).all()
    torch.testing.assert_close(table.sum(1), torch.ones(output, dtype=torch.float64))


def test_mixed_precision_around_the_caller_does_not_reach_the_pixels():
    x, zero = as_tensor(photos(2)), torch.zeros(2, dtype=torch.int64)
    settings = {"crops": ((20, 20),), "output": (24, 24), "interpolation": "bilinear"}
    plain = crop_and_resize(x, zero, (zero, zero), **settings)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(crop_and_resize(x, zero, (zero, zero), **settings), plain)

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from quantal.views.rotation import rotate_nearest


def pixels(*shape: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(1, 256, shape, generator=generator, dtype=torch.uint8)


@pytest.mark.parametrize("size", [(28, 28), (8, 8), (9, 9), (7, 12), (31, 20), (1, 5)])
def test_pixels_are_those_of_pil(size):
    degrees = torch.linspace(-180, 180, 61)
    images = pixels(len(degrees), 2, *size)
    rotated = rotate_nearest(images, degrees)
    for image, angle, ours in zip(
        images.flatten(0, 1),
        degrees.repeat_interleave(2),
        rotated.flatten(0, 1),
        strict=True,
    ):
        theirs = Image.fromarray(image.numpy()).rotate(float(angle), Image.Resampling.NEAREST)
        np.testing.assert_array_equal(ours.numpy(), np.asarray(theirs))


def test_no_angle_changes_nothing_and_quarter_turns_are_exact():
    images = pixels(1, 3, 6, 6).float()
    for turns in range(4):
        rotated = rotate_nearest(images, torch.tensor([90.0 * turns]))
        assert torch.equal(rotated, images.rot90(turns, dims=(2, 3)))


def test_each_image_has_its_own_angle_and_keeps_its_precision():
    images = torch.ones(2, 1, 9, 9, dtype=torch.bfloat16)
    still, turned = rotate_nearest(images, torch.tensor([0.0, 45.0]))
    assert still.dtype == torch.bfloat16
    assert still.min() == 1
    assert turned[0, 0, 0] == 0 and turned[0, 4, 4] == 1

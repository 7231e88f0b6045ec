"""Sobel's differences: sums written out, SciPy's filter, colours."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import sobel as scipy_sobel

from quantal.errors import ParameterError
from quantal.networks import sobel
from quantal.networks.sobel_filter import grey

DX = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
DY = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]


@pytest.fixture
def images():
    return torch.rand(3, 1, 5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_equal_to_sums_written_out(images):
    padded = np.pad(images.numpy()[:, 0], ((0, 0), (1, 1), (1, 1)))
    expected = np.zeros((3, 2, 5, 7))
    for channel, kernel in enumerate((DX, DY)):
        for row, weights in enumerate(kernel):
            for column, weight in enumerate(weights):
                expected[:, channel] += weight * padded[:, row : row + 5, column : column + 7]
    np.testing.assert_allclose(sobel(images), expected, atol=1e-14)


def test_equal_to_scipy_turned_by_half_a_circle(images):
    for channel, axis in enumerate((-1, -2)):
        expected = [-scipy_sobel(one, axis=axis, mode="constant") for one in images.numpy()[:, 0]]
        np.testing.assert_allclose(sobel(images)[:, channel], expected, atol=1e-14)


def test_a_constant_image_differs_only_from_the_zeros_around_it():
    edges = sobel(torch.ones(1, 1, 4, 4))
    assert torch.equal(edges[..., 1:3, 1:3], torch.zeros(1, 2, 2, 2))
    assert edges[0, 0, 1].tolist() == [-4, 0, 0, 4]


def test_gradients_reach_the_image(images):
    assert torch.autograd.gradcheck(sobel, (images[:1].requires_grad_(),))


def test_grey_weighs_the_colours_and_leaves_grey_alone(images):
    colours = torch.tensor([1.0, 10.0, 100.0]).view(1, 3, 1, 1)
    assert grey(colours).item() == pytest.approx(0.299 + 5.87 + 11.4)
    assert grey(images) is images


def test_other_channels_are_refused_with_the_remedy():
    with pytest.raises(ParameterError, match=r"1 channel \(grey\) or 3 .*, got 2. Use sobel=False"):
        grey(torch.zeros(1, 2, 4, 4))
    with pytest.raises(ParameterError, match=r"got \(1, 3, 4, 4\). Turn colours to grey first"):
        sobel(torch.zeros(1, 3, 4, 4))

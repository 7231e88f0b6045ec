"""Convolutions of small maps as matrix products: equal to sliding filters, with gradients."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from quantal.networks.small_maps import Convolution

FORMS = [
    Convolution((3, 3), 5), Convolution((4, 4), 5), Convolution((2, 4), 5), Convolution((1, 1), 3),
    Convolution((3, 3), 3), Convolution((3, 2), 3, stride=2), Convolution((1, 1), 1, stride=2),
]  # fmt: skip
SLID = [
    Convolution((5, 5), 5), Convolution((4, 4), 3), Convolution((5, 5), 3, 2),
    Convolution((2, 2), 1),
]  # fmt: skip


def drawn(form, dtype=torch.float64):
    generator = torch.Generator().manual_seed(0)
    maps = torch.randn(3, 2, *form.sides, generator=generator).to(dtype)
    filters = torch.randn(4, 2, form.size, form.size, generator=generator)
    return maps.requires_grad_(), filters.requires_grad_()


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_equal_to_sliding_filters_with_gradients(form):
    maps, filters = drawn(form, torch.float32)
    bound = form.bind(filters, torch.float32)
    assert bound.weight.ndim == 2
    expected = functional.conv2d(maps, filters, None, form.stride, form.size // 2)
    assert expected.shape[2:] == form.out_sides
    torch.testing.assert_close(bound(maps), expected)
    slope = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1))
    ours = torch.autograd.grad(bound(maps), (maps, filters), slope)
    theirs = torch.autograd.grad(expected, (maps, filters), slope)
    torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(
    "form",
    [
        Convolution((5, 5), 5),
        Convolution((4, 4), 3),
        Convolution((5, 5), 3, 2),
        Convolution((2, 2), 1),
    ],
    ids=str,
)
def test_maps_that_filters_cover_only_in_part_are_left_to_sliding_filters(form):
    maps, filters = drawn(form, torch.float32)
    bound = form.bind(filters, torch.float32)
    assert bound.weight.shape == filters.shape
    expected = functional.conv2d(maps, filters, None, form.stride, form.size // 2)
    torch.testing.assert_close(bound(maps), expected)
    assert expected.shape[2:] == form.out_sides


def test_the_gradient_of_many_passes_reaches_the_filters_in_float32():
    maps, filters = drawn(FORMS[0], torch.bfloat16)
    bound = FORMS[0].bind(filters, torch.bfloat16)
    assert bound(maps).dtype == torch.bfloat16
    (bound(maps).float().sum() + bound(maps).float().sum()).backward()
    plain = functional.conv2d(maps.float(), filters, padding=2).sum() * 2
    (expected,) = torch.autograd.grad(plain, filters)
    assert filters.grad.dtype == torch.float32
    torch.testing.assert_close(filters.grad, expected, atol=0.1, rtol=0.02)


def test_frozen_weights_get_no_gradient():
    maps, filters = drawn(FORMS[0], torch.float32)
    FORMS[0].bind(filters, torch.float32).frozen()(maps).sum().backward()
    assert filters.grad is None and maps.grad is not None

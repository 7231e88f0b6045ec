"""The network "5g": the papers' sizes, initial weights, a plain transcription."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from quantal.errors import ParameterError
from quantal.networks import ResidualTrunk

SMALL = {"widths": (4, 6), "blocks": (2, 2)}


def trunk(shape, **sizes):
    return ResidualTrunk(shape, torch.Generator().manual_seed(0), **sizes)


def plain(built, x, training):
    """What the trunk computes, in the layers of PyTorch; returns features and the filters used."""
    convolutions = []

    def layer(number, maps, stride=1):
        weight, norm = built.filters[number], built.norms[number]
        n_out, n_in, size, _ = weight.shape
        convolution = nn.Conv2d(n_in, n_out, size, stride, size // 2, bias=False)
        convolution.weight.data.copy_(weight)
        batch_norm = nn.BatchNorm2d(n_out).train(training)
        batch_norm.running_mean.copy_(norm.running_mean)
        batch_norm.running_var.copy_(norm.running_var)
        convolutions.append((number, convolution))
        return batch_norm(convolution(maps))

    maps = functional.max_pool2d(functional.relu(layer(0, x)), 2, 2, 1)
    number, n_in = 1, SMALL["widths"][0]
    for stage, width in enumerate(SMALL["widths"]):
        for position in range(SMALL["blocks"][stage]):
            stride = 2 if stage and not position else 1
            hidden = layer(number + 1, functional.relu(layer(number, maps, stride)))
            changes = stride != 1 or n_in != width
            maps = functional.relu(hidden + (layer(number + 2, maps, stride) if changes else maps))
            number, n_in = number + (3 if changes else 2), width
    return functional.adaptive_avg_pool2d(maps, 1).flatten(1), convolutions


def test_the_maps_are_those_of_the_paper():
    built = trunk((1, 32, 32), widths=(4, 5, 6, 7))
    x = torch.zeros(1, 1024)
    shapes = [tuple(built.maps(x, n_stages=n).shape[1:]) for n in range(5)]
    assert shapes == [(4, 17, 17), (4, 17, 17), (5, 9, 9), (6, 5, 5), (7, 3, 3)]
    assert built(x).shape == (1, 7)
    torch.testing.assert_close(built(x), built.maps(x).mean((2, 3)))


def test_parameters_are_those_of_resnet_34_but_for_its_first_convolution():
    resnet_34 = 21_284_672  # torchvision's count without its last linear layer
    built = trunk((3, 32, 32))
    assert built.n_features == 512
    assert sum(p.numel() for p in built.parameters()) == resnet_34 - 64 * 3 * 7 * 7 + 64 * 3 * 3 * 3


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_equal_to_layers_of_torch_with_gradients(mode):
    built = trunk((2, 9, 12), **SMALL)
    x = torch.randn(3, 2, 9, 12, generator=torch.Generator().manual_seed(1)).requires_grad_()
    built(x.detach() + 1, "train")  # running averages of their own
    expected, convolutions = plain(built, x, mode == "train")
    ours = built(x, mode)
    torch.testing.assert_close(ours, expected, atol=1e-5, rtol=1e-4)
    slope = torch.randn(expected.shape, generator=torch.Generator().manual_seed(2))
    (expected_x,) = torch.autograd.grad(expected, x, slope, retain_graph=True)
    (expected * slope).sum().backward()
    x.grad = None
    (ours * slope).sum().backward()
    torch.testing.assert_close(x.grad, expected_x, atol=1e-5, rtol=1e-3)
    assert len(convolutions) == len(built.filters)
    for number, convolution in convolutions:
        gradient = built.filters[number].grad
        torch.testing.assert_close(gradient, convolution.weight.grad, atol=1e-4, rtol=1e-3)


def test_filters_start_with_the_fan_out_of_he():
    built = trunk((1, 32, 32), blocks=(1, 1, 1, 1))
    for filters in built.filters:
        n_out, _, size, _ = filters.shape
        assert filters.std().item() == pytest.approx((2 / (n_out * size**2)) ** 0.5, rel=0.06)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 2, 9), (1, 8, 8)])
def test_images_of_any_size_are_taken(shape):
    built = trunk(shape, **SMALL)
    for n in (1, 3):
        assert built(torch.zeros(n, *shape), "train").shape == (n, 6)


def test_widths_without_blocks_are_refused():
    with pytest.raises(ParameterError, match="one number a stage, got 2 and 1"):
        trunk((1, 8, 8), widths=(4, 6), blocks=(1,))

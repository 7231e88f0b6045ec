"""The convolutional network: the paper's sizes, a plain transcription, batch-norm modes."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from quantal.errors import ParameterError
from quantal.networks import ConvolutionalNetwork, ConvolutionalPlan, plan_for


def network(shape, plan=None):
    return ConvolutionalNetwork(shape, plan or plan_for(*shape[1:]), torch.Generator())


@pytest.mark.parametrize(
    ("shape", "n_flat"),
    [
        ((1, 128, 128), 1250),
        ((3, 128, 128), 1250),
        ((1, 16, 16), 1800),
        ((1, 28, 28), 3200),
        ((1, 112, 92), 8400),
        ((3, 32, 32), 1250),
        ((3, 55, 55), 6050),
    ],
)
def test_the_flat_sizes_are_those_of_the_papers_table(shape, n_flat):
    built = network(shape)
    assert built.output.shape == (n_flat, 160)
    assert built(torch.zeros(2, shape[0] * shape[1] * shape[2])).shape == (2, 160)


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (8, 8), (5, 40), (21, 20), (64, 64), (65, 200)])
def test_images_of_any_size_get_a_plan_that_fits(size):
    rows = torch.randn(3, size[0] * size[1], generator=torch.Generator().manual_seed(0))
    out = network((1, *size))(rows, "train")
    torch.testing.assert_close(out.norm(dim=1), torch.ones(3))


def test_equal_to_layers_of_torch():
    ours = network((3, 32, 32))
    theirs = nn.Sequential(
        nn.Conv2d(3, 50, 5), nn.BatchNorm2d(50), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True),
        nn.Conv2d(50, 50, 5), nn.BatchNorm2d(50), nn.ReLU(), nn.MaxPool2d(2, ceil_mode=True),
        nn.Flatten(), nn.Linear(1250, 160),
    )  # fmt: skip
    with torch.no_grad():
        for layer, at in enumerate((0, 4)):
            theirs[at].weight.copy_(ours.filters[layer])
            theirs[at].bias.zero_()
        theirs[9].weight.copy_(ours.output.T)
        theirs[9].bias.zero_()
        x = torch.randn(4, 3 * 32 * 32, generator=torch.Generator().manual_seed(1))
        for mode in ("train", "eval"):
            theirs.train(mode == "train")
            expected = nn.functional.normalize(theirs(x.view(4, 3, 32, 32)), dim=1)
            torch.testing.assert_close(ours(x, mode), expected, atol=1e-5, rtol=1e-4)


def test_only_training_moves_the_running_averages():
    built = network((1, 8, 8))
    x = torch.randn(5, 64, generator=torch.Generator().manual_seed(0))
    before = built.norms[0].running_mean.clone()
    built(x, "batch"), built(x, "eval")
    assert torch.equal(built.norms[0].running_mean, before)
    built(x, "train")
    assert not torch.equal(built.norms[0].running_mean, before)


def test_short_products_stay_close_to_float32():
    built = network((1, 16, 16))
    x = torch.rand(6, 256, generator=torch.Generator().manual_seed(0))
    gap = (built(x, "batch", torch.bfloat16) - built(x, "batch")).norm(dim=1)
    assert built(x, "batch", torch.bfloat16).dtype == torch.float32
    assert gap.max() < 0.05


def test_the_same_generator_gives_the_same_network():
    first, second = (
        ConvolutionalNetwork((1, 16, 16), plan_for(16, 16), torch.Generator().manual_seed(3))
        for _ in range(2)
    )
    assert torch.equal(first.output, second.output)
    assert first.filters[0].std().item() == pytest.approx(0.01, rel=0.1)


def test_a_plan_too_deep_for_the_image_is_refused_with_the_remedy():
    plan = ConvolutionalPlan((True, True, True))
    with pytest.raises(ParameterError, match="16 x 16 pixels are too small for 3 blocks"):
        network((1, 16, 16), plan)

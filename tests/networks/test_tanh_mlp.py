"""The tanh perceptron: what it computes, first weights."""

from __future__ import annotations

import pytest
import torch

from quantal.networks import TanhMLP
from quantal.networks.tanh_mlp import orthonormal


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_it_is_what_torch_computes():
    network, x = TanhMLP(6, (8, 5), 3, generator()), torch.randn(10, 6, generator=generator(1))
    with torch.no_grad():
        network.scale.fill_(0.5)
        for bias in network.biases:
            bias.normal_(generator=generator(2))
    z = 0.5 * x
    for weight, bias in zip(network.weights, network.biases, strict=True):
        before = z @ weight + bias
        z = torch.tanh(before)
    torch.testing.assert_close(network(x), before)


def test_a_linear_network_is_one_affine_map():
    network, x = TanhMLP(6, (), 3, generator()), torch.randn(10, 6, generator=generator(1))
    torch.testing.assert_close(network(x), x @ network.weights[0])


@pytest.mark.parametrize("shape", [(6, 3), (3, 6), (4, 4), (5, 1)])
def test_first_weights_are_orthonormal_on_their_shorter_side(shape):
    weight = orthonormal(*shape, generator())
    assert weight.shape == shape
    gram = weight.T @ weight if shape[1] <= shape[0] else weight @ weight.T
    torch.testing.assert_close(gram, torch.eye(min(shape)))


def test_first_weights_have_no_preferred_side():
    mean = torch.stack([orthonormal(3, 3, generator(s)) for s in range(2000)]).mean(0)
    assert mean.abs().max().item() < 0.06


def test_shorter_products_change_little():
    network, x = TanhMLP(6, (8, 5), 3, generator()), torch.randn(10, 6, generator=generator(1))
    short = network(x, torch.bfloat16)
    assert short.dtype == torch.float32
    torch.testing.assert_close(short, network(x), atol=0.05, rtol=0)

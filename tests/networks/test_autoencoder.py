"""The stacked autoencoder and its dropout."""

from __future__ import annotations

import pytest
import torch

from quantal.networks import Autoencoder, dropout


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def x():
    return torch.randn(10, 6, generator=generator(1))


@pytest.mark.parametrize("hidden", [(), (7,), (8, 5)])
def test_codes_and_reconstructions_have_one_row_a_sample(hidden, x):
    network = Autoencoder(6, hidden, 3, generator())
    assert network.bind().encode(x).shape == (10, 3)
    assert network(x).shape == x.shape
    shapes = [tuple(weight.shape) for weight in network.weights]
    assert shapes[: len(hidden) + 1] == [s[::-1] for s in reversed(shapes[len(hidden) + 1 :])]


def test_all_but_code_and_reconstruction_are_rectified(x):
    network = Autoencoder(6, (8, 5), 3, generator())
    bound = network.bind()
    hidden = x
    for layer in range(6):
        hidden = bound.apply(layer, hidden)
        assert bool((hidden < 0).any()) is (layer in {2, 5})
        assert network.is_linear(layer) is (layer in {2, 5})
    torch.testing.assert_close(hidden, network(x))
    torch.testing.assert_close(bound.encode(x, 2), bound.apply(1, bound.apply(0, x)))
    assert [network.mirror(layer) for layer in range(3)] == [5, 4, 3]


def test_without_hidden_layers_it_is_two_affine_maps(x):
    network = Autoencoder(6, (), 3, generator())
    expected = x @ network.weights[0] @ network.weights[1]
    torch.testing.assert_close(network(x), expected)


def test_first_weights_have_the_published_deviation_and_come_from_the_generator():
    first, second = (Autoencoder(50, (80,), 10, generator(3)) for _ in range(2))
    assert first.weights[0].std().item() == pytest.approx(0.01, rel=0.05)
    assert all(torch.equal(a, b) for a, b in zip(first.weights, second.weights, strict=True))
    assert all(torch.count_nonzero(bias) == 0 for bias in first.biases)


def test_short_products_stay_near_the_long_ones_and_give_gradients_in_float32():
    network = Autoencoder(100, (128,), 4, generator())
    x = torch.randn(512, 100, generator=generator(1))
    long, short = network.bind()(x), network.bind(torch.bfloat16)(x)
    assert short.dtype == torch.float32
    assert (long - short).norm() < 0.02 * long.norm()
    gradients = []
    for dtype in (torch.float32, torch.bfloat16):
        network.zero_grad()
        (network.bind(dtype)(x) - x).square().sum().backward()
        gradients.append([parameter.grad.clone() for parameter in network.parameters()])
    for exact, found in zip(*gradients, strict=True):
        assert found.dtype == torch.float32
        assert (exact - found).norm() < 0.1 * exact.norm()  # a few ReLUs flip


def test_a_bound_network_casts_what_it_uses_and_binding_again_takes_new_weights():
    network = Autoencoder(100, (128,), 4, generator())
    x = torch.randn(5, 100, generator=generator(1))
    with torch.no_grad():
        before = network.bind(torch.bfloat16).encode(x)
        network.weights[0].zero_()
        after = network.bind(torch.bfloat16).encode(x)
    assert before.abs().sum() > 0
    assert after.abs().sum() == 0


def test_dropout_keeps_the_mean_and_its_share():
    x = torch.ones(500, 401)
    dropped = dropout(x, 0.2, generator())
    assert (dropped == 0).float().mean().item() == pytest.approx(0.2, abs=0.003)
    assert dropped.mean().item() == pytest.approx(1, abs=0.004)
    assert dropped.unique().tolist() == pytest.approx([0, 1.25], abs=1e-4)


def test_dropout_draws_from_its_generator_alone():
    x = torch.ones(30, 7)
    before = torch.get_rng_state()
    assert torch.equal(dropout(x, 0.5, generator(2)), dropout(x, 0.5, generator(2)))
    assert not torch.equal(dropout(x, 0.5, generator(2)), dropout(x, 0.5, generator(3)))
    assert torch.equal(torch.get_rng_state(), before)
    assert dropout(x, 0.0, generator()) is x

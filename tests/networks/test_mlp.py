"""The perceptron: shapes, first weights, frozen and half-precision views of it."""

from __future__ import annotations

import pytest
import torch

from quantal.networks import MLP


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def network():
    return MLP(6, (8, 5), 3, generator())


@pytest.fixture
def x():
    return torch.randn(10, 6, generator=generator(1))


@pytest.mark.parametrize("hidden", [(), (7,), (8, 5), (4, 4, 4)])
@pytest.mark.parametrize("mode", ["train", "batch", "eval"])
def test_logits_and_embedding_have_one_row_a_sample(hidden, mode, x):
    network = MLP(6, hidden, 3, generator())
    assert network(x, mode).shape == (10, 3)
    assert network.bind().embed(x, mode).shape == (10, hidden[-1] if hidden else 6)
    assert network(x, mode).dtype == torch.float32


def test_a_linear_network_is_one_affine_map(x):
    network = MLP(6, (), 3, generator())
    torch.testing.assert_close(network(x), x @ network.output + network.bias)
    assert len(list(network.parameters())) == 2


def test_a_network_with_one_layer_is_what_torch_computes(x):
    network = MLP(6, (8,), 3, generator())
    z = x @ network.weights[0]
    hidden = torch.relu(torch.nn.functional.batch_norm(z, None, None, training=True, eps=2e-5))
    torch.testing.assert_close(network(x, "batch"), hidden @ network.output + network.bias)


def test_first_weights_have_the_deviations_of_the_authors_code():
    network = MLP(784, (1200, 1200), 10, generator())
    deviations = [w.std().item() for w in (*network.weights, network.output)]
    assert deviations == pytest.approx([1.13e-2, 9.13e-3, 2.89e-4], rel=0.02)
    assert torch.count_nonzero(network.bias) == 0


def test_first_weights_come_from_the_generator_alone():
    before = torch.get_rng_state()
    first, second = (MLP(6, (8,), 3, generator(4)).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["output"], MLP(6, (8,), 3, generator(5)).output)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("mode", ["batch", "eval"])
def test_a_frozen_network_is_the_same_function_without_parameters(network, x, mode):
    inputs = x.clone().requires_grad_()
    frozen = network.bind().frozen()(inputs, mode)
    torch.testing.assert_close(frozen, network(x, mode))
    frozen.sum().backward()
    assert inputs.grad is not None
    assert all(p.grad is None for p in network.parameters())


def test_a_bound_network_sends_gradients_to_the_parameters(network, x):
    network.bind()(x, "train").square().sum().backward()
    assert all(p.grad is not None for p in network.parameters())


def test_half_precision_stays_close_and_returns_full_precision(network, x):
    half, full = network.bind(torch.bfloat16), network.bind()
    assert half(x, "batch").dtype == torch.float32
    torch.testing.assert_close(half.embed(x, "batch"), full.embed(x, "batch"), atol=0.05, rtol=0.05)
    torch.testing.assert_close(half(x, "batch"), full(x, "batch"), atol=1e-3, rtol=0.05)


def test_half_precision_gradients_reach_full_precision_parameters(network, x):
    network.bind(torch.bfloat16)(x, "train").square().sum().backward()
    assert {p.grad.dtype for p in network.parameters()} == {torch.float32}


def gradients_of(network, loss):
    network.zero_grad(set_to_none=True)
    loss.backward()
    return [weight.grad.clone() for weight in network.weights]


def test_half_precision_sums_the_gradients_of_all_passes(network, x):
    passes = (x, -2 * x[:4], x.flip(0))

    def loss(bound):
        return sum(bound(rows, "batch").square().sum() for rows in passes)

    half = gradients_of(network, loss(network.bind(torch.bfloat16)))
    full = gradients_of(network, loss(network.bind()))
    for ours, exact in zip(half, full, strict=True):
        assert torch.linalg.norm(ours - exact) < 0.05 * torch.linalg.norm(exact)


def test_half_precision_leaves_out_passes_that_do_not_reach_the_loss(network, x):
    alone = gradients_of(network, network.bind(torch.bfloat16)(x, "batch").square().sum())
    bound = network.bind(torch.bfloat16)
    bound(5 * x, "batch")
    with torch.no_grad():
        bound(x, "eval")
    beside = gradients_of(network, bound(x, "batch").square().sum())
    assert all(map(torch.equal, alone, beside))


def test_half_precision_adds_to_a_gradient_that_is_there(network, x):
    def backward():
        network.bind(torch.bfloat16)(x, "batch").square().sum().backward()
        return network.weights[0].grad.clone()

    once, twice = backward(), backward()
    torch.testing.assert_close(twice, 2 * once)


def test_only_train_mode_moves_the_averages(network, x):
    before = {name: tensor.clone() for name, tensor in network.named_buffers()}
    network(x, "batch"), network(x, "eval"), network.bind().frozen()(x, "batch")
    assert all(torch.equal(before[name], tensor) for name, tensor in network.named_buffers())
    network(x, "train")
    assert not any(torch.equal(before[name], tensor) for name, tensor in network.named_buffers())

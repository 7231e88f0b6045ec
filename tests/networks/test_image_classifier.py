"""A trunk and a linear output: modes, frozen parameters, short types, a plain transcription."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.datasets import load_digits
from torch import nn

from quantal.networks import MLP, ImageClassifier, OwnTrunk, ResidualTrunk, VGGTrunk, network_for

SHAPE = (1, 8, 8)


def own(generator):
    layers = nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()
    return OwnTrunk(nn.Sequential(*layers), SHAPE, generator)


TRUNKS = {
    "vgg": lambda g: VGGTrunk(SHAPE, g, widths=(4, 5, 6)),
    "vgg-sobel": lambda g: VGGTrunk(SHAPE, g, widths=(4, 5, 6), sobel=True),
    "residual": lambda g: ResidualTrunk(SHAPE, g, widths=(4, 6), blocks=(1, 1)),
    "own": own,
}


@pytest.fixture(params=TRUNKS)
def network(request):
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    return ImageClassifier(TRUNKS[request.param](generator), 3, generator)


@pytest.fixture(scope="module")
def digits():
    return torch.tensor(load_digits().data[:40] / 16, dtype=torch.float32)


def state(network):
    return {name: value.clone() for name, value in network.state_dict().items()}


def changed(network, before):
    return {name for name, value in network.state_dict().items() if not value.equal(before[name])}


def test_rows_and_images_give_the_same_logits(network, digits):
    bound = network.bind()
    logits = bound(digits, "eval")
    assert logits.shape == (40, 3)
    assert torch.equal(logits, bound(digits.view(-1, 1, 8, 8), "eval"))
    expected = bound.embed(digits, "eval") @ network.output + network.bias
    torch.testing.assert_close(logits, expected)
    torch.testing.assert_close(network(digits), logits)


def test_train_moves_the_running_averages_and_batch_does_not(network, digits):
    bound, before = network.bind(), state(network)
    batch = bound(digits, "batch")
    bound.frozen()(digits, "batch"), bound(digits, "eval")
    assert changed(network, before) <= {"trunk.stream"}
    train = bound(digits, "train")
    moved = changed(network, before)
    assert {name.rpartition(".")[2] for name in moved} >= {"running_mean", "running_var"}
    torch.testing.assert_close(train, batch)


def test_only_eval_ignores_the_rest_of_the_batch(network, digits):
    bound = network.bind()
    bound(digits, "train")
    torch.testing.assert_close(bound(digits, "eval")[:5], bound(digits[:5], "eval"))
    assert not torch.allclose(bound(digits, "batch")[:5], bound(digits[:5], "batch"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_every_parameter_gets_a_float32_gradient(network, digits, dtype):
    logits = network.bind(dtype)(digits, "train")
    logits.logsumexp(1).sum().backward()
    assert logits.dtype == torch.float32
    assert {p.grad.dtype for p in network.parameters()} == {torch.float32}


@pytest.mark.parametrize("mode", ["train", "batch", "eval"])
def test_frozen_is_the_same_function_with_gradients_for_the_input_only(network, digits, mode):
    x = digits.clone().requires_grad_()
    bound = network.bind()
    frozen = bound.frozen()(x, mode)
    torch.testing.assert_close(frozen, bound(x, mode) if mode != "eval" else frozen)
    frozen.square().sum().backward()
    assert all(p.grad is None for p in network.parameters())
    (expected,) = torch.autograd.grad(network.bind()(x, mode).square().sum(), x)
    if mode != "eval":  # training passes moved the averages in between
        torch.testing.assert_close(x.grad, expected)


def test_short_products_stay_close_to_float32(network, digits):
    bound, short = network.bind(), network.bind(torch.bfloat16)
    exact, rounded = (b.embed(digits, "batch") for b in (bound, short))
    assert rounded.dtype == torch.float32
    assert (exact - rounded).norm() < 0.03 * exact.norm()
    assert not torch.equal(exact, rounded)


def test_a_stored_state_is_the_same_network(network, digits, tmp_path):
    network.bind()(digits, "train")
    save_file(network.state_dict(), tmp_path / "network.safetensors")
    expected = network(digits)
    with torch.no_grad():
        for value in network.state_dict().values():
            value.zero_()
    network.load_state_dict(load_file(tmp_path / "network.safetensors"))
    assert torch.equal(network(digits), expected)


def test_the_output_starts_small_and_the_bias_at_zero():
    generator = torch.Generator().manual_seed(0)
    network = ImageClassifier(network_for("small", (1, 24, 24), generator), 10, generator)
    assert network.output.shape == (1152, 10)
    assert network.output.std().item() == pytest.approx(0.01, rel=0.03)
    assert torch.equal(network.bias, torch.zeros(10))


def test_the_parts_that_clusterers_touch_are_those_of_a_perceptron(network, digits):
    generator = torch.Generator().manual_seed(0)
    perceptron = MLP(64, (5,), 3, generator)
    for name in ("output", "bias", "norms", "bind"):
        assert hasattr(network, name) and hasattr(perceptron, name)
    assert len(network.norms) > 0
    before = network(digits)
    with torch.no_grad():
        network.output.copy_(network.output[:, [2, 0, 1]])
        network.bias.copy_(network.bias[[2, 0, 1]])
    torch.testing.assert_close(network(digits), before[:, [2, 0, 1]])


def plain_6c(network, widths, pools):
    layers, n_in = [], 1
    for width, pool in zip(widths, pools, strict=True):
        layers += [nn.Conv2d(n_in, width, 5, 1, 2, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        layers += [nn.MaxPool2d(2, 2)] if pool else []
        n_in = width
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(*network.output.shape))
    convolutions = [layer for layer in model if isinstance(layer, nn.Conv2d)]
    with torch.no_grad():
        for filters, layer in zip(network.trunk.filters, convolutions, strict=True):
            layer.weight.copy_(filters)
        model[-1].weight.copy_(network.output.T)
        model[-1].bias.copy_(network.bias)
    return model, convolutions


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_equal_to_layers_of_torch_with_gradients(mode):
    generator = torch.Generator().manual_seed(0)
    widths, pools = (3, 4, 5, 6), (True, True, True, False)
    network = ImageClassifier(VGGTrunk((1, 16, 16), generator, widths=widths), 4, generator)
    model, convolutions = plain_6c(network, widths, pools)
    model.train(mode == "train")
    x = torch.rand(6, 256, generator=generator).requires_grad_()
    ours, theirs = network(x, mode), model(x.view(-1, 1, 16, 16))
    torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)
    slope = torch.randn(6, 4, generator=generator)
    (theirs * slope).sum().backward()
    expected, x.grad = x.grad, None
    (ours * slope).sum().backward()
    torch.testing.assert_close(x.grad, expected, atol=1e-7, rtol=1e-3)
    for filters, layer in zip(network.trunk.filters, convolutions, strict=True):
        torch.testing.assert_close(filters.grad, layer.weight.grad, atol=1e-6, rtol=1e-3)
    norms = [layer for layer in model if isinstance(layer, nn.BatchNorm2d)]
    for norm, layer in zip(network.norms, norms, strict=True):
        torch.testing.assert_close(norm.scale.grad, layer.weight.grad, atol=1e-6, rtol=1e-3)

"""Batch normalisation in three modes, against PyTorch's own module."""

from __future__ import annotations

import pytest
import torch

from quantal.networks import BatchNorm

EPSILON = 2e-5


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pair():
    """Ours and torch.nn.BatchNorm1d with the same scale, offset and averages."""
    ours, theirs = BatchNorm(4), torch.nn.BatchNorm1d(4, eps=EPSILON, momentum=0.1)
    with torch.no_grad():
        for name, other in (("scale", theirs.weight), ("offset", theirs.bias)):
            values = torch.randn(4, generator=generator(len(name)))
            getattr(ours, name).copy_(values)
            other.copy_(values)
        ours.running_mean.copy_(torch.tensor([1.0, -2.0, 0.5, 0.0]))
        ours.running_var.copy_(torch.tensor([1.0, 4.0, 0.5, 2.0]))
        theirs.running_mean.copy_(ours.running_mean)
        theirs.running_var.copy_(ours.running_var)
    return ours, theirs


@pytest.fixture
def z():
    return 3 * torch.randn(9, 4, generator=generator(1)) + 1


def averages(norm):
    return norm.running_mean.clone(), norm.running_var.clone()


def test_train_mode_is_torch_in_training(pair, z):
    ours, theirs = pair
    torch.testing.assert_close(ours(z, "train"), theirs.train()(z))
    torch.testing.assert_close(averages(ours), averages(theirs))


def test_eval_mode_is_torch_in_evaluation(pair, z):
    ours, theirs = pair
    before = averages(ours)
    torch.testing.assert_close(ours(z, "eval"), theirs.eval()(z))
    assert all(map(torch.equal, averages(ours), before))


# Trap 2: averages polluted by adversarial inputs make predictions collapse.
def test_batch_mode_gives_the_numbers_of_training_and_leaves_the_averages(pair, z):
    ours, theirs = pair
    before = averages(ours)
    torch.testing.assert_close(ours(z, "batch"), theirs.train()(z))
    assert all(map(torch.equal, averages(ours), before))


def test_modes_do_not_depend_on_what_the_module_was_told(pair, z):
    ours, _ = pair
    trained, evaluated = ours.train()(z, "eval"), ours.eval()(z, "eval")
    assert torch.equal(trained, evaluated)
    assert not torch.allclose(ours.eval()(z, "batch"), evaluated)


def test_gradients_flow_through_the_statistics_of_the_batch(pair, z):
    ours, theirs = pair
    ours_in, theirs_in = z.clone().requires_grad_(), z.clone().requires_grad_()
    ours(ours_in, "batch").pow(3).sum().backward()
    theirs.train()(theirs_in).pow(3).sum().backward()
    torch.testing.assert_close(ours_in.grad, theirs_in.grad)
    torch.testing.assert_close(ours.scale.grad, theirs.weight.grad)


@pytest.mark.parametrize("mode", ["train", "batch", "eval"])
def test_frozen_parameters_get_no_gradient(pair, z, mode):
    ours, _ = pair
    x = z.clone().requires_grad_()
    value = ours(x, mode)
    frozen = ours(x, mode, frozen=True)
    if mode != "train":  # there the averages have moved, the output has not
        assert torch.equal(frozen, value)
    frozen.sum().backward()
    assert ours.scale.grad is None
    assert ours.offset.grad is None
    assert x.grad is not None


@pytest.mark.parametrize("mode", ["train", "batch"])
def test_a_single_row_has_no_statistics_and_becomes_the_offset(pair, z, mode):
    ours, _ = pair
    before = averages(ours)
    torch.testing.assert_close(ours(z[:1], mode), ours.offset.detach()[None])
    assert all(map(torch.equal, averages(ours), before))


def test_half_precision_activations_keep_full_precision_statistics(pair, z):
    ours, _ = pair
    out = ours(z.bfloat16(), "train")
    assert out.dtype == torch.bfloat16
    assert ours.running_mean.dtype == torch.float32
    torch.testing.assert_close(out.float(), ours(z, "batch"), atol=0.1, rtol=0.02)

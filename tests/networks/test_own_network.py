"""A user's module as a trunk: modes, draws, copies, autocast, and what is refused."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from quantal.errors import ParameterError
from quantal.networks import OwnTrunk

SHAPE = (1, 6, 6)


def module():
    layers = nn.Flatten(), nn.Linear(36, 5), nn.BatchNorm1d(5), nn.Dropout(0.5)
    return nn.Sequential(*layers)


def trunk(own=None, shape=SHAPE, seed=0):
    return OwnTrunk(own or module(), shape, torch.Generator().manual_seed(seed))


@pytest.fixture
def x():
    return torch.randn(7, 36, generator=torch.Generator().manual_seed(1))


class Returns(nn.Module):
    """Applies a function to the batch."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, batch):
        return self.function(batch)


def test_features_are_counted_on_two_rows_without_touching_the_module(x):
    own = module()
    built = trunk(own)
    assert built.n_features == 5 and len(built.norms) == 1
    assert own[2].num_batches_tracked == 0 and own.training
    expected = own.eval()(x.view(-1, *SHAPE))
    assert torch.equal(built(x), expected)


def test_rows_of_numbers_need_no_image():
    assert trunk(nn.Linear(4, 3), (4,))(torch.zeros(2, 4), "train").shape == (2, 3)


def test_the_module_given_keeps_its_weights(x):
    own = module()
    before = {name: value.clone() for name, value in own.state_dict().items()}
    built = trunk(own)
    built.bind()(x, "train").sum().backward()
    with torch.no_grad():
        for parameter in built.parameters():
            parameter.add_(1)
    assert all(torch.equal(value, before[name]) for name, value in own.state_dict().items())
    assert all(parameter.grad is None for parameter in own.parameters())


def test_training_flags_are_what_they_were_after_a_call(x):
    built = trunk()
    built.module[2].eval()
    for mode in ("train", "batch", "eval"):
        built(x, mode)
        assert [part.training for part in built.module] == [True, True, False, True]


def test_flags_are_restored_when_the_module_fails():
    built = trunk()
    built.module.eval()
    with pytest.raises(RuntimeError, match="shape"):
        built(torch.zeros(2, 35), "train")
    with pytest.raises(RuntimeError):
        built.bind()(torch.full((2, 36), torch.nan, dtype=torch.float64), "train")
    assert not built.module.training


def test_draws_follow_the_seed_and_leave_the_global_generator_alone(x):
    own, before = module(), torch.get_rng_state()
    first, second, other = trunk(own), trunk(own), trunk(own, seed=1)
    passes = [[built(x, "batch") for _ in range(2)] for built in (first, second, other)]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(passes[0][0], passes[1][0]) and torch.equal(passes[0][1], passes[1][1])
    assert not torch.equal(passes[0][0], passes[0][1])  # each pass drops other numbers
    assert not torch.equal(passes[0][0], passes[2][0])


def test_a_stored_state_continues_the_draws(x):
    own = module()
    first, second = trunk(own), trunk(own, seed=1)
    first(x, "train")
    second.load_state_dict(first.state_dict())
    assert torch.equal(first(x, "train"), second(x, "train"))


def test_a_short_type_runs_under_autocast(x):
    seen = []

    def note(batch):
        product = batch.flatten(1) @ torch.ones(36, 2)
        seen.append(product.dtype)
        return product

    built = trunk(Returns(note))
    assert built.bind(torch.bfloat16)(x, "eval").dtype == torch.float32
    assert built.bind()(x, "eval").dtype == torch.float32
    assert seen[-2:] == [torch.bfloat16, torch.float32]


REFUSED = [
    (lambda batch: batch, r"got \(2, 1, 6, 6\) for a batch of shape \(2, 1, 6, 6\). End it with"),
    (lambda batch: batch.flatten(), r"must return shape \(n, n_features\), got \(72,\)"),
    (lambda batch: batch.flatten(1)[:1], r"got \(1, 36\)"),
    (lambda batch: (batch, batch), "got tuple. Wrap it in a module that returns the features"),
    (lambda batch: batch.flatten(1).long(), r"floating-point features, got torch.int64"),
    (lambda batch: batch @ torch.ones(5, 5), r"fails on a batch of shape \(2, 1, 6, 6\): Runtime"),
]


@pytest.mark.parametrize(("function", "message"), REFUSED)
def test_what_returns_no_features_is_refused_with_the_remedy(function, message):
    with pytest.raises(ParameterError, match=message):
        trunk(Returns(function))


def test_what_is_no_module_is_refused():
    with pytest.raises(ParameterError, match=r"must be a torch.nn.Module .* got 'resnet'"):
        trunk("resnet")


def test_what_cannot_be_copied_is_refused():
    own = module()
    own.kept = (torch.ones(1, requires_grad=True) * 2,)
    with pytest.raises(ParameterError, match=r"network cannot be copied: RuntimeError"):
        trunk(own)

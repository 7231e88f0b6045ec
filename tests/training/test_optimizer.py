"""Adam's two places for its epsilon, against the formulas of Kingma and Ba written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from quantal.clustering import IMSAT, RIM
from quantal.errors import ParameterError
from quantal.hashing import IMSATHash, RIMHash
from quantal.training import Plan, Run

DIGITS = load_digits().data[:200]
GRADIENTS = [1e-9, -3e-9, 2e-8, 1e-8, -1e-7, 5e-6]


class Number(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.value = torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))


def trained(epsilon_hat, learning_rate=0.1):
    """Return the path of parameters that are pushed by given gradients, one a step."""
    network, path, left = Number(), [], iter(GRADIENTS)

    def step(_):
        path.append(network.value.detach().clone())
        return {"total": next(left) * (network.value * torch.tensor([1.0, 1e3, -1.0])).sum()}

    plan = Plan(
        n_rows=1,
        n_epochs=len(GRADIENTS),
        batch_size=1,
        learning_rate=learning_rate,
        epsilon_hat=epsilon_hat,
    )
    Run(network, step, plan, torch.Generator()).train()
    return torch.stack([*path[1:], network.value.detach()]).numpy()


def by_hand(epsilon_hat, learning_rate=0.1):
    theta, m, v, path = np.zeros(3), np.zeros(3), np.zeros(3), []
    for t, gradient in enumerate(GRADIENTS, start=1):
        g = gradient * np.array([1.0, 1e3, -1.0])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        if epsilon_hat:
            rate = learning_rate * math.sqrt(1 - 0.999**t) / (1 - 0.9**t)
            theta = theta - rate * m / (np.sqrt(v) + 1e-8)
        else:
            m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
            theta = theta - learning_rate * m_hat / (np.sqrt(v_hat) + 1e-8)
        path.append(theta)
    return np.stack(path)


@pytest.mark.parametrize("epsilon_hat", [False, True])
def test_every_step_is_the_published_one(epsilon_hat):
    np.testing.assert_allclose(trained(epsilon_hat), by_hand(epsilon_hat), rtol=1e-9)


def test_the_two_differ_for_tiny_gradients_and_agree_for_large_ones():
    one, other = (abs(trained(hat)[0]) for hat in (False, True))
    assert other[0] < one[0] / 20  # a gradient of 1e-9
    assert other[1] == pytest.approx(one[1], rel=0.5)  # of 1e-6
    assert other[1] < one[1]


def weights_of(model):
    return [p.detach().clone() for p in model.network_.parameters()]


def equal(first, second):
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


SHORT = {"n_epochs": 2, "n_init": 1, "batch_size": 20, "random_state": 0}


@pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")
@pytest.mark.parametrize("method", [IMSAT, RIM, IMSATHash, RIMHash])
def test_it_reaches_the_training_of_every_method_that_offers_it(method):
    plain, hat = (weights_of(method(4, epsilon_hat=h, **SHORT).fit(DIGITS)) for h in (False, True))
    assert not equal(plain, hat)


@pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")
def test_passes_go_on_with_the_epsilon_of_their_step():
    """In later calls the correction is nearly over, so starting it anew would show."""
    model = IMSAT(4, epsilon_hat=True, **SHORT)
    seen = []
    for _ in range(3):
        model.partial_fit(DIGITS)
        seen.append(model._optimizer_state["param_groups"][0]["eps"])
    last_steps = [10, 20, 30]
    assert seen == pytest.approx([1e-8 / math.sqrt(1 - 0.999**t) for t in last_steps])


@pytest.mark.parametrize("wrong", ["yes", 1, None])
def test_another_value_is_refused(wrong):
    with pytest.raises(ParameterError, match=r"epsilon_hat must be True or False, got"):
        IMSAT(4, epsilon_hat=wrong, **SHORT).fit(DIGITS)


@pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")
def test_a_later_pass_without_it_has_the_plain_epsilon():
    model = IMSAT(4, epsilon_hat=True, **SHORT).partial_fit(DIGITS)
    model.set_params(epsilon_hat=False).partial_fit(DIGITS)
    assert model._optimizer_state["param_groups"][0]["eps"] == 1e-8

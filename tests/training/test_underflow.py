"""What nobody feels is dropped before it becomes subnormal."""

from __future__ import annotations

import torch
from torch import nn

from quantal.training import Plan, Run
from quantal.training.underflow import drop_negligible

SMALLEST_NORMAL = torch.finfo(torch.float32).tiny


def subnormal(optimizer) -> int:
    """Entries of the parameters and of Adam's averages between 0 and the smallest normal."""
    tensors = [
        t
        for p, state in optimizer.state.items()
        for t in (p.detach(), state["exp_avg"], state["exp_avg_sq"])
    ]
    return sum(int(((t != 0) & (t.abs() < SMALLEST_NORMAL)).sum()) for t in tensors)


class Held(nn.Module):
    """Weights of which the loss holds half; weight decay has the others for itself."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.linspace(-1, 1, 1000))

    def step(self, rows):
        return {"total": (self.weight[:500] + 0.5).square().sum()}


def trained(n_steps):
    network = Held()
    plan = Plan(n_rows=8, n_epochs=n_steps, batch_size=8, learning_rate=0.02, weight_decay=0.1)
    run = Run(network, network.step, plan, torch.Generator())
    run.train()
    return network.weight.detach(), run.optimizer


def test_decayed_weights_and_averages_do_not_become_subnormal(monkeypatch):
    weight, optimizer = trained(4096)
    assert subnormal(optimizer) == 0
    monkeypatch.setattr("quantal.training.underflow.EVERY", 10**9)
    plain, slow = trained(4096)
    assert subnormal(slow) > 100  # so the test above could have failed
    torch.testing.assert_close(weight[:500], plain[:500], rtol=0, atol=0)
    assert (weight[500:].abs() < 0.02).all()  # decayed, as without it
    assert (plain[500:].abs() < 0.02).all()


def test_only_what_is_negligible_is_dropped():
    parameter = nn.Parameter(torch.tensor([1.0, 2e-15, 5e-16, -5e-16]))
    optimizer = torch.optim.Adam([parameter])
    parameter.grad = torch.zeros(4)
    optimizer.step()
    optimizer.state[parameter]["exp_avg"].copy_(torch.tensor([1.0, -2e-15, 5e-16, 0]))
    optimizer.state[parameter]["exp_avg_sq"].copy_(torch.tensor([1.0, 2e-30, 5e-31, 0]))
    drop_negligible(optimizer)
    assert parameter.tolist() == [1.0, torch.tensor(2e-15).item(), 0.0, 0.0]
    assert (optimizer.state[parameter]["exp_avg"] != 0).tolist() == [True, True, False, False]
    assert (optimizer.state[parameter]["exp_avg_sq"] != 0).tolist() == [True, True, False, False]

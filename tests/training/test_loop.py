"""The loop: order, history, what stops it."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from quantal.errors import NonFiniteLossError, ParameterError
from quantal.training import SCHEDULES, Plan, Run, schedule_of
from quantal.training.batches import epoch_order


class Scalar(nn.Module):
    """A network of one number."""

    def __init__(self, value=1.0):
        super().__init__()
        self.value = nn.Parameter(torch.tensor(value))


class Log:
    """A listener that remembers."""

    def __init__(self):
        self.events = []

    def on_step(self, run):
        self.events.append(("step", run.progress.step))

    def on_epoch(self, run):
        self.events.append(("epoch", len(run.progress.history["total"])))


def run_of(step, network=None, listeners=(), **plan):
    network = network or Scalar()
    settings = {"n_rows": 10, "n_epochs": 3, "batch_size": 5, "learning_rate": 0.1, **plan}
    return Run(network, step(network), Plan(**settings), torch.Generator(), listeners)


def square(network):
    return lambda rows: {"total": network.value**2 + 0 * rows.sum()}


def test_the_total_is_minimised():
    run = run_of(square, n_epochs=100)
    run.train()
    assert run.network.value.item() == pytest.approx(0, abs=1e-3)


def test_steps_and_epochs_are_announced_in_order():
    log = Log()
    run_of(square, listeners=[log], n_epochs=2).train()
    assert log.events == [
        ("step", 1), ("step", 2), ("epoch", 1), ("step", 3), ("step", 4), ("epoch", 2)
    ]  # fmt: skip


def test_the_history_holds_the_mean_of_every_term_in_every_epoch():
    def step(network):
        return lambda rows: {"rows": rows.sum() / 2, "total": network.value * 0 + rows.sum()}

    history = run_of(step, n_epochs=2).train().history
    assert history == {"rows": [11.25, 11.25], "total": [22.5, 22.5]}  # rows 0..9 in two batches


def test_an_epoch_shows_every_row_at_most_once():
    order = epoch_order(103, 10, seed=3, epoch=0)
    assert order.shape == (10, 10)
    assert len(order.unique()) == 100
    assert not torch.equal(order, epoch_order(103, 10, seed=3, epoch=1))
    assert torch.equal(order, epoch_order(103, 10, seed=3, epoch=0))
    assert not torch.equal(order, epoch_order(103, 10, seed=4, epoch=0))


@pytest.mark.parametrize(("n_rows", "size"), [(103, 10), (30, 20), (40, 20)])
def test_drawn_batches_hold_different_rows_of_all(n_rows, size):
    orders = [epoch_order(n_rows, size, 0, epoch, "drawn") for epoch in range(400)]
    assert orders[0].shape == (n_rows // size, size)
    batches = torch.cat(orders)
    assert all(len(batch.unique()) == size for batch in batches)
    counts = torch.bincount(batches.ravel(), minlength=n_rows).double()
    expected = batches.numel() / n_rows
    assert ((counts / expected - 1).abs() < 6 / expected**0.5).all()  # every row as often
    assert len(orders[0].unique()) < orders[0].numel() or n_rows // size == 1
    assert torch.equal(orders[0], epoch_order(n_rows, size, 0, 0, "drawn"))


def test_the_plan_says_how_batches_are_taken():
    seen = []

    def step(network):
        return lambda rows: (seen.extend(rows.tolist()), {"total": 0 * network.value})[1]

    run_of(step, n_epochs=1, batches="drawn").train()
    assert seen == epoch_order(10, 5, 0, 0, "drawn").ravel().tolist()


def test_a_batch_larger_than_the_data_is_all_rows():
    assert sorted(epoch_order(7, 250, seed=0, epoch=0)[0].tolist()) == list(range(7))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_term_that_breaks_is_named_with_its_step(bad):
    def step(network):
        seen = []

        def take(rows):
            seen.append(rows)
            penalty = network.value * (bad if len(seen) == 4 else 1)
            return {"entropy": network.value * 2, "penalty": penalty, "total": penalty}

        return take

    run = run_of(step)
    text = rf"The term 'penalty' became {bad} at step 4 of 6\. Lower learning_rate \(0\.1\)"
    with pytest.raises(NonFiniteLossError, match=text):
        run.train()
    assert math.isfinite(run.network.value.item())
    assert run.progress.step == 3


def test_a_broken_total_is_named_if_no_term_is_broken():
    def step(network):
        return lambda _: {"total": network.value * math.nan, "penalty": network.value}

    with pytest.raises(NonFiniteLossError, match="The term 'total' became nan at step 1 of 6"):
        run_of(step).train()


def test_patience_stops_when_nothing_improves():
    progress = run_of(lambda network: lambda _: {"total": 1 + 0 * network.value}, n_epochs=50,
                      patience=4).train()  # fmt: skip
    assert progress.stopped
    assert len(progress.history["total"]) == 5  # the first epoch sets the mark


def test_patience_waits_while_things_improve():
    progress = run_of(square, n_epochs=10, learning_rate=1e-3, patience=1).train()
    assert not progress.stopped
    assert len(progress.history["total"]) == 10


def test_weight_decay_is_coupled_and_reaches_every_parameter():
    run = run_of(lambda network: lambda _: {"total": 0 * network.value}, weight_decay=0.5)
    run.train()  # Adam turns any steady gradient into steps of the learning rate
    decoupled = (1 - 0.1 * 0.5) ** 6  # what AdamW would give
    assert run.network.value.item() == pytest.approx(1 - 6 * 0.1, abs=0.02)
    assert run.network.value.item() != pytest.approx(decoupled, abs=0.2)


def test_a_schedule_scales_the_steps():
    def step(network):
        return lambda _: {"total": network.value}

    network = Scalar(0.0)
    run_of(step, network, schedule=lambda done: 0.5 if done < 0.5 else 0.0).train()
    assert network.value.item() == pytest.approx(-3 * 0.05, abs=1e-6)


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_start_at_one_and_never_rise(name):
    factors = [SCHEDULES[name](done / 100) for done in range(101)]
    assert factors[0] == 1
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] >= 0


@pytest.mark.parametrize(
    ("name", "done", "factor"),
    [
        ("constant", 0.9, 1.0),
        ("cosine", 0.5, 0.5),
        ("cosine", 1.0, 0.0),
        ("late_linear", 0.7, 1.0),
        ("late_linear", 0.85, 0.5),
        ("late_linear", 1.0, 0.02),
    ],
)
def test_schedules_have_their_closed_forms(name, done, factor):
    assert SCHEDULES[name](done) == pytest.approx(factor, abs=1e-12)


def test_a_stepped_schedule_counts_epochs():
    schedule = schedule_of(("stepped", 100, 0.5), steps_per_epoch=7, n_epochs=1000)
    ends = [schedule(step / 7000) for step in (0, 699, 700, 1399, 1400, 6999)]
    assert ends == [1, 1, 0.5, 0.5, 0.25, 0.5**9]
    assert schedule_of(["stepped", 1, 1], 1, 3)(0.9) == 1


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("stepped", r"such as \('stepped', 100, 0\.5\), got 'stepped'"),
        (("stepped", 100), r"must be one of 'constant', 'cosine', 'late_linear' or \('stepped'"),
        (("cosine", 100, 0.5), r"got \('cosine', 100, 0\.5\)\."),
        (0.5, r"learning_rate_schedule must be one of .* got 0\.5\."),
        (None, r"got None\."),
        (("stepped", 0, 0.5), "epochs in learning_rate_schedule must be .*got 0"),
        (("stepped", 2.5, 0.5), "epochs in learning_rate_schedule must be .*got 2.5"),
        (("stepped", 2, 0), "factor in learning_rate_schedule must be .*got 0"),
        (("stepped", 2, "half"), "factor in learning_rate_schedule must be .*got 'half'"),
    ],
)
def test_a_schedule_of_another_form_is_refused(value, message):
    with pytest.raises(ParameterError, match=message):
        schedule_of(value, 1, 1)


def test_a_misspelt_schedule_gets_a_suggestion():
    with pytest.raises(ParameterError, match=r"one of .*'late_linear'.*Did you mean 'constant'\?"):
        schedule_of("constnat", 1, 1)


@pytest.mark.parametrize(("dampening", "slope"), [(0.0, 1.0), (0.9, 0.1)])
def test_momentum_is_that_of_gradient_descent(dampening, slope):
    def linear(network):
        return lambda rows: {"total": network.value + 0 * rows.sum()}

    run = run_of(linear, n_epochs=1, momentum=0.9, dampening=dampening)  # two steps of 0.1
    run.train()
    velocity = 1.0  # the first step takes the whole gradient
    moved = velocity + (0.9 * velocity + slope * 1.0)
    assert run.network.value.item() == pytest.approx(1 - 0.1 * moved, abs=1e-6)
    assert isinstance(run.optimizer, torch.optim.SGD)

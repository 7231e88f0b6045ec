"""Stages one after the other, what a plan may ask for in them, and resuming in any of them."""

from __future__ import annotations

import json

import pytest
import torch
from torch import nn

from quantal.errors import FileFormatError, ParameterError
from quantal.training import Checkpoints, Plan, ProgressBar, Run, RunSequence, stepped


class Line(nn.Module):
    """Two numbers, one of which has an axis as a bias has, and one that no loss reaches."""

    def __init__(self):
        super().__init__()
        self.slope = nn.Parameter(torch.ones(1, 1))
        self.offset = nn.Parameter(torch.ones(1))
        self.idle = nn.Parameter(torch.ones(1))


class Killed(Exception):
    """Stands for the end of a process."""


def plan_of(**changes):
    settings = {"n_rows": 10, "n_epochs": 2, "batch_size": 5, "learning_rate": 0.1, "momentum": 0}
    return Plan(**{**settings, **changes})


def sum_of(network):
    return lambda rows: {"sum": (total := network.slope.sum() + network.offset.sum()),
                         "total": total}  # fmt: skip


def trained(plan):
    network = Line()
    run = Run(network, sum_of(network), plan, torch.Generator())
    run.train()
    return network, run.progress


def test_biases_move_by_a_rate_of_their_own():
    network, _ = trained(plan_of(n_epochs=1, bias_rate=2.0))
    assert network.slope.item() == pytest.approx(1 - 2 * 0.1)
    assert network.offset.item() == pytest.approx(1 - 2 * 0.2)
    assert network.idle.item() == 1


def test_the_schedule_holds_for_biases_too():
    halved = plan_of(n_epochs=1, bias_rate=2.0, schedule=stepped(2, 1, 0.5))
    network, _ = trained(halved)
    assert network.slope.item() == pytest.approx(1 - 0.1 - 0.05)
    assert network.offset.item() == pytest.approx(1 - 0.2 - 0.1)


@pytest.mark.parametrize(("steps", "epochs"), [(1, 1), (2, 1), (3, 2), (4, 2), (9, 2)])
def test_a_plan_may_stop_within_a_pass(steps, epochs):
    plan = plan_of(most_steps=steps)
    network, progress = trained(plan)
    assert progress.step == plan.n_steps == min(steps, 4)
    assert network.slope.item() == pytest.approx(1 - 0.1 * plan.n_steps)
    assert len(progress.history["sum"]) == epochs
    if steps == 3:  # the mean is over the steps that were taken
        assert progress.history["sum"][1] == pytest.approx(2 - 0.4)


def test_a_stepped_schedule_drops_exactly_after_each_interval():
    schedule = stepped(50_000, 20_000)
    factors = [schedule(step / 50_000) for step in (0, 19_999, 20_000, 39_999, 40_000, 49_999)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


def run_stages(folder=None, *, resume=False, die_at=None):
    """Three stages that draw and take momentum; the second knows a tensor."""
    network = Line()
    checkpoints = None if folder is None else Checkpoints(folder, "me", 0)
    steps = 0

    def step_of(generator, factor):
        def step(rows):
            nonlocal steps
            if steps == die_at:
                raise Killed
            steps += 1
            noise = torch.rand((), generator=generator)
            total = (network.slope * noise * factor + network.offset).sum()
            return {"value": total, "total": total}

        return step

    with ProgressBar("stages", 1, shown=False) as bar:
        sequence = RunSequence(bar, checkpoints, resume=resume)
        for stage in range(sequence.number, 3):
            kept = sequence.kept("factor")
            factor = torch.tensor(float(stage + 1)) if kept is None else kept
            generator = torch.Generator().manual_seed(stage)
            plan = plan_of(momentum=0.9, most_steps=3, seed=stage, bias_rate=2.0)
            tensors = {"factor": factor}
            sequence.train(network, step_of(generator, factor), plan, generator, tensors=tensors)
            assert sequence.kept("factor") is None
    return network.state_dict(), sequence


@pytest.mark.parametrize("die_at", range(1, 9))
def test_a_sequence_killed_anywhere_and_resumed_equals_one_that_was_not(tmp_path, die_at):
    whole, sequence = run_stages()
    with pytest.raises(Killed):
        run_stages(tmp_path, die_at=die_at)
    found, resumed = run_stages(tmp_path, resume=True)
    assert all(torch.equal(found[name], whole[name]) for name in whole)
    assert resumed.history == sequence.history
    assert (resumed.number, resumed.steps) == (sequence.number, sequence.steps) == (3, 9)
    assert set(sequence.history) == {"value"}


def test_starting_afresh_over_an_unfinished_sequence_is_refused(tmp_path):
    with pytest.raises(Killed):
        run_stages(tmp_path, die_at=4)
    with pytest.raises(ParameterError, match="Pass resume=True to go on"):
        run_stages(tmp_path)


def test_a_checkpoint_without_stages_is_refused(tmp_path):
    with pytest.raises(Killed):
        run_stages(tmp_path, die_at=4)
    for path in tmp_path.glob("*/state.json"):
        state = json.loads(path.read_text())
        path.write_text(json.dumps({**state, "extra": {"attempt": 0}}))
    with pytest.raises(FileFormatError, match=r"not one of a fit in stages\. Delete it"):
        run_stages(tmp_path, resume=True)

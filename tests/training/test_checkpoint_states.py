"""What a checkpoint says of a run's progress is checked before a run goes on from it."""

from __future__ import annotations

import errno
import json

import pytest
import torch

from quantal.errors import FileFormatError, ParameterError
from quantal.training import Plan, Run
from quantal.training.checkpoint import Checkpoints, restore_run, run_tensors


class Line(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.ones(2))


def a_run():
    network = Line()

    def step(rows):
        return {"total": network.slope.sum()}

    return Run(network, step, Plan(4, 2, 2, 0.1), torch.Generator(), [])


@pytest.fixture
def folder(tmp_path):
    Checkpoints(tmp_path, "me", 0).write(a_run())
    return tmp_path


def spoil(folder, **values):
    [path] = folder.glob("step-*/state.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_an_untouched_checkpoint_leads_back(folder):
    tensors, state = Checkpoints(folder, "me", 1).latest()
    restore_run(a_run(), tensors, state["progress"])
    with pytest.raises(ParameterError, match="a checkpoint of other parameters or other data"):
        Checkpoints(folder, "you", 1).latest()


def test_a_full_disk_leaves_the_checkpoint_before_and_says_how_to_go_on(folder, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    run = a_run()
    run.progress.step = 1
    monkeypatch.setattr("os.fsync", full)
    text = r"cannot be written \(No space.*make room\. The fit goes on .* resume=True"
    with pytest.raises(ParameterError, match=text) as raised:
        Checkpoints(folder, "me", 0).write(run)
    assert raised.value.__cause__.errno == errno.ENOSPC
    assert [path.name for path in folder.iterdir()] == ["step-000000000000"]


@pytest.mark.parametrize("values", [{"progress": None}, {"progress": [1]}, {"extra": 3}])
def test_a_state_of_another_form_is_refused(folder, values):
    spoil(folder, **values)
    with pytest.raises(FileFormatError, match=r"step-000000000000/state\.json is damaged\. Delete"):
        Checkpoints(folder, "me", 1).latest()


@pytest.mark.parametrize("text", ["", "[" * 100_000, '{"a":' * 50_000, "\x00"])
def test_a_state_that_is_no_json_is_refused(folder, text):
    [path] = folder.glob("step-*/state.json")
    path.write_text(text)
    with pytest.raises(FileFormatError, match=r"state\.json is damaged"):
        Checkpoints(folder, "me", 1).latest()


@pytest.mark.parametrize(
    "changed",
    [
        {"step": -1},
        {"step": {}},
        {"step": 1.5},
        {"stale_epochs": "many"},
        {"best": "lowest"},
        {"sums": []},
        {"sums": {"total": "low"}},
        {"history": {"total": [None]}},
        {"history": {"total": 3}},
        {"speed": 1},
    ],
)
def test_progress_that_cannot_be_is_refused(folder, changed):
    _, state = Checkpoints(folder, "me", 1).latest()
    with pytest.raises(FileFormatError, match=r"The checkpoint does not fit this run \(.*Delete"):
        restore_run(a_run(), run_tensors(a_run()), {**state["progress"], **changed})

"""A run killed at any moment and resumed ends as if nothing had happened."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from quantal.clustering import IMSAT
from quantal.errors import FileFormatError, ParameterError

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")

SETTINGS = {
    "n_clusters": 10,
    "hidden_layer_sizes": (64, 64),
    "n_epochs": 3,
    "batch_size": 64,
    "n_init": 2,
    "random_state": 3,
}
N_STEPS = 2 * 3 * (600 // 64)
CHILD = """
import sys
from sklearn.datasets import load_digits
from quantal.clustering import IMSAT
settings = {settings!r}
model = IMSAT(**settings, precision=sys.argv[2], checkpoint=sys.argv[1], checkpoint_every=0,
              resume=True)
model.fit(load_digits().data[:600])
"""


def start(folder: Path, precision: str) -> subprocess.Popen[bytes]:
    code = CHILD.format(settings=SETTINGS)
    command = [sys.executable, "-c", code, str(folder), precision]
    return subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": "1"})


def newest_step(folder: Path) -> int:
    steps = [p.name for p in folder.glob("step-*") if not p.name.endswith(".tmp")]
    return max((int(name.removeprefix("step-")) for name in steps), default=0)


def kill_at(folder: Path, precision: str, step: int) -> None:
    child = start(folder, precision)
    deadline = time.monotonic() + 120
    while newest_step(folder) < step and child.poll() is None:
        assert time.monotonic() < deadline, "no checkpoint appeared"
        time.sleep(0.002)
    child.send_signal(signal.SIGKILL)
    child.wait()


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # sums are ordered by thread; the children have one, too
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_killed_twice_and_resumed_equals_uninterrupted(tmp_path, precision, one_thread):
    X = load_digits().data[:600]
    whole = IMSAT(**SETTINGS, precision=precision).fit(X)
    first, second = sorted(random.SystemRandom().sample(range(1, N_STEPS - 2), 2))
    kill_at(tmp_path, precision, first)
    kill_at(tmp_path, precision, second)
    assert 0 < newest_step(tmp_path) < N_STEPS, (first, second)
    resumed = IMSAT(
        **SETTINGS, precision=precision, checkpoint=str(tmp_path), checkpoint_every=1, resume=True
    ).fit(X)
    for name, tensor in whole.network_.state_dict().items():
        assert torch.equal(tensor, resumed.network_.state_dict()[name]), (name, first, second)
    np.testing.assert_array_equal(whole.labels_, resumed.labels_)
    assert whole.history_ == resumed.history_
    assert newest_step(tmp_path) == 0  # a finished fit leaves no checkpoint


class Stop(Exception):
    pass


def stopping_view(after):
    """A view that changes nothing and raises at one call."""
    calls = []

    def view(rows, generator):
        calls.append(1)
        if len(calls) == after + 1:
            raise Stop
        return rows

    return view


def stop_after(steps, folder):
    settings = {**SETTINGS, "augmentation": stopping_view(steps)}
    with pytest.raises(Stop):
        IMSAT(**settings, checkpoint=str(folder), checkpoint_every=0).fit(load_digits().data[:600])
    assert newest_step(folder) == steps


@pytest.mark.parametrize("steps", [9, 10, 27, 28, 53], ids=lambda n: f"after {n} steps")
def test_epoch_and_restart_boundaries_are_no_exception(tmp_path, steps):
    X, free = load_digits().data[:600], {**SETTINGS, "augmentation": stopping_view(10**9)}
    stop_after(steps, tmp_path)  # 9 steps an epoch, 27 a restart, 54 in all
    whole = IMSAT(**free).fit(X)
    resumed = IMSAT(**free, checkpoint=str(tmp_path), resume=True).fit(X)
    assert whole.history_ == resumed.history_
    np.testing.assert_array_equal(whole.predict_proba(X), resumed.predict_proba(X))


@pytest.fixture
def interrupted(tmp_path):
    """A folder with a checkpoint of an unfinished run."""
    stop_after(3, tmp_path)
    return tmp_path


def test_a_checkpoint_of_other_parameters_is_refused(interrupted):
    model = IMSAT(**SETTINGS, checkpoint=str(interrupted), resume=True)
    with pytest.raises(ParameterError, match=r"other parameters or other data.*same ones"):
        model.fit(load_digits().data[:600])


def test_a_damaged_checkpoint_is_refused_with_the_remedy(interrupted):
    for state in interrupted.glob("step-*/state.json"):
        state.write_text("{")
    model = IMSAT(**SETTINGS, checkpoint=str(interrupted), resume=True)
    with pytest.raises(FileFormatError, match=r"state\.json is damaged. Delete"):
        model.fit(load_digits().data[:600])


def test_only_the_two_newest_checkpoints_are_kept(interrupted):
    names = sorted(p.name for p in interrupted.iterdir())
    assert names == ["step-000000000002", "step-000000000003"]

"""Two real processes take the steps of one, refuse what they cannot, and survive a kill."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import joint_fits
import numpy as np
import pytest

from quantal.training import current, joined, started_together
from quantal.training.process_share import ProcessShare

SECONDS = 240  # on a machine that does other things; each needs about 10

# Sums of float32 in another order differ by about 1e-7 a step. Now and then rounding takes an
# activation across 0, whose gradient jumps; such a fit goes its own way, so two seeds are tried.
TOLERANCE = 2e-5


def start(folder: Path) -> list[subprocess.Popen[str]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": "2"}
    return [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", joint_fits.__file__, str(folder)],
            env={**os.environ, **shared, "RANK": str(rank), "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]


def ended(processes: list[subprocess.Popen[str]]) -> list[int]:
    try:
        said = [process.communicate(timeout=SECONDS)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    codes = [process.returncode for process in processes]
    if any(code not in {0, 2, -9} for code in codes):
        pytest.fail("\n".join(said))
    return codes


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What two processes left, one of whose fits began in one process."""
    where = tmp_path_factory.mktemp("joint")

    def interrupt():
        raise KeyboardInterrupt

    undo = joint_fits.interrupt_at(9, interrupt)
    with pytest.raises(KeyboardInterrupt):
        joint_fits.stopped_fit(where / "of-one").fit(joint_fits.rows())
    undo()
    assert ended(start(where)) == [2, -9]
    return where


@pytest.fixture(scope="module")
def alone():
    """The same fits in this process."""
    return joint_fits.all_learned()


def distance(found, expected):
    assert set(found) == set(expected)
    return max(float(np.abs(found[name] - expected[name]).max()) for name in expected)


@pytest.mark.parametrize("name", ["IMSAT", "IMSATHash", "IIC", "SGH", "RIM"])
def test_two_processes_learn_what_one_learns(folder, alone, name):
    seeds = [seed for seed in alone if seed.startswith(f"{name}-")]
    found = [distance(np.load(folder / f"{one}.0.npz"), alone[one]) for one in seeds]
    assert min(found) < TOLERANCE


@pytest.mark.parametrize("name", ["IMSAT", "IIC", "SGH"])
def test_processes_agree_to_the_bit(folder, name):
    first, second = (np.load(folder / f"{name}-1.{rank}.npz") for rank in range(2))
    assert all(np.array_equal(first[part], second[part]) for part in first.files)


def test_two_processes_go_on_where_one_stopped(folder, alone):
    assert distance(np.load(folder / "resumed.0.npz"), alone["IMSAT-1"]) < TOLERANCE


def test_a_killed_process_ends_the_other_and_nothing_is_lost(folder, alone):
    killed, noticed = (float((folder / name).read_text()) for name in ("killed", "noticed"))
    assert noticed - killed < 20
    said = (folder / "message").read_text()
    assert said.startswith("process 1 of 2 ended or cannot be reached, so the fit stops (")
    assert "Start again with --resume (resume=True)" in said
    assert [path.name for path in (folder / "of-two").iterdir()] == ["step-000000000012"]
    resumed = joint_fits.stopped_fit(folder / "of-two", resume=True).fit(joint_fits.rows())
    assert distance(joint_fits.learned(resumed), alone["IMSAT-1"]) < TOLERANCE


def test_shares_of_a_batch_are_nearly_equal_and_make_it_up():
    import torch

    numbers = torch.arange(11)
    shares = [ProcessShare(11, rank, 4) for rank in range(4)]
    parts = [share.mine(numbers) for share in shares]
    assert [len(part) for part in parts] == [2, 3, 3, 3]
    assert torch.equal(torch.cat(parts), numbers)
    assert shares[1].mine(numbers.repeat(2)).tolist() == [2, 3, 4, 2, 3, 4]  # two copies
    assert [share.size(len(part)) for share, part in zip(shares, parts, strict=True)] == [11] * 4
    assert float(shares[0].weights.sum()) == pytest.approx(1)


def test_alone_there_is_nothing_to_join(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    assert started_together() == 1
    with joined() as processes:
        assert processes is None
        assert current() is None


def test_a_world_that_nobody_started_is_the_users_to_mend(monkeypatch):
    from quantal.errors import ParameterError
    from quantal.training import joined

    monkeypatch.setenv("WORLD_SIZE", "2")  # as a job of a cluster leaves it behind
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    message = r"WORLD_SIZE=2 says .* cannot meet \(.*RANK.*\)\. Start them with torchrun, or unset"
    with pytest.raises(ParameterError, match=message), joined():
        raise AssertionError("the others cannot be there")


def test_each_process_takes_its_own_gpu(monkeypatch):
    import torch

    from quantal.errors import ParameterError
    from quantal.training import Processes, distributed, resolve_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("LOCAL_RANK", "1")
    token = distributed._JOINED.set(Processes(1, 4))
    try:
        assert resolve_device("auto") == torch.device("cuda", 1)
        monkeypatch.setenv("LOCAL_RANK", "2")
        with pytest.raises(ParameterError, match=r"no GPU of its own: there are 2\. Start --nproc"):
            resolve_device("auto")
    finally:
        distributed._JOINED.reset(token)

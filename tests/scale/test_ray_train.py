"""What is refused before Ray starts, and how its failures become ours; no test starts Ray here.

A fit by Ray Train takes a minute of start-up on a small machine. It was run by hand: the tensors
are those of torchrun to the bit.
"""

from __future__ import annotations

import pytest

from quantal.errors import DataError, LostProcessError, ParameterError, TrainingError
from quantal.scale import fit_on_ray
from quantal.scale.ray_train import _explained, _task

TRACE = "Traceback (most recent call last):\n  File ...\nquantal.errors."


class WorkersFailed(Exception):
    def __init__(self, *texts):
        super().__init__("Training failed due to worker errors")
        self.worker_failures = {rank: Exception(text) for rank, text in enumerate(texts)}


def test_parameters_are_refused_before_anything_starts(tmp_path):
    with pytest.raises(
        ParameterError, match=r"itq is fitted by one process\. Call its fit, or use"
    ):
        fit_on_ray("itq", "x.npy", tmp_path / "model", n_processes=2, n_bits=8)
    with pytest.raises(ParameterError, match="imsat has no parameter 'n_cluster'"):
        fit_on_ray("imsat", "x.npy", tmp_path / "model", n_processes=2, n_cluster=8)
    with pytest.raises(ParameterError, match="n_processes must be an integer"):
        fit_on_ray("imsat", "x.npy", tmp_path / "model", n_processes=0)


def test_our_own_error_comes_out_of_rays():
    lost = f"{TRACE}LostProcessError: process 1 of 2 ended"
    raised = _explained(WorkersFailed(lost, f"{TRACE}DataError: x.npy does not exist."))
    assert isinstance(raised, DataError)
    assert str(raised) == "x.npy does not exist."
    assert isinstance(_explained(WorkersFailed(lost)), LostProcessError)


def test_any_other_failure_says_how_to_go_on():
    raised = _explained(WorkersFailed("Segmentation fault"))
    assert isinstance(raised, TrainingError)
    assert "checkpoint=FOLDER and resume=True" in str(raised)


@pytest.mark.parametrize(
    "text", ["", " \n", "quantal.errors.NoSuchError: x", "quantal.errors.Any: x"]
)
def test_a_failure_that_says_nothing_known_does_not_hide_itself(text):
    error = RuntimeError("the machine is gone")
    error.worker_failures = {0: text}
    assert "A process of the fit ended (the machine is gone)" in str(_explained(error))


def test_paths_are_told_in_full_and_names_of_data_as_they_are(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.npy").touch()
    task = _task("imsat", "x.npy", "model", {"checkpoint": "kept", "n_clusters": 3})
    assert task == {
        "method": "imsat",
        "source": str(tmp_path / "x.npy"),
        "parameters": {"checkpoint": str(tmp_path / "kept"), "n_clusters": 3},
        "out": str(tmp_path / "model"),
    }
    assert _task("imsat", "name:digits", "model", {})["source"] == "name:digits"

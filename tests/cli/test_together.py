"""What the command line does when torchrun starts it several times."""

from __future__ import annotations

import pytest

from quantal.cli import together
from quantal.errors import LostProcessError


@pytest.fixture
def second_of_two(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(together, "SPEAKING_SECONDS", 0.0)


@pytest.fixture
def first_of_two(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "0")


def test_other_commands_are_run_by_one_process(quantal, folder, first_of_two):
    result = quantal("predict", "model", "rows.npy", "--out", "labels.parquet")
    assert result.status == 2
    assert result.message == (
        "quantal: error: 2 processes were started, and 'quantal predict' is run by one. Only "
        "'quantal fit' can be started by torchrun."
    )


def test_a_method_of_one_process_is_refused_with_those_that_take_several(quantal, first_of_two):
    result = quantal("fit", "name:digits", "--bits", "8", "--method", "itq", "--out", "model")
    assert result.status == 2
    assert result.message == (
        "quantal: error: itq is fitted by one process, and 2 were started. Run it without "
        "torchrun, or use a method that takes several: iic, imsat, rim, imsat-hash, rim-hash, sgh."
    )


def test_only_the_first_process_says_what_all_know(quantal, second_of_two):
    result = quantal("fit", "name:digits", "--bits", "8", "--method", "itq", "--out", "model")
    assert (result.status, result.out, result.err) == (2, "", "")


def test_help_is_printed_once(quantal, second_of_two):
    result = quantal("fit", "--help")
    assert (result.status, result.out) == (0, "")


def test_who_noticed_a_lost_process_first_speaks(second_of_two):
    assert together.speaks(LostProcessError("gone"))
    assert not together.speaks(LostProcessError("gone", is_speaker=False))
    assert not together.speaks(ValueError("the same everywhere"))


def test_without_torchrun_nothing_changes(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.setenv("RANK", "nonsense")
    assert (together.process_count(), together.process_rank()) == (1, 0)
    with together.together("itq") as processes:
        assert processes is None

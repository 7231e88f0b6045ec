"""What a fit says on standard error while it prepares."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.clustering import IMSAT
from quantal.training import ProgressBar
from quantal.training import progress_bar as module


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(module, "FIRST_LINE_SECONDS", 0.0)
    monkeypatch.setattr(module, "LINE_SECONDS", 0.0)


def test_preparing_tells_its_share_and_the_time_left(capsys):
    with ProgressBar("IMSAT", 10, shown=True) as bar:
        bar.preparing("preparing 5 rows")
        bar.prepared(0.25)
    first, second = capsys.readouterr().err.splitlines()
    assert first == "IMSAT: preparing 5 rows ..."
    assert second.startswith("IMSAT: preparing, 25% done, about 0 s left")


def test_a_bar_that_is_not_shown_is_silent(capsys):
    with ProgressBar("IMSAT", 10, shown=False) as bar:
        bar.preparing("preparing 5 rows")
        bar.prepared(0.25)
    assert capsys.readouterr().err == ""


def test_the_search_for_neighbours_is_told_before_the_first_step(capsys):
    x = np.random.default_rng(0).normal(size=(200, 4))
    IMSAT(2, n_epochs=1, n_init=1, hidden_layer_sizes=[8], verbose=1, random_state=0).fit(x)
    lines = capsys.readouterr().err.splitlines()
    assert any("preparing, 100% done" in line for line in lines[:3])

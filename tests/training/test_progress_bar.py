"""What a fit says on standard error while it prepares and trains."""

from __future__ import annotations

import re

import numpy as np
import pytest

from quantal.clustering import IMSAT, RIM
from quantal.errors import CollapseWarning
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


def test_every_line_after_an_epoch_tells_the_objective_and_the_clusters_told_apart(capsys):
    x = np.repeat(np.array([[0.0, 0.0], [9.0, 9.0]]), 30, axis=0)
    x += np.random.default_rng(0).normal(size=x.shape)
    model = IMSAT(2, n_epochs=300, n_init=1, hidden_layer_sizes=[8], verbose=1, random_state=0)
    model.fit(x)
    lines = capsys.readouterr().err.splitlines()
    form = re.compile(r"objective (-?\d+\.\d+), (\d\.\d) clusters told apart")
    told = [form.search(line) for line in lines]
    seen = [found for found in told if found is not None]
    assert seen[-1][1] == f"{model.history_['total'][-2]:.3f}"  # of the last epoch but one
    information = model.marginal_entropy_ - model.conditional_entropy_
    assert float(seen[-1][2]) == pytest.approx(np.exp(information), abs=0.06)
    assert seen[-1][2] == "2.0"


def test_a_collapse_shows_while_it_happens(capsys):
    x = np.random.default_rng(0).normal(size=(200, 4))
    collapsing = RIM(5, n_epochs=300, n_init=1, balance=0.0, weight_decay=0.5, verbose=1)
    with pytest.warns(CollapseWarning):
        collapsing.set_params(random_state=0, learning_rate=0.1).fit(x)
    assert "1.0 clusters told apart" in capsys.readouterr().err.splitlines()[-1]

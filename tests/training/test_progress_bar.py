"""What a fit says on standard error while it prepares and trains."""

from __future__ import annotations

import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console

from quantal.clustering import IIC, IMSAT, RIM
from quantal.errors import CollapseWarning
from quantal.training import Progress, ProgressBar
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
    form = re.compile(r"objective (-?\d+\.\d+), (\d\.\d) clusters")
    told = [form.search(line) for line in lines]
    seen = [found for found in told if found is not None]
    assert told[-len(seen) :] == seen  # every line from the first epoch on
    assert seen[-1][1] == f"{model.history_['total'][-2]:.3f}"  # of the last epoch but one
    information = model.marginal_entropy_ - model.conditional_entropy_
    assert float(seen[-1][2]) == pytest.approx(np.exp(information), abs=0.06)
    assert seen[-1][2] == "2.0"


def test_a_collapse_shows_while_it_happens(capsys):
    x = np.random.default_rng(0).normal(size=(200, 4))
    collapsing = RIM(5, n_epochs=300, n_init=1, balance=0.0, weight_decay=0.5, verbose=1)
    with pytest.warns(CollapseWarning):
        collapsing.set_params(random_state=0, learning_rate=0.1).fit(x)
    assert "1.0 clusters" in capsys.readouterr().err.splitlines()[-1]


def test_passes_of_the_overclustering_head_do_not_show_as_the_clusters():
    model = IIC(3, n_overclusters=12, overcluster_every=2, n_epochs=4, n_init=1, random_state=0)
    model.fit(np.random.default_rng(0).normal(size=(60, 4)))
    history = {"total": [0.0] * 4, "marginal_entropy": [9.0] * 4, "conditional_entropy": [9.0] * 4}
    heads = [model._layout.in_pass(number) == model._layout.clusters for number in range(4)]
    assert sorted(heads) == [False, False, True, True]
    for number, is_clusters in enumerate(heads):
        history["conditional_entropy"][number] = 9.0 - np.log(3.0 if is_clusters else 12.0)
    for length in (2, 3, 4):
        assert model._epoch_note({k: v[:length] for k, v in history.items()}) == "3.0 clusters"


def test_the_bar_leaves_room_for_the_times_in_a_narrow_terminal(monkeypatch):
    monkeypatch.setattr(module, "Console", lambda **_: Console(width=80, force_terminal=True))
    with ProgressBar("IMSAT", 9000, shown=True, note=lambda _: "10.0 clusters") as bar:
        run = SimpleNamespace(progress=Progress(step=7370, history={"total": [-0.123]}))
        bar.on_epoch(run)
        bar.on_step(run)
        console = Console(width=80, file=io.StringIO())
        console.print(bar._bar.get_renderable())
        text = console.file.getvalue().strip()
    assert len(text.splitlines()) == 1 and "…" not in text
    assert "7370/9000" in text and text.endswith("objective -0.123, 10.0 clusters")


def test_a_restart_does_not_show_the_figures_of_the_one_before(capsys):
    x = np.random.default_rng(0).normal(size=(60, 4))
    IMSAT(2, n_epochs=2, n_init=2, batch_size=20, random_state=0, verbose=1).fit(x)
    lines = [line for line in capsys.readouterr().err.splitlines() if "step" in line]
    assert len(lines) == 12  # two restarts of two epochs of three steps
    told = ["objective" in line for line in lines]
    assert told == 2 * [False, False, False, True, True, True]

"""What "auto" means for small and large data."""

from __future__ import annotations

import pytest

from quantal.errors import ParameterError
from quantal.estimators import defaults


@pytest.mark.parametrize(("n", "width"), [(150, 128), (5_000, 512), (70_000, 1200)])
def test_networks_grow_with_the_data(n, width):
    assert defaults.hidden_layer_sizes("auto", n) == (width, width)


def test_small_data_are_one_batch():
    assert defaults.batch_size("auto", 400) == 400
    assert defaults.batch_size("auto", 4_000) == 250
    assert defaults.batch_size(512, 100) == 100


def test_there_are_enough_steps():
    assert defaults.n_epochs("auto", 400, 400) == 300
    assert defaults.n_epochs("auto", 400, 400, least_steps=2_000) == 2_000
    assert defaults.n_epochs("auto", 1_000_000, 250, least_steps=500) == 2  # 8,000 steps


def test_the_neighbour_stays_within_half_a_cluster():
    assert defaults.n_neighbors("auto", 70_000, 10) == 10
    assert defaults.n_neighbors("auto", 400, 40) == 5
    assert defaults.n_neighbors("auto", 10, 8) == 1
    assert defaults.n_neighbors(11, 70_000, 10) == 11


def test_cheap_runs_are_restarted():
    assert [defaults.n_init("auto", n) for n in (100, 10_000, 100_000)] == [4, 3, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: defaults.hidden_layer_sizes((10, 0), 5), "hidden_layer_sizes must be an integer"),
        (lambda: defaults.batch_size(0, 5), r"batch_size must be an integer in \[1, inf\)"),
        (lambda: defaults.n_epochs(2.5, 5, 5), "n_epochs must be an integer.*got 2.5"),
        (lambda: defaults.n_init("many", 5), "n_init must be an integer.*got 'many'"),
        (lambda: defaults.n_neighbors(0, 5, 2), "n_neighbors must be an integer"),
    ],
)
def test_what_is_not_a_size_is_refused(call, message):
    with pytest.raises(ParameterError, match=message):
        call()

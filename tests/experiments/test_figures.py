from __future__ import annotations

import numpy as np
import pytest

from quantal.errors import DataError
from quantal.experiments import (
    ExperimentData,
    FittedRun,
    cluster_regions,
    grid_images,
    load_rows,
    sweep_curve,
)


@pytest.fixture
def fitted(fake):
    def fit(recipe, value=None):
        data = load_rows(recipe)
        return FittedRun(0, value, fake("fake", recipe.n_clusters, 0).fit(data.rows), data)

    return fit


def test_a_grid_row_holds_members_of_one_cluster(fitted, recipe_of):
    run = fitted(recipe_of())
    grid = grid_images(run, 3, 5, np.random.default_rng(0))
    assert grid.shape == (3, 5, 8, 8)
    for label, row in enumerate(grid):
        assert (run.estimator.predict(row.reshape(5, 64)) == label).all()


def test_a_cluster_with_few_members_is_filled_with_background(fitted, recipe_of):
    run = fitted(recipe_of(data={"limit": 6, "scaling": "unit"}, n_clusters=5))
    grid = grid_images(run, 9, 4, np.random.default_rng(0))
    assert grid.shape == (5, 4, 8, 8)
    assert (grid[:, -1] == -1).all()


def test_regions_say_the_cluster_of_every_place(fitted, recipe_of):
    recipe = recipe_of(dataset="spirals", data={"per_arc": 30}, title="T")
    regions = cluster_regions(recipe, fitted(recipe, [5, 5]), resolution=50)
    assert regions.title == "T, 5-5" and regions.plane.shape == (50, 50)
    x_low, x_high, y_low, y_high = regions.extent
    column = ((regions.points[:, 0] - x_low) / (x_high - x_low) * 49).round().astype(int)
    row = ((regions.points[:, 1] - y_low) / (y_high - y_low) * 49).round().astype(int)
    assert np.mean(regions.plane[row, column] == regions.labels) > 0.95


def test_pictures_of_the_wrong_kind_of_rows_are_refused(fitted, recipe_of):
    run = fitted(recipe_of())
    with pytest.raises(DataError, match=r"2 columns, got shape \(60, 64\)"):
        cluster_regions(recipe_of(), run)
    flat = FittedRun(0, None, run.estimator, ExperimentData(run.data.rows))
    with pytest.raises(DataError, match="rows of this recipe are not images"):
        grid_images(flat, 2, 2, np.random.default_rng(0))


def test_a_curve_holds_the_values_that_were_run(recipe_of, record_of):
    recipe = recipe_of(sweep={"parameter": "xi", "values": [1, 2, 4]})
    record = record_of(recipe, [0.5, 0.7], values=[1, 4])
    assert sweep_curve(recipe, record) == ([1.0, 4.0], [0.5, 0.7])


def test_a_curve_over_sizes_is_refused(recipe_of, record_of):
    recipe = recipe_of(sweep={"parameter": "sizes", "values": [[5], [6]]})
    with pytest.raises(DataError, match=r"numbers in sweep\.values"):
        sweep_curve(recipe, record_of(recipe, [0.5], values=[[5]]))

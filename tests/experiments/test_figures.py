from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from quantal.errors import DataError
from quantal.experiments import (
    ExperimentData,
    FittedRun,
    draw_panel,
    draw_picture,
    load_rows,
    sweep_curve,
)

DRAWING = SimpleNamespace(
    cluster_grid=lambda images, labels, **options: (images, labels, options),
    RegionPanel=SimpleNamespace,
    scatter_regions=lambda panels: panels,
)


def drawn(recipe, runs):
    found = []
    save = {"save_image": lambda picture, path: found.append(picture)}
    draw_picture(recipe, runs, "x.png", SimpleNamespace(**vars(DRAWING), **save))
    return found[0]


@pytest.fixture
def fitted(fake):
    def fit(recipe, value=None):
        data = load_rows(recipe)
        return FittedRun(0, value, fake("fake", recipe.n_clusters, 0).fit(data.rows), data)

    return fit


def test_a_grid_shows_some_clusters_and_the_images_as_images(fitted, recipe_of):
    recipe = recipe_of(picture={"kind": "grid", "rows": 2, "columns": 5})
    images, labels, options = drawn(recipe, [fitted(recipe)])
    assert images.shape == (60, 8, 8) and len(labels) == 60
    assert len(options["clusters"]) == 2 and options["n_columns"] == 5


def test_regions_ask_the_estimator_for_every_place(fitted, recipe_of):
    toy = {"dataset": "spirals", "data": {"per_arc": 30}, "title": "T"}
    recipe = recipe_of(**toy, picture={"kind": "regions"})
    (panel,) = drawn(recipe, [fitted(recipe, (5, 5))])
    assert panel.title == "T, 5-5"
    np.testing.assert_array_equal(panel.region_of(panel.points.astype(float)), panel.labels)


def test_pictures_of_the_wrong_kind_of_rows_are_refused(fitted, recipe_of):
    run = fitted(recipe_of())
    with pytest.raises(DataError, match=r"2 columns, got shape \(60, 64\)"):
        drawn(recipe_of(picture={"kind": "regions"}), [run])
    flat = FittedRun(0, None, run.estimator, ExperimentData(run.data.rows))
    with pytest.raises(DataError, match="the rows are not images"):
        drawn(recipe_of(picture={"kind": "grid"}), [flat])


def test_a_picture_without_a_run_says_what_to_do(recipe_of):
    with pytest.raises(DataError, match="run the first seed again"):
        drawn(recipe_of(picture={"kind": "grid"}), [])


def test_a_curve_holds_the_values_that_were_run(recipe_of, record_of):
    recipe = recipe_of(sweep={"parameter": "xi", "values": [1, 2, 4]})
    record = record_of(recipe, [0.5, 0.7], values=[1, 4])
    assert sweep_curve(recipe, record) == ([1.0, 4.0], [0.5, 0.7])


def test_a_curve_over_tables_counts_them_and_shows_any_measure(recipe_of, record_of):
    values = [{"update": "exact"}, {"update": "alpha", "alpha": 0.1}]
    sweep = {"parameter": "update", "values": values, "measures": ["nmi_geometric", "seconds"]}
    recipe = recipe_of(sweep=sweep)
    assert recipe.parameters(recipe.sweep.values[1]) == {"update": "alpha", "alpha": 0.1}
    record = record_of(recipe, [0.5, 0.7], values=values)
    assert sweep_curve(recipe, record, "nmi_geometric") == ([0.0, 1.0], [0.5, 0.5])
    assert sweep_curve(recipe, record, "seconds") == ([0.0, 1.0], [2.0, 3.0])


def test_scores_share_a_picture_and_seconds_get_their_own(recipe_of, record_of, tmp_path):
    values = [{"update": "exact"}, {"update": "alpha", "alpha": 0.1}]
    measures = ["nmi_geometric", "accuracy", "seconds"]
    recipe = recipe_of(
        sweep={"parameter": "update", "values": values, "measures": measures, "panel": "Fig. 1"}
    )
    slow = recipe_of(name="doe/slow", title="Dense", sweep=vars(recipe.sweep))
    saved = {}
    drawing = SimpleNamespace(
        CurvePanel=SimpleNamespace,
        curves=lambda panels, **_: panels,
        save_image=lambda image, path: saved.update({path.name: image}),
    )
    swept = [(r, record_of(r, [0.5, 0.7], values=values)) for r in (recipe, slow)]
    draw_panel(swept, tmp_path / "fig.png", drawing)
    assert [panel.y_label for panel in saved["fig.png"]] == ["NMI", "accuracy"]
    seconds = saved["fig-seconds.png"]
    assert seconds.log_y and seconds.x_names == ["exact", "alpha 0.1"]
    assert list(seconds.series) == ["digits, Fake", "digits, Dense"]


def test_a_curve_over_sizes_is_refused(recipe_of, record_of):
    recipe = recipe_of(sweep={"parameter": "sizes", "values": [[5], [6]]})
    with pytest.raises(DataError, match=r"numbers in sweep\.values"):
        sweep_curve(recipe, record_of(recipe, [0.5], values=[[5]]))

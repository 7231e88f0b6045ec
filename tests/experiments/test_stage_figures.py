from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from quantal.errors import DataError
from quantal.experiments import ExperimentData, FittedRun, draw_picture, run_recipe
from quantal.experiments.learned import model_folder
from quantal.experiments.stage_figures import principal_components, stages_picture

JULE = {
    "method": "jule",
    "seeds": [0],
    "data": {"limit": 150},
    "picture": {"kind": "stages"},
    "params": {"image_shape": [8, 8], "n_epochs": 1, "n_channels": 4, "n_outputs": 6},
}


def test_components_are_those_of_scikit_learn_but_for_the_sign():
    x = load_digits().data[:300]
    for rows in (x, x[:40]):
        mine, other = principal_components(rows, 3), PCA(3).fit_transform(rows)
        np.testing.assert_allclose(np.abs(mine), np.abs(other), atol=1e-6)
        assert (mine.max(axis=0) >= -mine.min(axis=0)).all()


def test_stages_and_purity_become_two_pictures_and_the_model_is_kept(
    recipe_of, tmp_path, monkeypatch
):
    monkeypatch.setenv("QUANTAL_CACHE", str(tmp_path / "cache"))
    recipe, runs, saved = recipe_of(**JULE), [], {}
    run_recipe(recipe, records_dir=tmp_path, on_fit=runs.append)
    drawing = SimpleNamespace(
        SpacePanel=SimpleNamespace,
        CurvePanel=SimpleNamespace,
        scatter_space=lambda panels: panels,
        curves=lambda panel, **_: panel,
        save_image=lambda image, path: saved.update({path.name: image}),
    )
    draw_picture(recipe, runs, tmp_path / "fig.png", drawing)
    panels = saved["fig.png"]
    assert panels[0].title.startswith("pixels, ") and panels[-1].title == "the end, 3 clusters"
    assert all(panel.points.shape == (150, 3) for panel in panels)
    purity = saved["fig-purity.png"].series
    assert list(purity) == ["pixels", "learned"] and purity["pixels"][1][0] > 0.9
    assert model_folder(recipe, 0).is_dir()


def test_a_run_without_stages_is_refused():
    run = FittedRun(0, None, None, ExperimentData(np.eye(4)))
    with pytest.raises(DataError, match="needs a run of jule"):
        stages_picture(run, None)

from __future__ import annotations

from types import SimpleNamespace

import pytest

from quantal import report
from quantal.errors import MissingExtraError, ParameterError
from quantal.experiments import reproduce

RECIPE = """title = "Fake"
method = "fake"
dataset = "digits"
n_clusters = 3
seeds = [0, 1]
data = { limit = 60, scaling = "unit" }
picture = { kind = "grid", rows = 2, columns = 3 }
"""


class RecordingDrawing:
    CurvePanel = RegionPanel = SimpleNamespace

    def __init__(self):
        self.drawn = []

    def cluster_grid(self, images, labels, **options):
        self.drawn.append(images.shape)

    def curves(self, panels, **options):
        (panel,) = panels
        self.drawn.append((panel.title, sorted(panel.series), panel.x_label))

    def scatter_regions(self, panels):
        self.drawn.append([p.title for p in panels])

    def save_image(self, picture, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"png")


@pytest.fixture
def bench(tmp_path, fake):
    (tmp_path / "recipes" / "doe").mkdir(parents=True)
    (tmp_path / "recipes" / "doe" / "row.toml").write_text(RECIPE)
    return {
        "recipes_dir": tmp_path / "recipes",
        "records_dir": tmp_path / "records",
        "figures_dir": tmp_path / "figures",
        "results_path": tmp_path / "RESULTS.md",
        "build": fake,
    }


def test_one_call_runs_records_draws_and_tabulates(bench, tmp_path):
    drawing, said = RecordingDrawing(), []
    (record,) = reproduce(["row"], drawing=drawing, progress=said.append, **bench)
    assert len(record.results) == 2
    assert drawing.drawn == [(60, 8, 8)]
    assert (tmp_path / "figures" / "doe" / "row.png").is_file()
    assert "| `doe/row` | Fake |" in (tmp_path / "RESULTS.md").read_text()
    assert said[-1].endswith("over 2 runs: reported")


def test_a_finished_recipe_is_not_run_again_while_its_picture_is_there(bench, fake, tmp_path):
    drawing = RecordingDrawing()
    for _ in range(2):
        reproduce(["row"], drawing=drawing, **bench)
    assert len(fake.made) == 2
    (tmp_path / "figures" / "doe" / "row.png").unlink()
    reproduce(["row"], drawing=drawing, **bench)
    assert [made.random_state for made in fake.made] == [0, 1, 0]
    assert len(drawing.drawn) == 2


def test_a_bad_name_stops_the_call_before_anything_runs(bench, fake):
    with pytest.raises(ParameterError, match="No recipe 'rwo'"):
        reproduce(["row", "rwo"], **bench)
    assert fake.made == []


def test_no_recipe_only_rewrites_the_tables(bench, fake, tmp_path):
    assert reproduce([], **bench) == []
    assert "not run" in (tmp_path / "RESULTS.md").read_text() and fake.made == []


def test_a_panel_shows_every_data_set_that_was_run(bench, tmp_path):
    sweep = """sweep = { parameter = "xi", values = [1, 2], panel = "Fig. 4 (a)" }
picture = { kind = "curve" }
"""
    folder, drawing = tmp_path / "recipes" / "doe", RecordingDrawing()
    text = RECIPE.replace('picture = { kind = "grid", rows = 2, columns = 3 }\n', sweep)
    (folder / "one.toml").write_text(text)
    (folder / "two.toml").write_text('extends = "one"\ndataset = "spirals"\n')
    reproduce(["one", "two"], drawing=drawing, **bench)
    assert drawing.drawn == [("Fig. 4 (a)", ["digits", "spirals"], "xi")]
    assert (tmp_path / "figures" / "doe" / "fig-4-a.png").is_file()


def test_regions_have_one_panel_for_each_swept_value(bench, tmp_path):
    keys = """dataset = "spirals"
picture = { kind = "regions" }
sweep = { parameter = "sizes", values = [[5], [5, 6]] }
data = { per_arc = 20 }
"""
    path, drawing = tmp_path / "recipes" / "doe" / "toy.toml", RecordingDrawing()
    path.write_text('extends = "row"\n' + keys)
    reproduce(["toy"], drawing=drawing, **bench)
    assert drawing.drawn == [["Fake, 5", "Fake, 5-6"]]


def test_a_missing_plotting_library_costs_only_the_picture(bench):
    class NoPlots(RecordingDrawing):
        def cluster_grid(self, images, labels, **options):
            raise MissingExtraError("This needs matplotlib")

    said = []
    (record,) = reproduce(["row"], drawing=NoPlots(), progress=said.append, **bench)
    assert len(record.results) == 2
    assert "no picture: This needs matplotlib" in said


def test_the_report_module_draws_what_recipes_ask_for(bench, tmp_path):
    reproduce(["row"], drawing=report, **bench)
    assert (tmp_path / "figures" / "doe" / "row.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.filterwarnings("ignore::quantal.errors.CollapseWarning")  # two epochs learn little
def test_a_real_estimator_goes_the_whole_way(bench, tmp_path):
    params = '[params]\nn_epochs = 2\nhidden_layer_sizes = [8]\ndevice = "cpu"\n'
    text = RECIPE.replace("fake", "imsat") + params
    (tmp_path / "recipes" / "doe" / "row.toml").write_text(text)
    (record,) = reproduce(["row"], **{**bench, "build": None})
    assert [r.seed for r in record.results] == [0, 1]
    assert all(r.objective is not None for r in record.results)
    (environment,) = record.environments.values()
    assert (environment["device"], environment["precision"]) == ("cpu", "float32")

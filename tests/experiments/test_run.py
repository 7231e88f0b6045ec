from __future__ import annotations

import json

import numpy as np
import pytest

from quantal.errors import DataError, ParameterError
from quantal.experiments import CLUSTERING_RECORDS, load_baseline, record_path, run_recipe


@pytest.fixture
def run(fake, tmp_path):
    def call(recipe, **options):
        options = {"build": fake, "records_dir": tmp_path, **options}
        return run_recipe(recipe, **options)

    return call


def test_every_seed_is_fitted_and_stored(run, recipe_of, tmp_path):
    recipe = recipe_of()
    record = run(recipe)
    assert [r.seed for r in record.results] == [0, 1]
    assert CLUSTERING_RECORDS.load(record_path(recipe.name, tmp_path)) == record
    first = record.results[0]
    assert 0 < first.accuracy <= 1 and first.seconds > 0 and sum(first.cluster_sizes) == 60
    assert record.environments[first.environment]["torch"]


def test_the_estimator_gets_parameters_and_rows_but_no_label(run, fake, recipe_of):
    run(recipe_of(params={"hidden_layer_sizes": [5, 5]}, seeds=[3]))
    (made,) = fake.made
    assert (made.method, made.n_clusters, made.random_state) == ("fake", 3, 3)
    assert made.params == {"hidden_layer_sizes": (5, 5)}
    ((rows, more, named),) = made.fits
    assert rows.shape == (60, 64) and rows.dtype == np.float32
    assert (more, named) == ((), {})


def test_finished_seeds_are_skipped_and_new_ones_added(run, fake, recipe_of):
    run(recipe_of(seeds=[0]))
    record = run(recipe_of(seeds=[0, 1]))
    assert [made.random_state for made in fake.made] == [0, 1]
    assert len(record.results) == 2


def test_seeds_can_be_chosen_and_repeated(run, fake, recipe_of):
    run(recipe_of(), seeds=[1])
    run(recipe_of(), seeds=[1], again=True)
    assert [made.random_state for made in fake.made] == [1, 1]


def test_fewer_seeds_than_the_bar_asks_for_may_be_tried(run, recipe_of):
    recipe = recipe_of(seeds=[0, 1, 2], bar={"at_least": 0.5})
    assert [r.seed for r in run(recipe, seeds=[7]).results] == [7]


def test_no_seed_runs_k_means_only(run, fake, recipe_of, tmp_path):
    recipe = recipe_of(baseline={"n_init": 1})
    assert run(recipe, seeds=[]).results == () and fake.made == []
    assert load_baseline(recipe, tmp_path) is not None


def test_a_negative_seed_is_refused(run, recipe_of):
    with pytest.raises(ParameterError, match="seeds must be an integer in"):
        run(recipe_of(), seeds=[-1])


def test_a_changed_recipe_starts_a_new_record(run, recipe_of):
    run(recipe_of(seeds=[0, 1]))
    assert [r.seed for r in run(recipe_of(seeds=[0], n_clusters=4)).results] == [0]


def test_an_interrupted_run_keeps_what_was_finished(run, fake, recipe_of, tmp_path):
    def stop_at_the_second(method, n_clusters, random_state, **params):
        if random_state == 1:
            raise KeyboardInterrupt
        return fake(method, n_clusters, random_state, **params)

    with pytest.raises(KeyboardInterrupt):
        run(recipe_of(), build=stop_at_the_second)
    assert [
        r.seed for r in CLUSTERING_RECORDS.load(record_path("doe2020/digits", tmp_path)).results
    ] == [0]
    assert [r.seed for r in run(recipe_of()).results] == [0, 1]


def test_results_that_another_process_stored_meanwhile_are_kept(run, fake, recipe_of):
    def other_process_finishes_seed_5(method, n_clusters, random_state, **params):
        if random_state == 0:
            run(recipe_of(seeds=[5]))
        return fake(method, n_clusters, random_state, **params)

    record = run(recipe_of(seeds=[0]), build=other_process_finishes_seed_5)
    assert [r.seed for r in record.results] == [0, 5]


def test_a_sweep_runs_every_value_with_every_seed(run, fake, recipe_of):
    record = run(recipe_of(sweep={"parameter": "sizes", "values": [[5], [6]]}))
    assert [made.params["sizes"] for made in fake.made] == [(5,), (6,), (5,), (6,)]
    assert [(r.seed, r.value) for r in record.results] == [(0, [5]), (0, [6]), (1, [5]), (1, [6])]
    assert run(recipe_of(sweep={"parameter": "sizes", "values": [[5], [6]]})) == record
    assert len(fake.made) == 4


def test_k_means_runs_once_for_recipes_on_the_same_rows(run, recipe_of, tmp_path):
    said = []
    one = recipe_of(baseline={"n_init": 2}, seeds=[0])
    run(one, progress=said.append)
    run(recipe_of(name="doe2020/other", baseline={"n_init": 2}, seeds=[0]), progress=said.append)
    assert sum("best of 2 starts" in line for line in said) == 1
    assert load_baseline(one, tmp_path).objective > 0  # the inertia


def test_the_record_is_plain_json_without_paths(run, recipe_of, tmp_path):
    run(recipe_of(seeds=[0]))
    text = record_path("doe2020/digits", tmp_path).read_text()
    assert json.loads(text)["schema"] == 1
    assert str(tmp_path) not in text


def test_a_parameter_that_the_method_lacks_names_the_recipe(run, recipe_of):
    def refuse(method, n_clusters, random_state):
        raise AssertionError("not reached")

    with pytest.raises(ParameterError, match=r"Recipe doe2020/digits: .*'xi'"):
        run(recipe_of(params={"xi": 1}), build=refuse)


def test_a_missing_data_set_says_where_it_was_looked_for(run, recipe_of, tmp_path):
    with pytest.raises(DataError, match=r"mnist: .* is not in"):
        run(recipe_of(dataset="mnist", data={}), data_dir=tmp_path)

from __future__ import annotations

import pytest

from quantal.errors import ParameterError
from quantal.experiments import recipe_from_dict

LEAST = {"title": "T", "method": "imsat", "dataset": "digits", "n_clusters": 10}


def test_tables_become_checked_values():
    recipe = recipe_from_dict("p/r", {**LEAST, "published": {"mean": 0.9, "std": 0.1, "n": 12}})
    assert (recipe.name, recipe.published.std, recipe.seeds) == ("p/r", 0.1, (0, 1, 2))


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ({"metod": "imsat"}, r"Recipe p/r: the recipe has no key 'metod'. Did you mean 'method'\?"),
        ({"data": {"scalling": "unit"}}, r"\[data\] has no key 'scalling'. Did you mean 'scaling'"),
        ({"data": {"scaling": "Unit"}}, r"data.scaling must be one of .*Did you mean 'unit'"),
        ({"data": 3}, r"\[data\] must be a table of keys, got 3"),
        ({"published": {"mean": 98.4}}, r"fraction in \[0, 1\], got 98.4. Write 0.984 for 98.4 %"),
        ({"published": {"std": 0.1}}, r"\[published\] lacks the key 'mean'"),
        (
            {"published": {"mean": 0.9, "metric": "f1"}},
            "published.metric must be one of 'accuracy'",
        ),
        ({"seeds": [0, 0]}, r"seeds must be different integers, got \[0, 0\]"),
        ({"seeds": []}, "seeds must be different integers"),
        ({"seeds": [-1]}, "seeds must be an integer in"),
        ({"n_clusters": 0}, "n_clusters must be an integer in"),
        ({"params": {"random_state": 3}}, "params must not set random_state"),
        ({"bar": {"within": 2}}, "bar.within needs published.std"),
        ({"bar": {"no_seed_below": 0.5}}, "leave bar out for a row that is only reported"),
        ({"bar": {"at_least": 0.9, "seeds": 5}}, "bar.seeds asks for 5, got 3 seeds"),
        ({"sweep": {"parameter": "xi", "values": [1]}}, "at least two values of xi"),
        ({"picture": {"kind": "pie"}}, "picture.kind must be one of 'grid'"),
    ],
)
def test_a_mistake_is_refused_with_the_remedy(key, message):
    with pytest.raises(ParameterError, match=message):
        recipe_from_dict("p/r", {**LEAST, **key})


def test_a_missing_key_is_named():
    with pytest.raises(ParameterError, match="Recipe p/r: the recipe lacks the key 'dataset'"):
        recipe_from_dict("p/r", {k: v for k, v in LEAST.items() if k != "dataset"})


@pytest.mark.parametrize(
    "key",
    [{"params": {"xi": 1.0}}, {"data": {"seed": 1}}, {"n_clusters": 9}, {"method": "rim"}],
)
def test_the_fingerprint_changes_with_what_decides_the_result(key):
    assert recipe_from_dict("p/r", {**LEAST, **key}).fingerprint != _fingerprint()


@pytest.mark.parametrize(
    "key",
    [
        {"seeds": [7]},
        {"notes": "n"},
        {"departures": ["d"]},
        {"bar": {"at_least": 0.1}},
        {"data": {"scaling": "none", "seed": 0}},
    ],
)
def test_the_fingerprint_stays_when_only_the_telling_changes(key):
    assert recipe_from_dict("p/r", {**LEAST, **key}).fingerprint == _fingerprint()


def _fingerprint():
    return recipe_from_dict("p/r", LEAST).fingerprint


def test_rows_on_the_same_data_share_their_baseline():
    one = recipe_from_dict("p/a", {**LEAST, "baseline": {}})
    two = recipe_from_dict("p/b", {**LEAST, "baseline": {}, "method": "rim"})
    assert one.baseline_fingerprint == two.baseline_fingerprint
    more = recipe_from_dict("p/c", {**LEAST, "baseline": {"n_init": 3}})
    assert more.baseline_fingerprint != one.baseline_fingerprint


def test_a_sweep_sets_its_parameter_over_params_and_lists_become_tuples():
    sweep = {"parameter": "xi", "values": [1.0, 2.0]}
    params = {"xi": 9.0, "hidden_layer_sizes": [5, 5]}
    recipe = recipe_from_dict("p/r", {**LEAST, "seeds": [4], "params": params, "sweep": sweep})
    assert recipe.runs() == [(4, 1.0), (4, 2.0)]
    assert recipe.parameters(2.0) == {"xi": 2.0, "hidden_layer_sizes": (5, 5)}

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from benchmarks.peers import faiss_codes
from benchmarks.peers.__main__ import build_any
from quantal import catalog
from quantal.clustering.presets import JULE_TABLES, PRESETS
from quantal.errors import FileFormatError, ParameterError
from quantal.experiments import (
    ClassRecipe,
    RecallRecipe,
    RetrievalRecipe,
    find_recipe,
    list_recipes,
    load_recipe,
)

BASE = 'method = "rim"\ndataset = "digits"\nn_clusters = 10\ntitle = "RIM"\n'
SHIPPED = Path(__file__).parents[2] / "benchmarks" / "recipes"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "doe").mkdir()
    (tmp_path / "doe" / "one.toml").write_text(BASE)
    return tmp_path


def write(folder, name, text):
    path = folder / "doe" / f"{name}.toml"
    path.write_text(text)
    return path


def test_the_name_is_folder_and_file(folder):
    assert load_recipe(folder / "doe" / "one.toml").name == "doe/one"


def test_extending_merges_params_adds_departures_and_replaces_the_rest(folder):
    write(folder, "_base", BASE + 'departures = ["a"]\n[params]\nxi = 1.0\nalpha = 2.0\n')
    child = 'extends = "_base"\nn_clusters = 4\ndepartures = ["b"]\n[params]\nxi = 3.0\n'
    recipe = load_recipe(write(folder, "child", child))
    assert recipe.params == {"xi": 3.0, "alpha": 2.0}
    assert (recipe.n_clusters, recipe.departures) == (4, ("a", "b"))


def test_several_files_may_be_extended_at_once(folder):
    write(folder, "_data", 'dataset = "digits"\nn_clusters = 10\ndata = { limit = 60 }\n')
    write(folder, "_method", 'method = "rim"\ntitle = "RIM"\nn_clusters = 4\n')
    recipe = load_recipe(write(folder, "child", 'extends = ["_data", "_method"]\n'))
    assert (recipe.method, recipe.n_clusters, recipe.data.limit) == ("rim", 4, 60)


def test_an_unknown_kind_is_refused(folder):
    with pytest.raises(ParameterError, match=r"kind must be .*recall.*got 'recal'"):
        load_recipe(write(folder, "child", 'kind = "recal"\n'))


def test_a_bar_is_replaced_as_one_piece(folder):
    write(folder, "_base", BASE + "bar = { at_least = 0.9, no_seed_below = 0.8 }\n")
    child = write(folder, "child", 'extends = "_base"\nbar = { at_least = 0.5 }\n')
    assert load_recipe(child).bar.no_seed_below is None


def test_a_circle_is_refused(folder):
    write(folder, "a", 'extends = "b"\n')
    with pytest.raises(FileFormatError, match="in a circle: a -> b -> a"):
        load_recipe(write(folder, "b", 'extends = "a"\n').with_name("a.toml"))


def test_a_missing_base_is_named_with_the_closest(folder):
    with pytest.raises(FileFormatError, match=r"extends 'ones'.*Did you mean 'one'\?"):
        load_recipe(write(folder, "child", 'extends = "ones"\n'))


def test_broken_toml_is_refused_with_the_place(folder):
    with pytest.raises(FileFormatError, match=r"is not valid TOML: .*line 1"):
        load_recipe(write(folder, "broken", "method = \n"))


@pytest.mark.parametrize("name", ["doe/one", "one", "doe/one.toml"])
def test_a_recipe_is_found_by_name(folder, name):
    assert find_recipe(name, folder) == folder / "doe" / "one.toml"


def test_a_recipe_is_found_by_path_from_anywhere(folder):
    path = write(folder, "two", BASE)
    assert find_recipe(path, folder / "elsewhere") == path


def test_an_unknown_recipe_gets_a_suggestion(folder):
    with pytest.raises(ParameterError, match=r"No recipe 'onee'.*Did you mean 'one'\? Known: doe"):
        find_recipe("onee", folder)


def test_a_name_in_two_folders_is_ambiguous(folder):
    (folder / "roe").mkdir()
    (folder / "roe" / "one.toml").write_text(BASE)
    with pytest.raises(ParameterError, match="'one' is ambiguous: doe/one, roe/one"):
        find_recipe("one", folder)


def test_listing_sorts_by_order_and_leaves_out_bases(folder):
    write(folder, "_base", "")
    write(folder, "zero", BASE + "order = 1\n")
    assert [r.name for r in list_recipes(folder)] == ["doe/zero", "doe/one"]


def test_every_shipped_recipe_can_be_read():
    recipes = {r.name: r for r in list_recipes(SHIPPED)}
    assert len(recipes) > 25
    assert all(r.title and r.order != 100 for r in recipes.values())
    assert len(recipes["imsat/mnist-vat"].seeds) >= 5


def test_the_bars_of_the_shipped_rows_are_the_promised_ones():
    bars = {r.name.split("/")[1]: r.bar for r in list_recipes(SHIPPED) if getattr(r, "bar", None)}
    assert (bars["mnist-vat"].at_least, bars["mnist-vat"].no_seed_below) == (0.98, 0.965)
    assert (bars["omniglot-vat"].at_least, bars["omniglot-affine"].at_least) == (0.22, 0.42)
    assert bars["omniglot-vat-affine"].at_least == 0.66
    for name in ("mnist-rpt", "mnist-linear-imsat", "mnist-linear-rim", "mnist-deep-rim"):
        assert bars[name].within == 2
    assert bars["20news-linear-rim"].within == bars["20news-vat"].within == 2


def test_every_shipped_recipe_has_parameters_that_its_method_takes():
    for shipped in list_recipes(SHIPPED):
        recipe = shipped
        if isinstance(recipe, ClassRecipe):
            recipe = load_recipe(find_recipe(recipe.learned_by, SHIPPED))
        if isinstance(recipe, RecallRecipe):
            step = recipe.budget.values[0] if recipe.budget else None
            sizes, params = {"n_bits": recipe.bits[0]}, recipe.parameters(step)
            if recipe.method in faiss_codes.PEERS:
                continue
        elif isinstance(recipe, RetrievalRecipe):
            sizes, params = {"n_bits": recipe.n_bits}, recipe.parameters()
        else:
            value = recipe.sweep.values[0] if recipe.sweep else None
            sizes, params = {"n_clusters": recipe.n_clusters}, recipe.parameters(value)
        build_any(recipe.method, random_state=0, **sizes, **params)


def test_other_algorithms_have_the_settings_of_the_tables_preset():
    methods = {"_njw", "_self-tuning", "_landmark", "_ncuts", "_lp-nmf"}
    for name in sorted(methods):
        table = tomllib.loads((SHIPPED / "jule" / f"{name}.toml").read_text())
        settings = PRESETS[catalog.METHODS[table["method"]].__name__][JULE_TABLES]
        assert {k: table["params"][k] for k in settings} == settings, name

"""The generated tables in the repository say what its recipes and records say."""

from __future__ import annotations

from pathlib import Path

from quantal.experiments import (
    CLASS_RECORDS,
    CLUSTERING_RECORDS,
    RECALL_RECORDS,
    RETRIEVAL_RECORDS,
    ClassRecipe,
    RecallRecipe,
    RetrievalRecipe,
    list_recipes,
    stale_tables,
)
from quantal.experiments.tables import BEGIN

ROOT = Path(__file__).parents[2]
BENCH = ROOT / "benchmarks"


def test_the_tables_are_those_that_would_be_generated():
    readme = ROOT / "README.md"
    marked = readme if readme.is_file() and BEGIN in readme.read_text("utf-8") else None
    stale = stale_tables(BENCH / "recipes", BENCH / "records", BENCH / "RESULTS.md", marked)
    assert stale == []


def test_every_record_in_the_repository_can_be_read_and_belongs_to_a_recipe():
    recipes = list_recipes(BENCH / "recipes")
    kinds = {recipe.name: type(recipe) for recipe in recipes}
    formats = {
        RetrievalRecipe: RETRIEVAL_RECORDS,
        RecallRecipe: RECALL_RECORDS,
        ClassRecipe: CLASS_RECORDS,
    }
    for path in (BENCH / "records").rglob("*.json"):
        name = f"{path.parent.name}/{path.stem}"
        record = formats.get(kinds.get(name), CLUSTERING_RECORDS).load(path)
        assert record.recipe in kinds or record.recipe.startswith("kmeans/"), path


def test_the_mnist_columns_of_both_tables_of_hash_codes_are_complete():
    recipes = [r for r in list_recipes(BENCH / "recipes") if r.name.startswith("hashing/")]
    assert all(r.protocols == ("published", "clean") for r in recipes)
    for n_bits in (16, 32):
        rows = [r for r in recipes if (r.dataset, r.n_bits) == ("mnist", n_bits)]
        assert len({r.title for r in rows}) == len(rows) == 10
        assert min(len(r.seeds) for r in rows if r.method == "imsat-hash") >= 5
        assert all({*r.published} >= {"map_trapezoid", "precision_at_n"} for r in rows)

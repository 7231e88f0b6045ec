"""Recipe (TOML) to record (JSON) to generated table: every published number as a command."""

from .data import ExperimentData, load_rows, load_truth
from .figures import Drawing, draw_panel, draw_picture, sweep_curve
from .recipe import Recipe, recipe_from_dict
from .recipe_files import find_recipe, list_recipes, load_recipe
from .recipe_parts import Bar, Baseline, DataOptions, Picture, Published, Sweep
from .record import Record, SeedResult, load_record, save_record
from .reproduce import reproduce
from .retrieval_recipe import PublishedScore, RetrievalRecipe, retrieval_recipe_from_dict
from .retrieval_record import (
    RetrievalRecord,
    RetrievalResult,
    load_retrieval_record,
    save_retrieval_record,
)
from .retrieval_run import query_mask, run_retrieval
from .run import FittedRun, load_baseline, record_path, run_recipe
from .selection import relative_accuracy_selection
from .tables import readme_table, results_markdown, stale_tables, write_tables
from .toys import spirals
from .verdict import Summary, Verdict, judge

__all__ = [
    "Bar",
    "Baseline",
    "DataOptions",
    "Drawing",
    "ExperimentData",
    "FittedRun",
    "Picture",
    "Published",
    "PublishedScore",
    "Recipe",
    "Record",
    "RetrievalRecipe",
    "RetrievalRecord",
    "RetrievalResult",
    "SeedResult",
    "Summary",
    "Sweep",
    "Verdict",
    "draw_panel",
    "draw_picture",
    "find_recipe",
    "judge",
    "list_recipes",
    "load_baseline",
    "load_recipe",
    "load_record",
    "load_retrieval_record",
    "load_rows",
    "load_truth",
    "query_mask",
    "readme_table",
    "recipe_from_dict",
    "record_path",
    "relative_accuracy_selection",
    "reproduce",
    "results_markdown",
    "retrieval_recipe_from_dict",
    "run_recipe",
    "run_retrieval",
    "save_record",
    "save_retrieval_record",
    "spirals",
    "stale_tables",
    "sweep_curve",
    "write_tables",
]

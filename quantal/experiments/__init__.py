"""Recipe (TOML) to record (JSON) to generated table: every published number as a command."""

from .class_recipe import ClassRecipe, class_recipe_from_dict
from .class_result import CLASS_RECORDS, ClassResult
from .class_run import class_split, run_classes
from .class_training import (
    ClassScore,
    ClassSplit,
    ClassTraining,
    frozen_features,
    linear_evaluation,
)
from .data import ExperimentData, load_rows, load_truth
from .figures import Drawing, draw_panel, draw_picture, sweep_curve
from .fine_tuned_classifier import FineTunedClassifier, fine_tuning
from .recall_data import SearchData, SearchTask, load_search
from .recall_figures import draw_recall
from .recall_recipe import Band, Budget, RecallRecipe, recall_recipe_from_dict
from .recall_result import RECALL_RECORDS, RecallResult
from .recall_run import run_recall
from .recall_scores import Judged, RecallScores, judge_search
from .recipe import Recipe, recipe_from_dict
from .recipe_files import find_recipe, list_recipes, load_recipe
from .recipe_parts import (
    Bar,
    Baseline,
    DataOptions,
    Picture,
    Published,
    PublishedNmi,
    Sweep,
)
from .record import Record, RecordFormat
from .reproduce import reproduce
from .retrieval_recipe import PublishedScore, RetrievalRecipe, retrieval_recipe_from_dict
from .retrieval_result import RETRIEVAL_RECORDS, RetrievalResult
from .retrieval_run import query_mask, run_retrieval
from .run import FittedRun, load_baseline, record_path, run_recipe
from .seed_result import CLUSTERING_RECORDS, SeedResult
from .selection import relative_accuracy_selection
from .tables import readme_table, results_markdown, stale_tables, write_tables
from .toys import spirals
from .verdict import Summary, Verdict, judge

__all__ = [
    "CLASS_RECORDS",
    "CLUSTERING_RECORDS",
    "RECALL_RECORDS",
    "RETRIEVAL_RECORDS",
    "Band",
    "Bar",
    "Baseline",
    "Budget",
    "ClassRecipe",
    "ClassResult",
    "ClassScore",
    "ClassSplit",
    "ClassTraining",
    "DataOptions",
    "Drawing",
    "ExperimentData",
    "FineTunedClassifier",
    "FittedRun",
    "Judged",
    "Picture",
    "Published",
    "PublishedNmi",
    "PublishedScore",
    "RecallRecipe",
    "RecallResult",
    "RecallScores",
    "Recipe",
    "Record",
    "RecordFormat",
    "RetrievalRecipe",
    "RetrievalResult",
    "SearchData",
    "SearchTask",
    "SeedResult",
    "Summary",
    "Sweep",
    "Verdict",
    "class_recipe_from_dict",
    "class_split",
    "draw_panel",
    "draw_picture",
    "draw_recall",
    "find_recipe",
    "fine_tuning",
    "frozen_features",
    "judge",
    "judge_search",
    "linear_evaluation",
    "list_recipes",
    "load_baseline",
    "load_recipe",
    "load_rows",
    "load_search",
    "load_truth",
    "query_mask",
    "readme_table",
    "recall_recipe_from_dict",
    "recipe_from_dict",
    "record_path",
    "relative_accuracy_selection",
    "reproduce",
    "results_markdown",
    "retrieval_recipe_from_dict",
    "run_classes",
    "run_recall",
    "run_recipe",
    "run_retrieval",
    "spirals",
    "stale_tables",
    "sweep_curve",
    "write_tables",
]

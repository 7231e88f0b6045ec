"""Imports point one way, up the list of units in the order in which data flow through them."""

from __future__ import annotations

import ast

import pytest

ORDER = (
    "errors",
    "threads",
    "batch_share",
    "data",
    "features",
    "graph",
    "networks",
    "views",
    "objectives",
    "training",
    "codes",
    "estimators",
    "clustering",
    "hashing",
    "catalog",
    "scale",
    "export",
    "metrics",
    "experiments",
    "report",
    "app",
    "cli",
)
FRONT_DOORS = ("__init__", "__main__")  # of the package itself: they may see everything


def imported(module, tree=None):
    """Every name that a module imports, lazily or not, as dotted names from the top."""
    found = []
    for node in ast.walk(tree or module.tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = module.parts[: -node.level] if node.level else ()
            start = [*base, *([node.module] if node.module else [])]
            found += [".".join([*start, alias.name]) for alias in node.names]
        elif isinstance(node, ast.Call) and "import_module" in ast.unparse(node.func):
            found += [a.value for a in node.args[:1] if isinstance(a, ast.Constant)]
    return found


def test_imports_point_one_way(modules):
    wrong = []
    for module in modules:
        if module.unit in FRONT_DOORS:
            continue
        for name in imported(module):
            top, *rest = name.split(".")
            target = rest[0] if top == "quantal" and rest else ""
            if target in ORDER and ORDER.index(target) > ORDER.index(module.unit):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_every_unit_has_its_place(modules):
    units = {module.unit for module in modules} - set(FRONT_DOORS)
    assert units <= set(ORDER), "add new units to ORDER, where data reach them"


@pytest.mark.parametrize(
    ("unit", "stranger"),
    [
        ("errors", "numpy"),
        ("data", "torch"),
        ("features", "torch"),
        ("graph", "torch"),
        ("networks", "sklearn"),
        ("objectives", "sklearn"),
        ("objectives", "torch.distributed"),
        ("views", "sklearn"),
        ("metrics", "torch"),
    ],
)
def test_a_unit_knows_nothing_of(modules, unit, stranger):
    for module in modules:
        if module.unit == unit:
            for name in imported(module):
                assert not f"{name}.".startswith(f"{stranger}."), f"{module} imports {name}"


def test_nothing_that_trains_can_name_true_labels(modules):
    readers = ("labels", "load_truth", "clustering_accuracy", "evaluate_clustering")
    before_metrics = ORDER[: ORDER.index("metrics")]
    for module in modules:
        if module.unit in before_metrics and module.unit not in {"data", "features"}:
            last = {name.rpartition(".")[2] for name in imported(module)}
            assert not last & set(readers), module


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from ..errors import DataError", "quantal.errors.DataError"),
        ("from . import balance", "quantal.clustering.balance"),
        ("from .. import metrics", "quantal.metrics"),
        ("import quantal.metrics.clustering", "quantal.metrics.clustering"),
        ("def f():\n    from quantal import metrics", "quantal.metrics"),
        ("importlib.import_module('quantal.cli')", "quantal.cli"),
    ],
)
def test_every_spelling_of_an_import_is_seen(modules, source, expected):
    [module] = [m for m in modules if str(m) == "quantal/clustering/rim.py"]
    assert imported(module, ast.parse(source)) == [expected]

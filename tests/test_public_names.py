"""Public names are listed, documented and small enough to read."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import re

import pytest

UNITS = (
    "app",
    "catalog",
    "cli",
    "clustering",
    "codes",
    "data",
    "errors",
    "estimators",
    "experiments",
    "export",
    "features",
    "graph",
    "hashing",
    "metrics",
    "networks",
    "objectives",
    "report",
    "scale",
    "training",
    "views",
)
LONGEST_MODULE = 300
LONGEST_BODY = 60


def defined_names(tree):
    """Public names that a module defines, or takes from its own submodules."""
    names = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.ClassDef | ast.FunctionDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {t.id for t in targets if isinstance(t, ast.Name)}
    return {name for name in names if not name.startswith("_")}


def public_names(unit):
    module = importlib.import_module(f"quantal.{unit}")
    if hasattr(module, "__all__"):
        return list(module.__all__)
    tree = ast.parse(inspect.getsource(module))
    tree.body = [node for node in tree.body if not isinstance(node, ast.ImportFrom)]
    return sorted(defined_names(tree))


def kind_order(name):
    """Constants, then classes, then functions, as the linter sorts ``__all__``."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, name


PUBLIC = [(unit, name) for unit in UNITS for name in public_names(unit)]


def is_part_of_a_unit(path):
    return path.name == "__init__.py" and path.parent.name in UNITS


def test_all_lists_exactly_what_a_unit_exports(modules):
    for module in modules:
        if is_part_of_a_unit(module.path):
            listed = importlib.import_module(".".join(module.parts[:-1])).__all__
            assert set(listed) == defined_names(module.tree), module
            assert list(listed) == sorted(listed, key=kind_order), module


def test_the_package_itself_exports_what_it_lists():
    import quantal

    assert quantal.__all__ == ["clustering", "hashing", "load"]
    assert all(getattr(quantal, name) is not None for name in quantal.__all__)


def test_every_public_name_has_a_line_in_the_reference(root):
    pages = "\n".join(p.read_text("utf-8") for p in (root / "docs").rglob("*.md"))
    documented = set(re.findall(r"^::: (\S+)$", pages, re.MULTILINE))
    missing = [f"::: quantal.{unit}.{name}" for unit, name in PUBLIC]
    assert [line for line in missing if line.removeprefix("::: ") not in documented] == []


def test_the_reference_documents_nothing_that_is_gone(root):
    known = {f"quantal.{unit}.{name}" for unit, name in PUBLIC}
    for page in (root / "docs" / "reference").glob("*.md"):
        for name in re.findall(r"^::: (\S+)$", page.read_text("utf-8"), re.MULTILINE):
            assert name in known, f"{page.name} documents {name}, which does not exist"


@pytest.mark.parametrize(("unit", "name"), PUBLIC)
def test_every_public_name_explains_its_parameters(unit, name):
    thing = getattr(importlib.import_module(f"quantal.{unit}"), name)
    if not (inspect.isclass(thing) or inspect.isfunction(thing)):
        return
    text = inspect.getdoc(thing) or ""
    assert text, f"{unit}.{name} has no docstring"
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return
    unexplained = [p for p in parameters(thing) if not re.search(rf"\b{re.escape(p)}\b", text)]
    assert unexplained == [], f"{unit}.{name} does not explain {', '.join(unexplained)}"


def parameters(thing):
    if dataclasses.is_dataclass(thing):
        return [f.name for f in dataclasses.fields(thing) if not f.name.startswith("_")]
    if inspect.isclass(thing) and thing.__init__ is object.__init__:
        return []
    signature = inspect.signature(thing.__init__ if inspect.isclass(thing) else thing)
    return [p for p in signature.parameters if p not in {"self", "args", "kwargs"}]


def test_no_module_is_longer_than_a_reader_can_hold(modules):
    lengths = {str(m): len(m.text.splitlines()) for m in modules}
    assert {name: n for name, n in lengths.items() if n > LONGEST_MODULE} == {}


def test_no_function_is_longer_than_two_screens(modules):
    long = {}
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
                if lines > LONGEST_BODY:
                    long[f"{module}:{node.name}"] = lines
    assert long == {}


def test_no_module_has_a_name_without_a_topic(modules):
    vague = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}
    assert [str(m) for m in modules if vague & set(m.parts)] == []

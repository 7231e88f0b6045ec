"""Nothing that is read can run code: no pickle in any guise, no eval, no unchecked np.load."""

from __future__ import annotations

import ast

import pytest

FORBIDDEN_MODULES = {"pickle", "cPickle", "joblib", "dill", "cloudpickle", "shelve", "marshal"}
FORBIDDEN_CALLS = {"eval", "exec", "torch.load", "torch.save", "read_pickle", "to_pickle"}
LOADERS = {"np.load", "numpy.load"}


def offences(tree):
    """What a syntax tree does that could run a file's content."""
    found = []
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{a.name}" for a in node.names)]
        elif isinstance(node, ast.Call):
            found += call_offences(node)
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {"torch.load", "torch.save"}:
            found.append(ast.unparse(node))
        found += [n for n in names if n.split(".")[0] in FORBIDDEN_MODULES]
        found += [n for n in names if n in FORBIDDEN_CALLS | LOADERS]
    return found


def call_offences(node):
    name = ast.unparse(node.func)
    if name in LOADERS:
        keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
        return [] if keywords.get("allow_pickle") == "False" else [f"{name} without allow_pickle"]
    if name in {"__import__", "importlib.import_module", "import_module"}:
        first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
        return [str(first)] if str(first).split(".")[0] in FORBIDDEN_MODULES else []
    is_forbidden = name in FORBIDDEN_CALLS or name.rpartition(".")[2] in {"read_pickle"}
    return [name] if is_forbidden else []


def test_the_package_never_unpickles_or_evaluates(modules):
    found = {str(module): offences(module.tree) for module in modules}
    assert {name: what for name, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import dump",
        "def f():\n    import cloudpickle.extra",
        "importlib.import_module('dill')",
        "torch.load(path, weights_only=True)",
        "reader = torch.load",
        "from torch import load",
        "np.load(path)",
        "np.load(path, allow_pickle=flag)",
        "eval(text)",
        "exec(text)",
        "pandas.read_pickle(path)",
    ],
)
def test_every_guise_is_recognised(source):
    assert offences(ast.parse(source))


def test_a_checked_load_passes():
    assert offences(ast.parse("np.load(path, allow_pickle=False)")) == []

"""Importing quantal waits for nothing heavy, has no effects and prints nothing."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

HEAVY = ("torch", "sklearn", "scipy", "pyarrow", "numba", "faiss", "h5py", "PIL")


def loaded_by(statement):
    """Which heavy modules a fresh interpreter holds after ``statement``."""
    code = f"{statement}; import sys; print(*[m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.split()


@pytest.mark.parametrize("module", ["quantal", "quantal.cli", "quantal.errors"])
def test_importing_loads_nothing_heavy(module):
    assert loaded_by(f"import {module}") == []


def test_readers_do_not_load_torch():
    assert "torch" not in loaded_by("import quantal.data, quantal.graph, quantal.metrics")


def test_names_of_the_package_are_loaded_on_first_use():
    assert "torch" in loaded_by("import quantal; quantal.clustering.IMSAT")


def test_an_unknown_name_of_the_package_is_an_attribute_error():
    import quantal

    with pytest.raises(AttributeError, match="module 'quantal' has no attribute 'clusterings'"):
        quantal.clusterings
    assert {"clustering", "load"} <= set(dir(quantal))


def test_the_package_never_prints(modules):
    for module in modules:
        for node in ast.walk(module.tree):
            is_print = isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
            assert not is_print, f"{module}:{node.lineno}"


def test_the_package_never_seeds_a_global_generator(modules):
    forbidden = {
        "np.random.seed",
        "np.random.rand",
        "np.random.randn",
        "np.random.permutation",
        "torch.manual_seed",
        "torch.seed",
        "random.seed",
    }
    for module in modules:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) not in forbidden, f"{module}:{node.lineno}"

"""What the tests of the whole project share."""

from __future__ import annotations

import ast
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

# One of scikit-learn's estimator checks is skipped unless this is set before SciPy is imported.
os.environ.setdefault("SCIPY_ARRAY_API", "1")

# The same tests on every machine: a GPU adds in another order than a processor. Tests of a GPU are
# marked "gpu" and need the variable to name one.
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Module:
    """A module of the package as text."""

    path: Path

    @property
    def parts(self) -> tuple[str, ...]:
        """Its dotted name in parts, e.g. ("quantal", "data", "sources"); packages as folders."""
        return (*self.path.parent.relative_to(ROOT).parts, self.path.stem)

    @property
    def unit(self) -> str:
        """The station of the way of the data that it belongs to."""
        return self.parts[1]

    @property
    def text(self) -> str:
        """Its source."""
        return self.path.read_text("utf-8")

    @property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.text)

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))


@pytest.fixture(scope="session")
def root():
    return ROOT


@pytest.fixture(scope="session")
def modules():
    """Every module of the package."""
    return [Module(path) for path in sorted((ROOT / "quantal").rglob("*.py"))]


@pytest.fixture
def texmex(tmp_path):
    """Return a function that writes vectors as published: texmex("sift/sift_base.fvecs", rows)."""

    def write(name, rows):
        path = tmp_path / "texmex" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = {".fvecs": "<f4", ".bvecs": "u1", ".ivecs": "<i4"}[path.suffix]
        rows = np.asarray(rows, kind)
        heads = np.full((len(rows), 1), rows.shape[1], "<i4").view("u1")
        path.write_bytes(np.hstack([heads, np.ascontiguousarray(rows).view("u1")]).tobytes())
        return tmp_path / "texmex"

    return write

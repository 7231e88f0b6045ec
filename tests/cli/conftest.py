"""Run the command line in this process, on tiny data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tiny_data import QUICK, blobs, vectors

from quantal.cli import main


@dataclass(frozen=True)
class Result:
    """What a command left."""

    status: int
    out: str
    err: str

    @property
    def message(self) -> str:
        """The one line of an error."""
        return self.err.strip().splitlines()[-1]


Run = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder; errors must leave it as it was."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def quantal(folder: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def run(*arguments: object) -> Result:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run


@pytest.fixture
def model(quantal: Run, folder: Path) -> Path:
    """A model of two clusters, fitted on x.npy in the current folder."""
    np.save(folder / "x.npy", blobs())
    result = quantal("fit", "x.npy", "-k", 2, "--out", "model", "-q", *QUICK)
    assert result.status == 0, result.err
    return folder / "model"


@pytest.fixture
def hasher(quantal: Run, folder: Path) -> Path:
    """A model of 12-bit codes, fitted on v.npy in the current folder."""
    np.save(folder / "v.npy", vectors())
    result = quantal("fit", "v.npy", "--method", "itq", "--bits", 12, "--out", "h", "-q")
    assert result.status == 0, result.err
    return folder / "h"


@pytest.fixture
def codes(quantal: Run, hasher: Path) -> Path:
    """The codes of v.npy by `hasher`."""
    result = quantal("encode", "h", "v.npy", "--out", "codes.npy", "-q")
    assert result.status == 0, result.err
    return hasher.parent / "codes.npy"

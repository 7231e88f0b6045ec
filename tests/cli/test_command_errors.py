"""Every mistake: status 2, one line that says what to do, nothing left behind."""

from __future__ import annotations

import numpy as np
import pytest
from tiny_data import QUICK, blobs


def with_value(value):
    x = blobs()
    x[3, 2] = value
    return x


BAD_ROWS = {
    "nan": (with_value(np.nan), "contains NaN (1 of them), the first in row 3, column 2"),
    "infinity": (with_value(-np.inf), "contains infinity (1 of them)"),
    "zero rows": (blobs()[:0], "has no rows"),
    "one row": (blobs()[:1], "has only 1 sample"),
    "identical rows": (np.ones((9, 3), np.float32), "all 9 rows are identical"),
    "labels": (np.repeat([0, 1], 30), "looks like labels, not data"),
    "too few for the clusters": (blobs(4), "fewer than n_clusters=5"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_rows_that_cannot_be_used_are_refused(quantal, folder, name):
    rows, words = BAD_ROWS[name]
    np.save("x.npy", rows)
    result = quantal("fit", "x.npy", "-k", 5, "--out", "m", "--labels", "l.csv", *QUICK)
    refused(result, words)
    assert [p.name for p in folder.iterdir()] == ["x.npy"]


def refused(result, words):
    errors = [line for line in result.err.splitlines() if line.startswith("quantal: error: ")]
    assert result.status == 2, result.err
    assert len(errors) == 1
    assert words in result.message
    assert "Traceback" not in result.err
    assert result.out == ""


def bad_files(folder):
    np.save(folder / "long.npy", blobs())
    (folder / "short.npy").write_bytes((folder / "long.npy").read_bytes()[:-100])
    (folder / "long.npy").unlink()
    (folder / "lying.bvecs").write_bytes(np.int32(4).tobytes() + bytes(4) + np.int32(9).tobytes())
    (folder / "mixed.csv").write_text("a,b\n1,2\n3\n", encoding="utf-8")
    (folder / "words.csv").write_text("a,b\n1,x\n3,y\n", encoding="utf-8")
    (folder / "rows.xyz").write_text("1", encoding="utf-8")
    (folder / "broken.jsonl").write_text("{", encoding="utf-8")
    (folder / "empty").mkdir()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("short.npy", "is truncated"),
        ("lying.bvecs", "lying.bvecs"),
        ("mixed.csv", "mixed.csv"),
        ("words.csv", "--drop"),
        ("rows.xyz", "cannot be read. Supported are"),
        ("broken.jsonl", "broken.jsonl"),
        ("empty", "holds no image file"),
        ("shrt.npy", "Did you mean 'short.npy'?"),
        ("name:digts", "Did you mean 'digits'?"),
        ("", "is empty"),
    ],
)
def test_sources_that_cannot_be_read_are_refused(quantal, folder, source, words):
    bad_files(folder)
    before = sorted(folder.rglob("*"))
    refused(quantal("fit", source, "-k", 2, "--out", "m", *QUICK), words)
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "m"), "--clusters is missing. Say how many"),
        (("-k", 2), "--out is missing"),
        (("-k", "two", "--out", "m"), "--clusters"),
        (("-k", 0, "--out", "m"), "n_clusters must be an integer in [1, inf), got 0"),
        (("-k", 2, "--out", "m", "--set", "alpa=1"), "Did you mean 'alpha'?"),
        (("-k", 2, "--out", "m", "--set", "alpha"), "--set wants name=value, got 'alpha'"),
        (("-k", 2, "--out", "m", "--set", "n_clusters=3"), "use --clusters"),
        (("-k", 2, "--out", "m", "--set", "alpha=1", "--set", "alpha=2"), "was given twice"),
        (("-k", 2, "--out", "m", "--set", "alpha=high"), "alpha must be a number"),
        (("-k", 2, "--out", "m", "--method", "imzat"), "Did you mean 'imsat'?"),
        (("-k", 2, "--out", "m", "--precision", "half"), "precision must be one of"),
        (("-k", 2, "--out", "m", "--device", "abacus"), "device 'abacus'"),
        (("-k", 2, "--out", "m", "--columns", "a"), "columns does not concern x.npy"),
        (("-k", 2, "--out", "m", "--no-header"), "header"),
        (("-k", 2, "--out", "m", "--cluster", "8"), "--clusters"),
    ],
)
def test_wrong_options_are_refused(quantal, folder, arguments, words):
    np.save("x.npy", blobs())
    refused(quantal("fit", "x.npy", *arguments), words)
    assert [p.name for p in folder.iterdir()] == ["x.npy"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--out", "other"), "is a folder that is not a model"),
        (("--out", "x.npy"), "is a file. Choose another path"),
        (("--out", "x.npy/m"), "x.npy is a file. Name a path in a folder"),
        (("--out", "m", "--labels", "l.txt"), "End it in .parquet, .csv or .npy"),
        (("--out", "m", "--labels", "x.npy"), "--labels x.npy is what is read"),
        (("--out", "m", "--labels", "x.npy/l.csv"), "--labels x.npy/l.csv"),
        (("--out", "m", "--checkpoint", "x.npy/c"), "--checkpoint x.npy/c"),
    ],
)
def test_paths_that_cannot_be_written_are_refused_before_anything_is_read(
    quantal, folder, arguments, words
):
    np.save("x.npy", blobs())
    (folder / "other").mkdir()
    (folder / "other/mine.txt").write_text("keep", encoding="utf-8")
    result = quantal("fit", "x.npy", "-k", 2, *arguments)
    refused(result, words)
    assert "reading" not in result.err
    assert (folder / "other/mine.txt").read_text() == "keep"


def test_an_unfinished_run_is_neither_resumed_nor_overwritten_without_asking(quantal, folder):
    np.save("x.npy", blobs())
    (folder / "m.checkpoints/step-000000000003").mkdir(parents=True)
    (folder / "m.checkpoints/step-000000000003/state.json").write_text("{}")
    refused(quantal("fit", "x.npy", "-k", 2, "--out", "m"), "Add --resume to go on with it")


def test_an_unknown_command_is_refused_with_the_closest(quantal):
    refused(quantal("predct"), "No such command 'predct'. Did you mean 'predict'?")


def test_a_full_disk_is_one_line(quantal, model, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("quantal.cli.label_files.CsvLabels.write", full)
    refused(quantal("predict", "model", "x.npy", "--out", "l.csv"), "No space left on device")
    assert not list(model.parent.glob("*l.csv*"))


def test_a_bug_is_one_line_that_asks_for_debug_and_debug_shows_where(quantal, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("wires\ncrossed")

    monkeypatch.setattr("quantal.catalog.build", broken)
    np.save("x.npy", blobs())
    result = quantal("fit", "x.npy", "-k", 2, "--out", "m")
    assert result.status == 1
    assert result.message.startswith("quantal: error: unexpected RuntimeError: wires crossed (")
    assert "--debug" in result.message
    assert "Traceback" in quantal("fit", "x.npy", "-k", 2, "--out", "m", "--debug").err

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_data import QUICK

from quantal.metrics import evaluate_clustering


@pytest.fixture
def labels(folder):
    pred = np.array([0, 0, 1, 1, 1, 2])
    np.save(folder / "pred.npy", pred)
    np.save(folder / "true.npy", np.array([5, 5, 7, 7, 5, 9]))
    return folder


def test_every_score_is_named_with_its_interval(quantal, labels):
    out = quantal("evaluate", "pred.npy", "true.npy").out
    assert "accuracy (Hungarian)   0.8333  [" in out
    for name in ("NMI (arithmetic mean)", "NMI (geometric mean)", "adjusted Rand index", "purity"):
        assert name in out
    assert "95 % interval (1,000 resamples)" in out
    assert "6 rows, 3 clusters, 3 classes" in out
    assert "cluster  rows   share" in out


def test_json_holds_what_the_library_says(quantal, labels):
    result = quantal("evaluate", "pred.npy", "true.npy", "--json", "--resamples", 50)
    scores = evaluate_clustering(np.load("true.npy"), np.load("pred.npy"), n_resamples=50)
    assert json.loads(result.out) == json.loads(json.dumps(scores.as_dict()))


def test_no_resamples_no_interval(quantal, labels):
    assert "interval" not in quantal("evaluate", "pred.npy", "true.npy", "--resamples", 0).out


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "5\n5\n7\n7\n5\n9\n"),
        ("t.csv", "x,y\n1,5\n1,5\n2,7\n3,7\n4,5\n4,9\n"),
        ("t.csv", "kind\na\na\nb\nb\na\nc\n"),
        ("t.csv", "a\na\nb\nb\na\nc\n"),
        ("t.tsv", "id\tclass\n0\ta\n1\ta\n2\tb\n3\tb\n4\ta\n5\tc\n"),
    ],
)
def test_truth_is_read_from_tables_with_or_without_header(quantal, labels, name, text):
    (labels / name).write_text(text, encoding="utf-8")
    assert "accuracy (Hungarian)   0.8333" in quantal("evaluate", "pred.npy", name).out


def test_rows_are_matched_by_id(quantal, folder):
    (folder / "l.csv").write_text("id,label,probability\nb,0,1\na,1,1\nc,1,1\n")
    (folder / "t.csv").write_text("id,label\na,5\nb,6\nc,5\nunused,6\n")
    assert "accuracy (Hungarian)   1.0000" in quantal("evaluate", "l.csv", "t.csv").out
    (folder / "t.csv").write_text("id,label\na,5\nb,6\n")
    result = quantal("evaluate", "l.csv", "t.csv")
    assert "t.csv has no row with id 'c' (1 of 3 ids of l.csv are missing)" in result.message


def test_a_column_or_array_can_be_named(quantal, labels):
    np.savez("t.npz", x=np.zeros((6, 2)), a=np.arange(6), b=np.load("true.npy"))
    unclear = quantal("evaluate", "pred.npy", "t.npz")
    assert unclear.status == 2
    assert "which of its columns (a, b) holds the labels?" in unclear.message
    named = quantal("evaluate", "pred.npy", "t.npz", "--truth-column", "b")
    assert "accuracy (Hungarian)   0.8333" in named.out
    wrong = quantal("evaluate", "pred.npy", "t.npz", "--truth-column", "c")
    assert "t.npz has no column 'c'; it has a, b." in wrong.message


def test_a_model_is_judged_on_a_named_set_or_on_data_with_truth(quantal, model):
    np.save("y.npy", np.arange(60) % 2)
    direct = quantal("evaluate", "model", "x.npy", "--truth", "y.npy")
    assert direct.status == 0, direct.err
    quantal("predict", "model", "x.npy", "--out", "l.csv")
    assert direct.out == quantal("evaluate", "l.csv", "y.npy").out
    quantal("fit", "name:digits", "-k", 10, "--out", "m", "-q", *QUICK, "--method", "rim")
    assert "1,797 rows" in quantal("evaluate", "m", "name:digits").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("pred.npy", "short.npy"), "pred.npy has 6 labels and short.npy 5"),
        (("pred.npy", "gone.npy"), "gone.npy does not exist"),
        (("pred.npy", "rows.txt"), "labels are read from"),
        (("pred.npy", "true.npy", "--truth", "true.npy"), "--truth belongs after a model"),
        (("pred.npy", "true.npy", "--resamples", "-1"), "--resamples must be an integer"),
        (("folder", "true.npy"), "add --truth FILE"),
        (("pred.npy", "broken.parquet"), "broken.parquet cannot be read"),
        (("pred.npy", "objects.npy"), "objects.npy holds Python objects"),
        (("pred.npy", "torn.parquet"), "torn.parquet cannot be read"),
        (("pred.npy", "torn.npz"), "torn.npz is truncated or damaged"),
        (("pred.npy", "bomb.npy"), "bomb.npy is truncated: its header says"),
        (("pred.npy", "wide.npy"), "one per row"),
    ],
)
def test_labels_that_cannot_be_compared_are_refused(quantal, labels, arguments, words):
    np.save("short.npy", np.zeros(5, int))
    np.save("wide.npy", np.zeros((6, 2), int))
    np.save("objects.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    (labels / "broken.parquet").write_bytes(b"PAR1")
    pq.write_table(pa.table({"label": [1, 2, 3]}), "torn.parquet")
    torn = (labels / "torn.parquet").read_bytes()
    (labels / "torn.parquet").write_bytes(torn[:-40] + b"\xff" * 32 + torn[-8:])
    np.savez("torn.npz", y=np.arange(6))
    (labels / "torn.npz").write_bytes((labels / "torn.npz").read_bytes()[:-9])
    header = (labels / "true.npy").read_bytes().replace(b"(6,)", b"(9999999999,)")
    (labels / "bomb.npy").write_bytes(header)
    (labels / "rows.txt").write_text("1")
    (labels / "folder").mkdir()
    result = quantal("evaluate", *arguments)
    assert result.status == 2
    assert words in result.message
    assert result.out == ""

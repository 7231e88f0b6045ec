from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest
from tiny_data import QUICK, blobs

import quantal as library
from quantal.clustering import RIM
from quantal.features import Gist


@pytest.mark.parametrize("name", ["l.parquet", "l.csv", "l.npy", "L.CSV"])
def test_labels_are_the_librarys_in_every_format(quantal, model, name):
    result = quantal("predict", "model", "x.npy", "--out", name)
    assert result.status == 0, result.err
    expected = library.load(model).predict(blobs())
    np.testing.assert_array_equal(read(name), expected)


def read(name):
    if name.endswith("npy"):
        return np.load(name)
    if name.endswith("parquet"):
        return pq.read_table(name)["label"].to_numpy()
    return np.loadtxt(name, delimiter=",", skiprows=1)[:, 1]


def test_rows_without_names_get_their_number_and_a_probability(quantal, model):
    quantal("predict", "model", "x.npy", "--out", "l.parquet")
    table = pq.read_table("l.parquet")
    assert [str(field.type) for field in table.schema] == ["int64", "int64", "float"]
    assert table["id"].to_pylist() == list(range(60))
    expected = library.load(model).predict_proba(blobs()).max(axis=1)
    np.testing.assert_array_equal(table["probability"].to_numpy(), expected)


def test_blocks_do_not_change_the_labels(quantal, model, monkeypatch):
    np.save("many.npy", blobs(700))
    quantal("predict", "model", "many.npy", "--out", "whole.parquet")
    monkeypatch.setattr("quantal.cli.row_blocks.BLOCK_BYTES", 1)  # a block of 256 rows
    quantal("predict", "model", "many.npy", "--out", "blocks.parquet")
    assert pq.read_table("whole.parquet").equals(pq.read_table("blocks.parquet"))
    assert pq.read_metadata("blocks.parquet").num_row_groups == 3


def test_a_single_row_is_enough(quantal, model):
    np.save("one.npy", blobs()[:1])
    assert quantal("predict", "model", "one.npy", "--out", "l.npy").status == 0
    assert np.load("l.npy").shape == (1,)


def test_the_columns_of_a_table_are_found_again_by_name(quantal, folder):
    x = blobs()
    header = "id,a,b,c,d\n"
    (folder / "t.csv").write_text(header + rows_text(x, [0, 1, 2, 3]))
    quantal("fit", "t.csv", "-k", 2, "--out", "m", "--labels", "fit.csv", *QUICK)
    (folder / "turned.csv").write_text("id,d,a,c,b,new\n" + rows_text(x, [3, 0, 2, 1, 1]))
    assert quantal("predict", "m", "turned.csv", "--out", "new.csv").status == 0
    assert (folder / "fit.csv").read_text() == (folder / "new.csv").read_text()
    assert (folder / "new.csv").read_text().splitlines()[1].startswith("r0,")


def rows_text(x, order):
    return "".join(f"r{i},{','.join(map(str, row[order].tolist()))}\n" for i, row in enumerate(x))


def test_a_model_of_gist_remembers_how_images_become_numbers(quantal, folder):
    x = np.random.default_rng(0).integers(0, 256, (20, 8, 8), dtype=np.uint8)
    np.save("images.npy", x)
    result = quantal("fit", "images.npy", "--features", "gist", "-k", 2, "--out", "m", *QUICK)
    assert result.status == 0, result.err
    assert "rows of 512 columns" in result.err
    assert quantal("predict", "m", "images.npy", "--out", "l.npy").status == 0
    fitted = library.load("m")
    np.testing.assert_array_equal(np.load("l.npy"), fitted.predict(Gist().transform(x)))
    assert quantal("predict", "m", "images.npy", "--out", "l.npy", "--features", "gist").status == 2


def test_another_width_is_refused_with_both_widths(quantal, model, folder):
    np.save("wide.npy", blobs(d=7))
    result = quantal("predict", "model", "wide.npy", "--out", "l.csv")
    assert result.status == 2
    assert "wide.npy has 7 columns, but the model was fitted on 4" in result.message
    assert not (folder / "l.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("model", "x.npy", "--out", "l.xlsx"), "End it in .parquet, .csv or .npy"),
        (("model", "x.npy", "--out", "x.npy"), "--out x.npy is what is read"),
        (("model", "x.npy", "--out", "folder.csv"), "is a folder. Name a file"),
        (("x.npy", "x.npy", "--out", "l.csv"), "x.npy is not a model folder"),
        (("gone", "x.npy", "--out", "l.csv"), "gone is not a model folder"),
        (("model", "y.npy", "--out", "l.csv"), "y.npy does not exist"),
        (("model", "x.npy"), "Missing option '--out'"),
        (("model", "x.npy", "--out", "l.csv", "--text", "reuters"), "--text"),
    ],
)
def test_wrong_calls_are_refused_and_leave_no_file(quantal, model, folder, arguments, words):
    (folder / "folder.csv").mkdir()
    before = sorted(folder.rglob("*"))
    result = quantal("predict", *arguments)
    assert result.status == 2
    assert words in result.message
    assert sorted(folder.rglob("*")) == before


def test_a_damaged_model_is_refused(quantal, model):
    weights = model / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    result = quantal("predict", "model", "x.npy", "--out", "l.csv")
    assert result.status == 2
    assert "weights.safetensors" in result.message


@pytest.mark.parametrize("shape", [(20, 5, 4), (20, 5, 4, 3), (20, 6)])
def test_a_model_saved_in_python_labels_rows_of_its_form(quantal, folder, shape):
    x = np.random.default_rng(0).random(shape).astype(np.float32)
    direct = RIM(2, n_epochs=2, n_init=1, random_state=0).fit(x)
    direct.save("m")
    np.save("new.npy", x)
    assert quantal("predict", "m", "new.npy", "--out", "l.npy").status == 0
    np.testing.assert_array_equal(np.load("l.npy"), direct.labels_)

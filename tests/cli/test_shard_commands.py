from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_data import blobs, vectors

import quantal as library
from quantal.cli.shard_run import is_for_shards
from quantal.codes import read_codes


@pytest.fixture
def shards(folder):
    (folder / "in").mkdir()
    for number, x in enumerate(np.array_split(vectors(), 2)):
        columns = {f"c{i}": x[:, i] for i in range(x.shape[1])}
        pq.write_table(pa.table(columns), folder / "in" / f"{number}.parquet")
    return folder / "in"


def test_a_folder_of_parquet_files_is_encoded_file_by_file(quantal, hasher, shards):
    result = quantal("encode", "h", "in", "--out", "codes")
    assert result.status == 0, result.err
    assert "codes of 300 rows in 2 files: codes" in result.out
    parts = [read_codes(f"codes/{n}.parquet").packed for n in range(2)]
    np.testing.assert_array_equal(np.vstack(parts), library.load("h").encode(vectors()))
    again = quantal("encode", "h", "in", "--out", "codes", "--engine", "local", "--workers", 2)
    assert "in 2 files (2 were there already): codes" in again.out


def test_a_folder_of_parquet_files_is_labelled_file_by_file(quantal, model, folder):
    (folder / "in").mkdir()
    x = blobs()
    pq.write_table(pa.table({f"c{i}": x[:, i] for i in range(x.shape[1])}), "in/a.parquet")
    result = quantal("predict", "model", "in", "--out", "labels", "-q")
    assert result.status == 0, result.err
    labels = pq.read_table("labels/a.parquet").column("label").to_numpy()
    np.testing.assert_array_equal(labels, library.load("model").predict(x))


def test_mistakes_with_folders_are_one_line(quantal, hasher, shards):
    cases = {
        ("v.npy", "--engine", "local"): "v.npy is a file, and shards lie in a folder",
        ("v.npy", "--workers", 2): "--workers is for a folder of Parquet files, and v.npy is not",
        ("in", "--ray-address", "a:1"): "--ray-address is for --engine ray. Add that",
        ("in", "--engine", "spark"): "--engine must be one of 'local', 'ray', got 'spark'",
        ("in", "--key", "x"): "--key does not concern a folder of Parquet files. Leave it out.",
    }
    for arguments, message in cases.items():
        result = quantal("encode", "h", *arguments, "--out", "codes")
        assert result.status == 2
        assert message in result.message


def test_a_folder_of_pictures_with_a_table_beside_them_stays_one_of_pictures(shards):
    assert is_for_shards("in", None, None, None)
    (shards / "a.PNG").touch()
    assert not is_for_shards("in", None, None, None)
    assert is_for_shards("in", "local", None, None)


def test_an_interrupted_run_says_how_to_go_on(quantal, hasher, shards, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("quantal.scale.process_folder", stop)
    result = quantal("encode", "h", "in", "--out", "codes")
    assert result.status == 130
    assert "the files in codes are complete; the same command goes on" in result.message

from __future__ import annotations

import errno
import json
import os

import numpy as np
import pyarrow.parquet as pq
import pytest
from parquet_folders import SIZES, contents, rows, table, write_folder

import quantal
from quantal.codes import read_codes
from quantal.errors import DataError, FileFormatError, ParameterError
from quantal.scale import FolderResult, process_folder


def test_every_row_gets_the_librarys_code_beside_its_id(encode, models, tmp_path):
    assert encode() == FolderResult(n_shards=5, n_rows=sum(SIZES), n_skipped=0)
    hasher = quantal.load(models / "hasher")
    for number, size in enumerate(SIZES):
        name = f"more/s{number}.parquet" if number == 1 else f"s{number}.parquet"
        codes = read_codes(tmp_path / "out" / name)
        wanted = hasher.encode(rows(size, number)) if size else np.empty((0, 1), np.uint8)
        np.testing.assert_array_equal(codes.packed, wanted)
        assert codes.ids == tuple(f"s{number}-{i}" for i in range(size))
        assert codes.method.startswith("itq ")
        assert codes.n_bits == 5


def test_labels_and_probabilities_are_the_librarys(models, shards, tmp_path):
    process_folder("predict", models / "clusterer", shards, tmp_path / "out")
    found = pq.read_table(tmp_path / "out" / "s3.parquet").to_pydict()
    p = quantal.load(models / "clusterer").predict_proba(rows(700, 3))
    assert found["id"][:2] == ["s3-0", "s3-1"]
    np.testing.assert_array_equal(found["label"], p.argmax(1))
    np.testing.assert_array_equal(np.float32(found["probability"]), p.max(1))


def test_rows_without_ids_are_numbered_in_their_file(models, tmp_path):
    source = write_folder(tmp_path / "plain", ids=None)
    process_folder("predict", models / "clusterer", source, tmp_path / "labels")
    process_folder("encode", models / "hasher", source, tmp_path / "codes")
    labels = pq.read_table(tmp_path / "labels" / "s3.parquet")
    assert labels.column("id").to_pylist() == list(range(700))
    assert read_codes(tmp_path / "codes" / "s3.parquet").ids is None


def test_whole_numbers_as_ids_stay_numbers(encode, tmp_path):
    source = tmp_path / "numbered"
    source.mkdir()
    x = rows(3, 0)
    pq.write_table(table(x, ids=None).append_column("id", [[7, 5, 9]]), source / "a.parquet")
    encode(source=source)
    assert read_codes(tmp_path / "out" / "a.parquet").ids.tolist() == [7, 5, 9]


def test_a_column_of_lists_gives_the_codes_of_plain_columns(encode, tmp_path):
    source = write_folder(tmp_path / "lists", as_list=True)
    encode("a", source=source)
    encode("b")
    codes = [read_codes(tmp_path / out / "s0.parquet").packed for out in "ab"]
    np.testing.assert_array_equal(*codes)


def test_bytes_depend_neither_on_workers_nor_on_batches(encode, tmp_path, monkeypatch):
    encode("one", n_workers=1)
    encode("three", n_workers=3)
    assert contents(tmp_path / "one") == contents(tmp_path / "three")
    monkeypatch.setattr("quantal.scale.results.BATCH_BYTES", 1)  # 256 rows
    encode("small")
    codes = [read_codes(tmp_path / out / "s3.parquet").packed for out in ("one", "small")]
    np.testing.assert_array_equal(*codes)


def test_a_finished_folder_is_left_alone(encode, tmp_path):
    encode()
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.parquet")}
    assert encode().n_skipped == 5
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*.parquet")} == before
    assert json.loads((tmp_path / "out" / "_SUCCESS").read_text()) == {"shards": 5, "rows": 1258}


def test_only_missing_and_damaged_outputs_are_written_again(encode, tmp_path):
    encode()
    before = contents(tmp_path / "out")
    (tmp_path / "out" / "s0.parquet").unlink()
    path = tmp_path / "out" / "s3.parquet"
    path.write_bytes(path.read_bytes()[:-10])
    done = []
    assert encode(on_shard=lambda *what: done.append(what)).n_skipped == 3
    assert sorted(done) == [("s0.parquet", 4, 5), ("s3.parquet", 5, 5)]
    assert contents(tmp_path / "out") == before


def test_a_damaged_shard_is_named_and_the_others_are_finished(encode, shards, tmp_path):
    encode("whole")
    sound = (shards / "s3.parquet").read_bytes()
    (shards / "s3.parquet").write_bytes(sound[:-20])
    with pytest.raises(DataError, match=r"1 of 5 shards cannot be used: s3\.parquet is truncated"):
        encode()
    names = {path.name for path in (tmp_path / "out").rglob("*.parquet")}
    assert names == {"s0.parquet", "s1.parquet", "s2.parquet", "s4.parquet"}
    assert not (tmp_path / "out" / "_SUCCESS").exists()
    (shards / "s3.parquet").write_bytes(sound)
    assert encode().n_skipped == 4
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_a_shard_damaged_within_is_named_too_and_may_be_replaced(encode, shards, tmp_path):
    path = shards / "s3.parquet"
    sound = path.read_bytes()
    middle = len(sound) // 3
    path.write_bytes(sound[:middle] + b"\xff" * 600 + sound[middle + 600 :])
    with pytest.raises(DataError, match=r"s3\.parquet.*The other 4 are finished\. Write the"):
        encode()
    path.write_bytes(sound)
    assert encode().n_skipped == 4


def test_values_that_cannot_be_used_name_their_shard(encode, shards):
    x = rows(10, 0)
    x[4, 2] = np.nan
    pq.write_table(table(x), shards / "s4.parquet")
    with pytest.raises(DataError, match=r"s4\.parquet: .*nan|s4\.parquet: .*NaN"):
        encode()


def test_missing_ids_name_their_shard(encode, shards):
    content = table(rows(2, 0), ids=None).append_column("id", [["a", None]])
    pq.write_table(content, shards / "s4.parquet")
    with pytest.raises(DataError, match=r"s4\.parquet: 1 rows have no id\. Name every row\."):
        encode()


def test_another_model_does_not_continue_a_run(encode, models, shards, tmp_path):
    encode()
    other = quantal.hashing.ITQ(n_bits=5, random_state=1).fit(rows(400, 98))
    other.save(tmp_path / "other")
    message = r"was begun with the model 'itq \w{16}', and now it is 'itq \w{16}'\. Choose another"
    with pytest.raises(ParameterError, match=message):
        encode(model=tmp_path / "other")


@pytest.mark.parametrize("change", ["changed", "gone", "new"])
def test_another_input_does_not_continue_a_run(encode, shards, change):
    encode()
    if change == "gone":
        (shards / "s4.parquet").unlink()
    else:
        name = "s4.parquet" if change == "changed" else "s9.parquet"
        pq.write_table(table(rows(257, 77)), shards / name)
    with pytest.raises(ParameterError, match=rf"not what it was: s\d\.parquet (was|is) {change}"):
        encode()


def test_other_columns_do_not_continue_a_run(models, tmp_path):
    source = tmp_path / "wide"
    source.mkdir()
    x = np.hstack([rows(5, 0), rows(5, 1)[:, :1]])
    pq.write_table(table(x), source / "a.parquet")
    run = ("encode", models / "hasher", source, tmp_path / "out")
    process_folder(*run, drop=["c6"])
    with pytest.raises(ParameterError, match="was begun with the columns"):
        process_folder(*run, drop=["c0"])
    with pytest.raises(DataError, match="has rows of 7 numbers, but the model was fitted on 6"):
        process_folder("encode", models / "hasher", source, tmp_path / "new")


def test_shards_with_other_columns_are_refused_before_any_work(encode, shards, tmp_path):
    pq.write_table(table(rows(5, 0)[:, :5]), shards / "s9.parquet")
    with pytest.raises(DataError, match=r"The shards differ: more/s1\.parquet has c0 \(float\)"):
        encode()
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space"), RuntimeError(f"write: {os.strerror(errno.ENOSPC)}")],
)
def test_a_full_disk_is_told_in_one_line_and_the_run_goes_on_later(
    encode, tmp_path, monkeypatch, error
):
    def full(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(pq.ParquetWriter, "write_table", full)
        text = r"s1\.parquet cannot be written \(No space.*make room\. With room the same command"
        with pytest.raises(ParameterError, match=text):
            encode()
    assert not [*(tmp_path / "out").rglob("*.parquet"), *(tmp_path / "out").rglob("*.partial")]
    assert encode().n_rows == sum(SIZES)


def test_a_folder_that_cannot_be_made_is_told_with_the_reason(encode, tmp_path):
    (tmp_path / "file").touch()
    text = r"out cannot be written \(Not a directory\)\. Choose another path"
    with pytest.raises(ParameterError, match=text):
        encode("file/out")


def test_a_folder_of_something_else_is_not_written_to(encode, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "photo.jpg").touch()
    with pytest.raises(ParameterError, match="is a folder that no such run began"):
        encode()
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["photo.jpg"]


def test_what_is_no_folder_of_parquet_files_is_refused(encode, tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "_temporary.parquet").touch()
    with pytest.raises(DataError, match=r"empty holds no \.parquet file"):
        encode(source=tmp_path / "empty")
    with pytest.raises(DataError, match="absent does not exist"):
        encode(source=tmp_path / "absent")
    with pytest.raises(DataError, match="is a file, and shards lie in a folder"):
        encode(source=tmp_path / "in" / "s0.parquet")


def test_input_and_output_may_not_lie_in_one_another(encode, shards):
    for out in ("in", "in/codes", "."):
        with pytest.raises(ParameterError, match="lie in one another"):
            encode(out)


def test_a_model_must_be_able_to_do_the_task(encode, models, shards, tmp_path):
    with pytest.raises(ParameterError, match=r"IMSAT, which makes cluster labels\. Use: quantal p"):
        encode(model=models / "clusterer")
    fixed = quantal.clustering.GraphDegreeLinkage(2).fit(rows(30, 0))
    fixed.save(tmp_path / "fixed")
    with pytest.raises(ParameterError, match="labels only the rows that it was fitted on"):
        process_folder("predict", tmp_path / "fixed", shards, tmp_path / "out")


def test_a_damaged_manifest_is_refused(encode, tmp_path):
    encode()
    (tmp_path / "out" / "_manifest.json").write_text("{}")
    with pytest.raises(FileFormatError, match=r"_manifest\.json is damaged or not a manifest"):
        encode()


def test_two_runs_into_one_folder_at_once_are_refused(encode):
    def second(*_):
        with pytest.raises(ParameterError, match="Another run is writing to"):
            encode()

    encode(on_shard=second, n_workers=1)


def test_values_out_of_range_are_refused(encode):
    with pytest.raises(ParameterError, match=r"engine must be one of 'local', 'ray', got 'spark'"):
        encode(engine="spark")
    with pytest.raises(ParameterError, match=r"n_workers must be an integer in \[1, inf\), got 0"):
        encode(n_workers=0)

"""Files of codes: what is written is read, and nothing else is."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quantal.codes import pack_bits, read_codes, write_codes
from quantal.errors import DataError, FileFormatError, ParameterError

RNG = np.random.default_rng(0)
CODES = pack_bits(RNG.integers(0, 2, (50, 20)))
NAMES = [f"row é\n{i}" for i in range(50)]
SUFFIXES = pytest.mark.parametrize("suffix", [".npy", ".parquet"])
IDS = pytest.mark.parametrize(
    "ids", [None, list(range(100, 150)), NAMES], ids=["none", "int", "str"]
)


@SUFFIXES
@IDS
def test_codes_come_back_with_width_ids_and_method(tmp_path, suffix, ids):
    path = tmp_path / "folder" / f"codes{suffix}"
    write_codes(path, CODES, 20, ids=ids, method="itq")
    read = read_codes(path)
    np.testing.assert_array_equal(read.packed, CODES)
    assert (read.n_bits, read.method) == (20, "itq")
    assert (None if read.ids is None else list(read.ids)) == ids


@SUFFIXES
@IDS
def test_blocks_give_the_same_file_as_the_whole(tmp_path, suffix, ids):
    path = tmp_path / f"codes{suffix}"
    write_codes(path, (CODES[start : start + 7] for start in range(0, 50, 7)), 20, ids=ids)
    read = read_codes(path)
    np.testing.assert_array_equal(read.packed, CODES)
    assert (None if read.ids is None else list(read.ids)) == ids


@SUFFIXES
def test_no_codes_are_codes_too(tmp_path, suffix):
    path = tmp_path / f"codes{suffix}"
    write_codes(path, CODES[:0], 20, ids=[])
    assert read_codes(path).packed.shape == (0, 3)


def test_numpy_files_are_mapped_and_open_anywhere(tmp_path):
    path = tmp_path / "codes.npy"
    write_codes(path, CODES, 20, ids=range(50))
    read = read_codes(path)
    assert isinstance(read.packed, np.memmap) and isinstance(read.ids, np.memmap)
    np.testing.assert_array_equal(np.load(path, allow_pickle=False), CODES)
    described = json.loads((tmp_path / "codes.npy.json").read_text())
    assert (described["n_bits"], described["bit_order"]) == (20, "little")


def test_parquet_files_say_what_they_hold_in_their_schema(tmp_path):
    path = tmp_path / "codes.parquet"
    write_codes(path, CODES, 20, ids=NAMES)
    schema = pq.read_schema(path)
    assert schema.field("code").type == pa.binary(3) and schema.field("id").type == pa.string()
    assert json.loads(schema.metadata[b"quantal"])["bit_order"] == "little"


@SUFFIXES
def test_an_interrupted_call_leaves_no_codes_and_nothing_else(tmp_path, suffix):
    def blocks():
        yield CODES
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_codes(tmp_path / f"codes{suffix}", blocks(), 20)
    assert list(tmp_path.iterdir()) == []


def test_older_ids_do_not_stay_beside_newer_codes(tmp_path):
    path = tmp_path / "codes.npy"
    write_codes(path, CODES, 20, ids=NAMES)
    write_codes(path, CODES, 20)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["codes.npy", "codes.npy.json"]
    assert read_codes(path).ids is None


@pytest.mark.parametrize("n_ids", [49, 51])
@pytest.mark.parametrize("codes", [CODES, [CODES[:30], CODES[30:]]], ids=["array", "blocks"])
def test_another_number_of_ids_than_codes_is_refused(tmp_path, codes, n_ids):
    with pytest.raises(DataError, match=rf"{n_ids} ids for"):
        write_codes(tmp_path / "codes.npy", codes, 20, ids=range(n_ids))
    assert list(tmp_path.iterdir()) == []


@SUFFIXES
def test_bits_beyond_the_width_are_refused_on_writing(tmp_path, suffix):
    with pytest.raises(DataError, match="codes are not 17 bits wide"):
        write_codes(tmp_path / f"codes{suffix}", CODES, 17)


@pytest.mark.parametrize("name", ["codes.npz", "codes"])
def test_another_suffix_is_refused_with_those_that_exist(tmp_path, name):
    with pytest.raises(
        ParameterError, match=r"says no format of codes\. End it in \.npy or \.parq"
    ):
        write_codes(tmp_path / name, CODES, 20)
    with pytest.raises(ParameterError, match="says no format of codes"):
        read_codes(tmp_path / name)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"codes\.npy is not a file"):
        read_codes(tmp_path / "codes.npy")


def test_a_folder_that_is_a_file_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="cannot be written"):
        write_codes(tmp_path / "file" / "codes.npy", CODES, 20)


@pytest.fixture
def written(tmp_path):
    path = tmp_path / "codes.npy"
    write_codes(path, CODES, 20, ids=NAMES)
    return path


def change(path, **values):
    beside = path.with_name(path.name + ".json")
    beside.write_text(json.dumps({**json.loads(beside.read_text()), **values}))


def test_a_numpy_file_without_its_description_is_refused(written):
    written.with_name("codes.npy.json").unlink()
    with pytest.raises(FileFormatError, match=r"codes\.npy\.json is missing beside codes\.npy"):
        read_codes(written)


def test_a_truncated_numpy_file_is_refused(written):
    written.write_bytes(written.read_bytes()[:-1])
    with pytest.raises(FileFormatError, match="should hold 150 bytes of data and holds 149"):
        read_codes(written)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_rows": 51}, "They are not of one set"),
        ({"n_bits": 30}, "They are not of one set"),
        ({"n_bits": 17}, "not 17 bits wide"),
        ({"n_bits": 0}, "says n_bits is 0, which cannot be"),
        ({"n_bits": True}, "says n_bits is True"),
        ({"n_rows": -1}, "says n_rows is -1"),
        ({"bit_order": "big"}, "says bit_order is 'big'"),
        ({"ids": "uuid"}, "says ids is 'uuid'"),
        ({"method": 3}, "says method is 3"),
        ({"version": 2}, "is version 2 of the format"),
        ({"format": "pictures"}, "does not describe codes"),
        ({"ids": "int64"}, r"codes\.npy\.ids\.npy, the ids, is missing"),
    ],
)
def test_a_description_that_lies_is_refused(written, values, message):
    change(written, **values)
    with pytest.raises(FileFormatError, match=message):
        read_codes(written)


@pytest.mark.parametrize("text", ["[" * 100_000, "not json", "[]", ""])
def test_a_description_that_is_no_object_is_refused(written, text):
    written.with_name("codes.npy.json").write_text(text)
    with pytest.raises(FileFormatError, match="does not describe codes"):
        read_codes(written)


def test_a_description_without_one_of_its_values_is_refused(written):
    path = written.with_name("codes.npy.json")
    known = json.loads(path.read_text())
    for name in sorted(known.keys() - {"format", "version", "ids"}):
        path.write_text(json.dumps({key: value for key, value in known.items() if key != name}))
        with pytest.raises(FileFormatError, match=rf"codes\.npy\.json says {name} is None"):
            read_codes(written)


@pytest.mark.parametrize("text", ['["a"]', "[1]", "{", "null"])
def test_ids_that_are_not_one_string_a_row_are_refused(written, text):
    written.with_name("codes.npy.ids.json").write_text(text)
    with pytest.raises(FileFormatError, match="must hold a list of 50 strings"):
        read_codes(written)


def test_integer_ids_of_another_length_are_refused(tmp_path):
    path = tmp_path / "codes.npy"
    write_codes(path, CODES, 20, ids=range(50))
    np.save(tmp_path / "codes.npy.ids.npy", np.arange(49))
    with pytest.raises(FileFormatError, match=r"holds int64 of shape \(49,\)"):
        read_codes(path)


def test_a_numpy_file_of_other_numbers_is_refused(written):
    np.save(written, CODES.astype(np.int64))
    with pytest.raises(FileFormatError, match=r"holds int64 of shape \(50, 3\)"):
        read_codes(written)


@pytest.mark.parametrize("keep", [0, 10, 200])
def test_a_truncated_parquet_file_is_refused(tmp_path, keep):
    path = tmp_path / "codes.parquet"
    write_codes(path, CODES, 20)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FileFormatError, match="truncated, damaged or not a Parquet file"):
        read_codes(path)


def test_a_parquet_table_of_something_else_is_refused(tmp_path):
    path = tmp_path / "codes.parquet"
    pq.write_table(pa.table({"code": [b"abc"]}), path)
    with pytest.raises(FileFormatError, match="has no entry 'quantal'"):
        read_codes(path)


@pytest.mark.parametrize("column", [[b"abc", None], [b"abc", b"ab"], ["a", "b"]])
def test_a_parquet_column_of_another_type_is_refused(tmp_path, column):
    path = tmp_path / "codes.parquet"
    write_codes(path, CODES, 20)
    metadata = pq.read_schema(path).metadata
    pq.write_table(pa.table({"code": column}).replace_schema_metadata(metadata), path)
    with pytest.raises(FileFormatError, match="should have a column 'code' of fixed_size_binary"):
        read_codes(path)


def test_empty_cells_are_refused(tmp_path):
    path = tmp_path / "codes.parquet"
    write_codes(path, CODES, 20)
    metadata = pq.read_schema(path).metadata
    column = pa.array([b"abc", None], pa.binary(3))
    pq.write_table(pa.table({"code": column}).replace_schema_metadata(metadata), path)
    with pytest.raises(FileFormatError, match="has empty cells"):
        read_codes(path)

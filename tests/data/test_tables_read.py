from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.data import open_source
from quantal.data.arrow_columns import RowCollector, collect
from quantal.data.csv_files import looks_like_header
from quantal.errors import DataError, FileFormatError, QuantalError

A, B = [1.0, 2.0, 3.5], [4, 5, 6]


def parquet(path, **columns):
    pq.write_table(pa.table(columns), path)
    return path


def csv(tmp_path, text):
    path = tmp_path / "t.csv"
    path.write_text(text)
    return path


def test_parquet_numbers_become_columns_and_id_names_the_rows(tmp_path):
    dataset = open_source(parquet(tmp_path / "t.parquet", id=[7, 8, 9], a=A, b=B))
    np.testing.assert_array_equal(dataset.x, np.column_stack([A, B]))
    assert dataset.ids == ["7", "8", "9"]
    assert dataset.reader["columns"] == ["a", "b"]


@pytest.mark.parametrize("kind", [pa.list_(pa.float32(), 2), pa.list_(pa.float32())])
def test_parquet_lists_become_rows_across_batches(tmp_path, kind):
    rows = np.random.default_rng(0).normal(size=(40_000, 2)).astype(np.float32)
    values = pa.array(list(rows), type=kind)
    dataset = open_source(parquet(tmp_path / "t.parquet", embedding=values, id=np.arange(40_000)))
    assert dataset.x.dtype == np.float32
    np.testing.assert_array_equal(dataset.x, rows)
    assert dataset.ids[-1] == "39999"


def test_parquet_lists_of_mixed_lengths_are_refused(tmp_path):
    path = parquet(tmp_path / "t.parquet", v=[[1.0, 2.0], [3.0, 4.0], [5.0]])
    with pytest.raises(DataError, match=r"mixes widths: the list in row 2 .* 'v' has 1 numbers, t"):
        open_source(path)


def test_parquet_text_columns_are_named_with_the_remedy(tmp_path):
    path = parquet(tmp_path / "t.parquet", a=A, name=["x", "y", "z"])
    with pytest.raises(DataError, match=r"not numbers: 'name' \(string\)\..*--columns.*--drop"):
        open_source(path)
    assert open_source(path, columns=["a"]).x.shape == (3, 1)
    assert open_source(path, drop="name").x.shape == (3, 1)


def test_parquet_empty_cells_are_located(tmp_path):
    path = parquet(tmp_path / "t.parquet", a=[1.0, None, 3.0], b=B)
    with pytest.raises(DataError, match=r"column 'a' has 1 empty cell \(NaN\), the first in row 1"):
        open_source(path)


@pytest.mark.parametrize("labels", [[0, 1, 0], [0.0, 1.0, 2.0], [True, False, True]])
def test_a_label_column_is_never_taken_silently(tmp_path, labels):
    path = parquet(tmp_path / "t.parquet", a=A, label=labels)
    with pytest.raises(DataError, match=r"column 'label' looks like labels.*--drop label"):
        open_source(path)
    assert open_source(path, drop=["label"]).reader["columns"] == ["a"]


def test_a_column_y_of_fractions_is_a_measurement(tmp_path):
    path = parquet(tmp_path / "t.parquet", x=A, y=[0.5, 1.5, 2.5])
    assert open_source(path).reader["columns"] == ["x", "y"]


def test_an_unknown_column_suggests_the_closest(tmp_path):
    with pytest.raises(DataError, match=r"no column 'width'.*Did you mean 'widths'"):
        open_source(parquet(tmp_path / "t.parquet", widths=A), columns=["width"])


def test_a_list_beside_numbers_asks_which(tmp_path):
    path = parquet(tmp_path / "t.parquet", a=A, v=[[1.0], [2.0], [3.0]])
    with pytest.raises(DataError, match=r"lists of numbers in v beside.*--columns v"):
        open_source(path)


def test_a_truncated_parquet_is_refused(tmp_path):
    path = parquet(tmp_path / "t.parquet", a=A)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(FileFormatError, match=r"truncated, damaged or not a Parquet file"):
        open_source(path)


def test_decimals_and_booleans_are_numbers(tmp_path):
    decimals = pa.array(["1.5", "2.5", "4"], type=pa.string()).cast(pa.decimal128(5, 2))
    path = parquet(tmp_path / "t.parquet", d=decimals, b=[True, False, True])
    np.testing.assert_array_equal(open_source(path).x, [[1.5, 1], [2.5, 0], [4, 1]])


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2.5\n3,4\n",
        "1,2.5\n3,4\n",
        "a;b\n1;2.5\n3;4\n",
        "\ufeffa,b\n1,2.5\n3,4\n",
        "1\t2.5\n3\t4",
        "1,0;2,5\n3,0;4,0\n",
        "1,0\t2,5\n3,0\t4,0\n",
    ],
)
def test_csv_finds_separator_and_header(tmp_path, text):
    np.testing.assert_array_equal(open_source(csv(tmp_path, text)).x, [[1, 2.5], [3, 4]])


@pytest.mark.parametrize(
    ("first", "second", "answer"),
    [
        (["a", "b"], ["1", "2"], True),
        (["1", "2"], ["3", "4"], False),
        (["name", "2019", "2020"], ["1", "2", "3"], True),
        (["Ann", "1"], ["Bob", "2"], False),
        (["nan", "1"], ["2", "3"], False),
        (["", "a"], ["0", "1"], True),
    ],
)
def test_a_header_is_text_above_numbers(first, second, answer):
    assert looks_like_header(first, second) is answer


def test_csv_reader_finds_the_columns_by_name(tmp_path):
    dataset = open_source(csv(tmp_path, "a,b\n1,2\n3,4\n"))
    (tmp_path / "new.csv").write_text("c,b,a\nx,9,8\n")
    np.testing.assert_array_equal(open_source(tmp_path / "new.csv", **dataset.reader).x, [[8, 9]])


def test_csv_ragged_rows_are_named(tmp_path):
    with pytest.raises(DataError, match=r"mixes widths: .* has 1 fields, the first line has 2"):
        open_source(csv(tmp_path, "a,b\n1,2\n3\n"))


def test_csv_fractions_far_below_whole_numbers_are_read(tmp_path):
    text = "a,b\n" + "1,1234567890123456789\n" * 900_000 + "1.5,2\n"  # more than one block
    x = open_source(csv(tmp_path, text)).x
    assert x[-1, 0] == 1.5


def test_csv_gaps_count_as_nan(tmp_path):
    with pytest.raises(DataError, match=r"column 'b' has 1 empty cell \(NaN\), the first in row 1"):
        open_source(csv(tmp_path, "a,b\n1,2\n3,\n"))


@pytest.mark.parametrize(("text", "message"), [("", "is empty"), ("a,b\n", "no rows")])
def test_csv_without_rows_says_so(tmp_path, text, message):
    with pytest.raises(DataError, match=message):
        open_source(csv(tmp_path, text))


def test_csv_of_labels_is_recognised(tmp_path):
    with pytest.raises(DataError, match=r"looks like labels"):
        open_source(csv(tmp_path, "0\n1\n0\n1\n2\n2\n"))


def test_csv_that_is_not_utf8_is_refused(tmp_path):
    (tmp_path / "t.csv").write_bytes("größe,b\n1,2\n".encode("latin-1"))
    with pytest.raises(FileFormatError, match=r"not UTF-8 text.*iconv"):
        open_source(tmp_path / "t.csv")


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='a1.,;\n"\t- é', max_size=40) | st.binary(max_size=40))
def test_any_csv_gives_rows_or_one_of_our_errors(tmp_path_factory, raw):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    path.write_bytes(raw.encode() if isinstance(raw, str) else raw)
    try:
        open_source(path)
    except QuantalError as error:
        assert "\n" not in str(error)


def test_a_comma_beside_semicolons_is_the_decimal_point(tmp_path):
    x = open_source(csv(tmp_path, "a;b\n1;2,5\n3;4,5\n")).x
    np.testing.assert_array_equal(x, [[1, 2.5], [3, 4.5]])


def test_a_ragged_row_that_is_not_utf8_says_so_and_nothing_else(tmp_path, capfd):
    path = tmp_path / "rows.csv"
    path.write_bytes(b"a,b,c\n1,2,3\n4,\xff5,6,7\n")
    with pytest.raises(DataError, match=r"rows\.csv mixes widths: .* has 4 fields, .* has 3"):
        open_source(path)
    assert capfd.readouterr().err == ""


def test_a_parquet_column_whose_name_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"abcdefgh": [1.0, 2.0]}), path, store_schema=False)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"\xffbcdefgh"))
    with pytest.raises(
        FileFormatError, match=r"rows\.parquet is truncated, damaged or not a Parqu"
    ):
        open_source(path)


@pytest.mark.parametrize(("n_rows", "text"), [(1, "more than 1 rows"), (3, "2 of 3 rows")])
def test_a_table_with_another_number_of_rows_than_it_says_is_refused(n_rows, text):
    table = pa.table({"a": [1.0, 2.0]})
    collector = RowCollector(["a"], table.schema, n_rows, "rows.parquet")
    with pytest.raises(FileFormatError, match=rf"rows\.parquet holds {text} that it says it has"):
        collect(table.to_batches(), collector)


def test_a_parquet_file_that_counts_less_than_nothing_has_no_rows(tmp_path, monkeypatch):
    path = parquet(tmp_path / "t.parquet", a=A, b=B)
    counts = property(lambda file: SimpleNamespace(num_rows=-4))
    monkeypatch.setattr(pq.ParquetFile, "metadata", counts)
    with pytest.raises(DataError, match=r"t\.parquet has no rows"):
        open_source(path)

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.data import open_source
from quantal.errors import DataError, FileFormatError, QuantalError


def write(path, rows, widths=None):
    with path.open("wb") as stream:
        for i, row in enumerate(rows):
            width = len(row) if widths is None else widths[i]
            stream.write(np.int32(width).tobytes() + row.tobytes())
    return path


@pytest.mark.parametrize(("suffix", "dtype"), [("fvecs", "f4"), ("bvecs", "u1"), ("ivecs", "i4")])
def test_vectors_are_a_view_of_the_file(tmp_path, suffix, dtype):
    rows = np.arange(30).reshape(6, 5).astype(dtype)
    x = open_source(write(tmp_path / f"a.{suffix}", rows)).x
    assert isinstance(x, np.memmap)
    assert x.base is not None
    assert x.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(x, rows)


def test_a_row_of_another_width_is_named(tmp_path):
    rows = np.ones((5, 4), dtype=np.uint8)
    path = write(tmp_path / "a.bvecs", rows, widths=[4, 4, 4, 3, 4])
    with pytest.raises(FileFormatError, match=r"mixes widths: row 3 .* says 3 components, row 0"):
        open_source(path)


@pytest.mark.parametrize("width", [0, -7, 2_000_000_000])
def test_an_absurd_width_is_refused(tmp_path, width):
    path = write(tmp_path / "a.bvecs", np.ones((2, 4), dtype=np.uint8), widths=[width, 4])
    with pytest.raises(FileFormatError, match=rf"first row has {width} components; allowed are 1"):
        open_source(path)


def test_a_width_larger_than_the_file_is_refused(tmp_path):
    path = write(tmp_path / "a.fvecs", np.ones((2, 4), dtype=np.float32), widths=[400, 4])
    with pytest.raises(FileFormatError, match=r"400 components .*1604 bytes.*the file holds 40"):
        open_source(path)


def test_a_truncated_last_row_is_refused(tmp_path):
    path = write(tmp_path / "a.fvecs", np.random.default_rng(0).normal(size=(4, 3)).astype("f4"))
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(FileFormatError, match=r"is truncated: rows of 3 .* last one has only 11"):
        open_source(path)


def test_an_empty_file_has_no_rows(tmp_path):
    (tmp_path / "a.fvecs").write_bytes(b"")
    with pytest.raises(DataError, match=r"is empty: no rows"):
        open_source(tmp_path / "a.fvecs")


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(["fvecs", "bvecs", "ivecs"]), st.binary(max_size=64))
def test_any_bytes_give_rows_or_one_of_our_errors(tmp_path_factory, suffix, raw):
    path = tmp_path_factory.getbasetemp() / f"fuzz.{suffix}"
    path.write_bytes(raw)
    try:
        open_source(path)
    except QuantalError as error:
        assert "\n" not in str(error)

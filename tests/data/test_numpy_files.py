from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from quantal.data import open_source
from quantal.errors import DataError, FileFormatError, QuantalError

ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "u1", "i4", "?", ">f4"])
def test_npy_is_a_memory_map_in_the_dtype_of_the_file(tmp_path, dtype):
    rows = (ROWS > 5).astype(dtype) if dtype == "?" else ROWS.astype(dtype)
    np.save(tmp_path / "rows.npy", rows)
    x = open_source(tmp_path / "rows.npy").x
    assert isinstance(x, np.memmap)
    assert not x.flags.writeable
    assert x.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(x, rows)


def test_npy_in_fortran_order_keeps_its_rows(tmp_path):
    np.save(tmp_path / "rows.npy", np.asfortranarray(ROWS))
    np.testing.assert_array_equal(open_source(tmp_path / "rows.npy").x, ROWS)


def test_npy_header_that_claims_more_than_the_file_holds_is_refused(tmp_path):
    path = tmp_path / "rows.npy"
    np.save(path, ROWS)
    path.write_bytes(path.read_bytes().replace(b"(4, 3)", b"(9, 3)"))
    with pytest.raises(FileFormatError, match=r"truncated.*\(9, 3\).*108 bytes, but 48 bytes"):
        open_source(path)


def test_npy_header_of_astronomic_size_allocates_nothing(tmp_path):
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999, 99999999999), }"
    path = tmp_path / "bomb.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"abcd")
    with pytest.raises(FileFormatError, match=r"truncated"):
        open_source(path)


def test_npy_with_a_second_array_behind_is_refused(tmp_path):
    with (tmp_path / "rows.npy").open("wb") as stream:
        np.save(stream, ROWS)
        np.save(stream, ROWS)
    with pytest.raises(FileFormatError, match=r"holds more than one array"):
        open_source(tmp_path / "rows.npy")


def test_npy_of_objects_is_refused_without_unpickling(tmp_path):
    np.save(tmp_path / "rows.npy", np.array([{"a": 1}, None]), allow_pickle=True)
    with pytest.raises(FileFormatError, match=r"Python objects.*never loads pickles"):
        open_source(tmp_path / "rows.npy")


def test_npy_without_rows_says_so(tmp_path):
    np.save(tmp_path / "rows.npy", np.empty((0, 3)))
    with pytest.raises(DataError, match=r"rows\.npy has no rows.*not empty"):
        open_source(tmp_path / "rows.npy")


@pytest.mark.parametrize("y", [np.array([0, 1, 2, 0, 1, 2]), np.array([[0], [1], [0], [1], [1]])])
def test_labels_given_as_data_are_recognised(tmp_path, y):
    np.save(tmp_path / "y.npy", y)
    with pytest.raises(DataError, match=r"y\.npy looks like labels, not data.*learns without"):
        open_source(tmp_path / "y.npy")


def test_one_column_of_many_distinct_integers_is_data(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(50)[:, None])
    assert open_source(tmp_path / "x.npy").x.shape == (50, 1)


def test_npz_prefers_x_and_never_takes_labels(tmp_path):
    np.savez(tmp_path / "a.npz", y=np.zeros((4, 1), int), other=ROWS + 1, x=ROWS)
    dataset = open_source(tmp_path / "a.npz")
    np.testing.assert_array_equal(dataset.x, ROWS)
    assert dataset.reader == {"key": "x", "like": "vectors"}


def test_npz_takes_the_only_candidate(tmp_path):
    np.savez(tmp_path / "a.npz", features=ROWS, labels=np.zeros((4, 1), int), split=np.zeros(4))
    assert open_source(tmp_path / "a.npz").reader["key"] == "features"


def test_npz_with_two_candidates_asks_for_a_key(tmp_path):
    np.savez(tmp_path / "a.npz", a=ROWS, b=ROWS)
    with pytest.raises(DataError, match=r"several arrays.*'a' \(4, 3\).*key='a' \(--key a\)"):
        open_source(tmp_path / "a.npz")
    assert open_source(tmp_path / "a.npz", key="b").x.shape == (4, 3)


def test_npz_with_an_unknown_key_suggests_the_closest(tmp_path):
    np.savez(tmp_path / "a.npz", features=ROWS)
    with pytest.raises(DataError, match=r"no array 'feature'.*Did you mean 'features'"):
        open_source(tmp_path / "a.npz", key="feature")


def test_npz_with_labels_only_says_what_to_save(tmp_path):
    np.savez(tmp_path / "a.npz", y=np.zeros(4, int))
    with pytest.raises(DataError, match=r"no array of rows.*two-dimensional array named 'x'"):
        open_source(tmp_path / "a.npz")


def test_npz_of_objects_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.array([[None], [1]]))
    with pytest.raises(FileFormatError, match=r"Python objects"):
        open_source(tmp_path / "a.npz")


def test_npz_member_that_lies_about_its_size_is_refused_before_allocation(tmp_path):
    member = io.BytesIO()
    np.save(member, ROWS)
    lie = member.getvalue().replace(b"(4, 3), }     ", b"(4, 30000000)}")
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", lie)
    with pytest.raises(FileFormatError, match=r"its header says 480000000 bytes.*holds 48"):
        open_source(tmp_path / "a.npz")


def test_truncated_npz_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.random.default_rng(0).normal(size=(50, 4)))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(FileFormatError, match=r"truncated or damaged"):
        open_source(path)


def test_sparse_npz_stays_sparse(tmp_path):
    x = sp.random_array((20, 30), density=0.2, format="csr", rng=np.random.default_rng(0))
    sp.save_npz(tmp_path / "counts.npz", x)
    read = open_source(tmp_path / "counts.npz").x
    assert read.format == "csr"
    np.testing.assert_array_equal(read.toarray(), x.toarray())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 127), st.integers(0, 255), st.integers(0, 175))
def test_a_damaged_npy_gives_rows_or_one_of_our_errors(tmp_path_factory, at, value, cut):
    stream = io.BytesIO()
    np.save(stream, ROWS)
    raw = bytearray(stream.getvalue())
    raw[at] = value
    path = tmp_path_factory.getbasetemp() / "fuzz.npy"
    path.write_bytes(raw if cut > 100 else raw[: cut + 76])
    try:
        open_source(path)
    except QuantalError as error:
        assert "\n" not in str(error)

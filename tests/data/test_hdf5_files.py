from __future__ import annotations

import sys

import numpy as np
import pytest

from quantal.data import open_source
from quantal.errors import DataError, FileFormatError, MissingExtraError

h5py = pytest.importorskip("h5py")
ROWS = np.arange(12, dtype=np.float32).reshape(4, 3)


def write(path, **arrays):
    with h5py.File(path, "w") as file:
        for key, value in arrays.items():
            file[key] = value
    return path


def test_the_only_array_of_rows_is_read_and_labels_are_not(tmp_path):
    dataset = open_source(
        write(tmp_path / "a.h5", **{"group/data": ROWS, "labels": np.ones((4, 1))})
    )
    np.testing.assert_array_equal(dataset.x, ROWS)
    assert dataset.reader["key"] == "group/data"


def test_a_key_chooses_the_array(tmp_path):
    path = write(tmp_path / "a.h5", a=ROWS, b=ROWS + 1)
    np.testing.assert_array_equal(open_source(path, key="b").x, ROWS + 1)
    with pytest.raises(DataError, match=r"several arrays"):
        open_source(path)


def test_text_arrays_are_refused(tmp_path):
    path = write(tmp_path / "a.h5", a=np.array([[b"x", b"y"]]))
    with pytest.raises(DataError, match=r"rows must be numbers"):
        open_source(path, key="a")


def test_a_truncated_file_is_refused(tmp_path):
    path = write(tmp_path / "a.h5", x=np.random.default_rng(0).normal(size=(100, 10)))
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(FileFormatError, match=r"truncated, damaged or not an HDF5 file"):
        open_source(path)


def test_a_declared_size_beyond_memory_allocates_nothing(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", (10**9, 10**6), "f4", chunks=(1, 1000))
    with pytest.raises(DataError, match=r"needs 3725290\.3 GiB.*Save the rows as \.npy"):
        open_source(tmp_path / "a.h5")


def test_without_h5py_the_command_to_install_it_is_given(tmp_path, monkeypatch):
    path = write(tmp_path / "a.h5", x=ROWS)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'quantal\[hdf5\]'"):
        open_source(path)


def test_an_array_whose_name_is_not_utf8_is_refused_by_the_file(tmp_path):
    path = write(tmp_path / "a.h5", abcdefgh=ROWS)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"\xffbcdefgh"))
    with pytest.raises(FileFormatError, match=r"a\.h5 is truncated, damaged or not an HDF5 file"):
        open_source(path)

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from quantal.data import release_pages, row_chunks

STATUS = Path(
    "/proc/self/status"
)  # its peak is the process's own; getrusage's includes its parent's

MEASURE = """
import sys
from quantal.data import open_source
import numpy as np, scipy.sparse
def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
before = peak()
x = open_source(sys.argv[1]).x
print(int(peak() - before), x.shape[0])
"""


@pytest.mark.skipif(not STATUS.exists(), reason="peaks are read from Linux's /proc")
def test_a_file_larger_than_the_allowance_is_checked_in_flat_memory(tmp_path):
    path = tmp_path / "large.npy"
    x = np.lib.format.open_memmap(path, "w+", np.float32, (512 * 1024, 256))  # 512 MiB, sparse
    x[0, 0] = 1
    del x
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    grown, rows = map(int, result.stdout.split())
    assert rows == 512 * 1024
    assert grown < 64, f"resident memory grew by {grown} MiB on a file of 512 MiB"


def test_chunks_cover_every_row_once():
    x = np.arange(70).reshape(10, 7)
    chunks = list(row_chunks(x, max_bytes=3 * 7 * x.itemsize))
    assert [start for start, _ in chunks] == [0, 3, 6, 9]
    np.testing.assert_array_equal(np.concatenate([rows for _, rows in chunks]), x)


def test_released_rows_can_be_read_again(tmp_path):
    np.save(tmp_path / "a.npy", np.arange(5000.0))
    x = np.load(tmp_path / "a.npy", mmap_mode="r")
    view = x[10:].reshape(-1, 5)
    assert view.sum() == np.arange(10, 5000).sum()
    assert release_pages(view) == hasattr(__import__("mmap"), "MADV_DONTNEED")
    assert view.sum() == np.arange(10, 5000).sum()


def test_changes_in_a_copy_on_write_map_are_kept(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(5000))
    x = np.load(tmp_path / "a.npy", mmap_mode="c")
    x[:] = 7
    assert not release_pages(x)
    assert x.sum() == 35000


@pytest.mark.parametrize("x", [np.ones(3), np.ones((4, 4))[1:], "text"])
def test_nothing_is_released_without_a_map(x):
    assert not release_pages(x)

"""What a file or folder that cannot be written is told as."""

from __future__ import annotations

import errno
import os

import pytest

from quantal.codes.stores.address import parse_address
from quantal.codes.stores.folder import new_folder
from quantal.data.partial_file import explained, partial_file
from quantal.errors import ParameterError

FULL = f"Error: 'ret == (size)' failed: write error in x: 0 != 8 ({os.strerror(errno.ENOSPC)})"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "Full"), RuntimeError(FULL)])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_full_disk_is_told_in_one_line_and_leaves_nothing(tmp_path, error, kind):
    address = parse_address(f"faiss:{tmp_path / 'store'}", ["faiss"])
    new = partial_file(tmp_path / "codes.npy") if kind == "file" else new_folder(address)
    with pytest.raises(ParameterError, match=r"cannot be written \(.*make room"), new as path:
        (path if kind == "file" else path / "a").write_bytes(b"half")
        raise error
    assert not list(tmp_path.iterdir())


def test_another_error_of_a_library_is_passed_on(tmp_path):
    with pytest.raises(RuntimeError, match="not trained"), partial_file(tmp_path / "a"):
        raise RuntimeError("not trained")


def test_what_comes_after_the_remedy_is_said_last(tmp_path):
    expected = r"\(Full\)\. Choose another path, or make room\. Then go on\.$"
    with pytest.raises(ParameterError, match=expected), explained(tmp_path, "Then go on."):
        raise OSError(errno.ENOSPC, "Full")

"""Folders of stores: what was there is never lost, nor what a user put beside it."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from quantal.codes import Codes, open_store, write_store
from quantal.errors import ParameterError

FOLDERS = ("faiss", "usearch", "lancedb", "pgvector", "elasticsearch")
CODES = Codes(np.arange(100, dtype=np.uint8)[:, None], 8, ids=[str(row) for row in range(100)])
FEWER = Codes(CODES.packed[:40], 8)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def left_behind():
    return sorted(path.name for path in Path().iterdir())


@pytest.mark.parametrize("reason", [OSError(5, "Input/output error"), KeyboardInterrupt()])
def test_a_store_comes_back_where_the_new_one_cannot_take_its_name(reason, monkeypatch):
    write_store("faiss:gallery", CODES)
    replace = Path.replace

    def once(path, target):
        if path.name.endswith(".partial") and path.is_dir():
            raise reason
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", once)
    with pytest.raises((ParameterError, KeyboardInterrupt)):
        write_store("faiss:gallery", FEWER)
    assert len(open_store("faiss:gallery")) == 100
    assert left_behind() == ["gallery"]


@pytest.mark.parametrize("store", FOLDERS)
def test_a_folder_that_a_user_put_files_into_is_not_replaced(store):
    write_store(f"{store}:gallery", CODES)
    write_store(f"{store}:gallery", FEWER)  # nothing of our own is in the way
    Path("gallery/my notes.txt").write_text("mine")
    with pytest.raises(ParameterError) as caught:
        write_store(f"{store}:gallery", CODES)
    assert str(caught.value) == (
        "gallery also holds 'my notes.txt', which quantal did not write and would delete. Move it "
        "elsewhere, or choose another path."
    )
    Path("gallery/dump").mkdir()
    with pytest.raises(ParameterError, match="also holds 'dump' and 1 more, which quantal did not"):
        write_store(f"{store}:gallery", CODES)
    assert Path("gallery/my notes.txt").read_text() == "mine"


def test_a_store_is_replaced_by_one_of_another_kind():
    for store in (*FOLDERS, *FOLDERS):
        write_store(f"{store}:gallery", CODES)
    assert left_behind() == ["gallery"]


def test_what_a_killed_run_of_the_same_process_id_left_is_in_nobodys_way():
    Path(f".gallery.{os.getpid()}.partial").mkdir()
    write_store("faiss:gallery", CODES)
    assert len(open_store("faiss:gallery")) == 100


def test_a_folder_has_the_permissions_that_the_user_wants():
    before = os.umask(0o027)
    try:
        write_store("faiss:gallery", CODES)
    finally:
        os.umask(before)
    assert Path("gallery").stat().st_mode & 0o777 == 0o750

"""Runs beside other runs and other machines, and after kills at odd moments."""

from __future__ import annotations

import errno
import fcntl
import os
import socket

import pyarrow.parquet as pq
import pytest
from parquet_folders import rows, table

from quantal.errors import DataError, ParameterError


def test_a_file_system_without_locks_is_not_taken_for_another_run(encode, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOSYS, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(ParameterError, match=r"has no locks \(Function not implemented\), so two"):
        encode()


def test_only_what_this_machine_left_is_removed(encode, tmp_path):
    encode()
    host = socket.gethostname()
    ours, theirs = f".s0.parquet.{host}-7.abc_1.partial", f".s0.parquet.{host}-2-7.abc_1.partial"
    for name in (ours, theirs):
        (tmp_path / "out" / name).write_text("")
    encode()
    assert not (tmp_path / "out" / ours).exists()
    assert (tmp_path / "out" / theirs).exists()


def test_the_lock_stays_so_that_two_runs_never_lock_two_files(encode, tmp_path):
    encode()
    inode = (tmp_path / "out" / "_lock").stat().st_ino
    encode()
    assert (tmp_path / "out" / "_lock").stat().st_ino == inode


def test_a_kill_in_the_first_manifest_does_not_forbid_the_run(encode, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / f"._manifest.json.{os.getpid() + 1}.partial").write_text("{")
    assert encode().n_shards == 5


def test_a_damaged_shard_may_be_mended_after_a_run_that_was_stopped(
    encode, shards, tmp_path, monkeypatch
):
    bad = rows(300, 0)
    bad[7, 2] = float("nan")
    pq.write_table(table(bad, ids="s0"), shards / "s0.parquet")
    with pytest.raises(DataError, match=r"s0\.parquet"):
        encode()

    def stop(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("quantal.scale.folder_run._outcomes", stop)
        with pytest.raises(KeyboardInterrupt):
            encode()
    pq.write_table(table(rows(300, 0), ids="s0"), shards / "s0.parquet")
    assert encode().n_skipped == 4
    encode("again")
    assert (tmp_path / "out" / "_manifest.json").read_bytes() == (
        tmp_path / "again" / "_manifest.json"
    ).read_bytes()


def test_columns_and_drop_are_not_both_taken(encode):
    with pytest.raises(ParameterError, match="Columns to use and columns to drop were both given"):
        encode(columns=["c0", "c1"], drop=["c2"])

"""Beyond one process: folders of Parquet shards, by threads of this machine or by Ray."""

from __future__ import annotations

from .folder_run import FolderResult, process_folder

__all__ = ["FolderResult", "process_folder"]

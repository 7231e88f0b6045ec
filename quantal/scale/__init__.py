"""Beyond one process: folders of Parquet shards, and fits that Ray Train starts."""

from __future__ import annotations

from .folder_run import FolderResult, process_folder
from .ray_train import fit_on_ray

__all__ = ["FolderResult", "fit_on_ray", "process_folder"]

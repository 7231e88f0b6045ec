"""Readers, checks, named data sets and scaling."""

from __future__ import annotations

from . import named
from .dataset import Dataset
from .description import describe
from .memory_map import release_pages, row_chunks
from .scaling import pixels_to_unit_range
from .sources import open_source
from .validation import require_usable_rows

__all__ = [
    "Dataset",
    "describe",
    "named",
    "open_source",
    "pixels_to_unit_range",
    "release_pages",
    "require_usable_rows",
    "row_chunks",
]

"""Durations as the tables show them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def shown_seconds(seconds: float) -> str:
    """Three digits that count, written out: ``0.254``, ``96``, ``4,310``."""
    rounded = float(f"{seconds:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.3g}"


def median_seconds(seconds: Sequence[float]) -> str:
    """The median of some runs, or a dash of none."""
    return shown_seconds(statistics.median(seconds)) if seconds else "-"

"""Pictures of what was learnt, and a page about it."""

from __future__ import annotations

from .components import SpacePanel, scatter_space
from .curves import CurvePanel, curves
from .grid import cluster_grid
from .image_file import save_image
from .page import write_report
from .palette import palette
from .scatter import RegionPanel, scatter_regions

__all__ = [
    "CurvePanel",
    "RegionPanel",
    "SpacePanel",
    "cluster_grid",
    "curves",
    "palette",
    "save_image",
    "scatter_regions",
    "scatter_space",
    "write_report",
]

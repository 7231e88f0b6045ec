"""Fitted models as graphs that other programs run: network and pre-processing in one ONNX file."""

from __future__ import annotations

from .graph_of_model import exportable_methods
from .onnx_file import export_onnx
from .parity import Parity

__all__ = ["Parity", "export_onnx", "exportable_methods"]

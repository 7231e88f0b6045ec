"""The explorer: local web pages on which a person looks through clusters and corrects them."""

from __future__ import annotations

from .front import STATIC, explorer_routes

__all__ = ["STATIC", "explorer_routes"]

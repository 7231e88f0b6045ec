"""The local server: a page to look at clusters in, and a REST interface to the same model."""

from __future__ import annotations

from .server import create_app
from .settings import ServerSettings

__all__ = ["ServerSettings", "create_app"]

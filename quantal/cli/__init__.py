"""The command line: arguments to one call, errors to one line. No mathematics, no learning."""

from __future__ import annotations

from .program import app, main

__all__ = ["app", "main"]

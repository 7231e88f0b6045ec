"""Text that any writer takes."""

from __future__ import annotations


def valid_text(name: object) -> str:
    """Return a name with "?" for what no UTF-8 can hold: parts of file names that are no text."""
    return str(name).encode("utf-8", "replace").decode("utf-8")

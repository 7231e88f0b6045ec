"""Ctrl-C with something to say."""

from __future__ import annotations


class Interrupted(Exception):  # noqa: N818  (not an error: the user asked for it)
    """The user stopped a command; the text says what is left and how to go on."""

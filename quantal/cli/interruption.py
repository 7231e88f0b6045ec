"""Ctrl-C with something to say."""

from __future__ import annotations


class Interrupted(Exception):
    """The user stopped a command; the text says what is left and how to go on."""

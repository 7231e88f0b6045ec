"""Edits in a file of their own."""

from __future__ import annotations

import pytest
from editing import IDENTITY, LABELS, start

from quantal.app.explorer.curation import Curation


@pytest.fixture
def reopen(tmp_path):
    """Return a function that opens the one file of edits, as a server that starts again."""
    opened = []

    def open_again(identity=None):
        while opened:
            opened.pop().close()
        made = Curation(tmp_path / "edits.sqlite", identity or IDENTITY, start, len(LABELS))
        opened.append(made)
        return made

    yield open_again
    while opened:
        opened.pop().close()


@pytest.fixture
def state(reopen):
    return reopen()

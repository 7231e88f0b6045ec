"""The property that every reader has: a correct result or a QuantalError that names the file.

Never another exception, never seconds of work on a few bytes, never a file beside what was given.
"""

from __future__ import annotations

import contextlib
import signal
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import scipy.sparse as sp

from quantal.errors import QuantalError

from .damage import Step, damaged

SECONDS = 5.0  # of processor time, for a file of some kilobytes


class TooLongError(BaseException):
    """A reader works without end; not an Exception, so no reader can swallow it."""


@dataclass(frozen=True)
class Target:
    """One reader and small valid files for it.

    Attributes:
        name: what reports call it.
        files: what a valid set holds: path in its folder -> content. Damage goes to one of them.
        read: reads the set in the folder given, and looks at all of the result.
        named: a text that every refusal must hold; default: the name of a file in ``files``.
        pack: what turns the damaged parts into the files of the set; default: they are the files.
        harm: damages one part, given its name, content and steps.
    """

    name: str
    files: Mapping[str, bytes]
    read: Callable[[Path], Any]
    named: str = ""
    pack: Callable[[dict[str, bytes]], dict[str, bytes]] = dict
    harm: Callable[[str, bytes, list[Step]], bytes] = lambda name, content, steps: damaged(
        content, steps
    )

    def write_damaged(self, part: int, steps: list[Step], folder: Path) -> None:
        """Put a set with one damaged part into an empty folder."""
        parts = dict(self.files)
        name = sorted(parts)[part % len(parts)]
        parts[name] = self.harm(name, parts[name], steps)
        self.write(parts, folder)

    def write(self, parts: dict[str, bytes], folder: Path) -> None:
        """Put a set, damaged or not, into an empty folder."""
        for name, content in self.pack(parts).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooLongError after so many seconds of this process's work (not of waiting)."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLongError(f"no answer after {seconds} seconds of work")

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def judge(target: Target, folder: Path) -> str:
    """Read the set in ``folder``; return "read" or the refusal, raise for anything else."""
    before = listing(folder.parent)
    with warnings.catch_warnings(), time_limit(SECONDS):
        warnings.simplefilter("ignore")
        try:
            target.read(folder)
            outcome = "read"
        except QuantalError as error:
            outcome = str(error)
    if outcome != "read":
        names = [target.named, *(Path(name).name for name in target.files)]
        assert any(name and name in outcome for name in names), f"names no file: {outcome}"
        assert "\n" not in outcome, f"more than one line: {outcome}"
    assert listing(folder.parent) == before, "a file appeared or went"
    return outcome


def listing(folder: Path) -> set[str]:
    """Return every path below ``folder``."""
    return {str(path) for path in folder.rglob("*")}


def require_sound_rows(x: Any, ids: Any = None) -> None:
    """Look at every number of rows that a reader returned."""
    values = x.data if sp.issparse(x) else np.asarray(x)
    assert values.dtype.kind in "biuf"
    assert np.isfinite(values.astype(np.float64)).all()
    assert len(x.shape) >= 2
    assert min(x.shape) >= 1
    assert ids is None or len(ids) == x.shape[0]

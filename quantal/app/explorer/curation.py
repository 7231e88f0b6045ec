"""What a person has made of a model's clusters: the state, its edits, undo and redo."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock

import numpy as np
from numpy.typing import NDArray

from ...errors import ParameterError
from . import edits as kinds
from .assignment import Assignment, Change
from .cluster import Cluster, Tag
from .edit_file import EditFile
from .edits import Edit
from .identity import require_same
from .starting_labels import Start

UNSOUND = (KeyError, IndexError, TypeError, ValueError, ArithmeticError, zlib.error)


@dataclass(frozen=True)
class Entry:
    """One line of the history: what was done, when (UTC), and whether it still holds."""

    summary: str
    made: str
    holds: bool


class Curation:
    """Labels, names and junk marks after a person's edits, kept in a file.

    Every edit is in the file before it is seen; opened again, the file gives the same state. All
    methods may be called from several threads.

    Args:
        path: the file of edits, an SQLite database; made where there is none.
        identity: `identity_of` the model and data.
        start: gives the labels before any edit; called for a new file only.
        n_rows: rows of the data.

    Raises:
        FileFormatError: The file is damaged or is something else.
        ParameterError: It belongs to another model or other data, or cannot be written.
    """

    def __init__(
        self, path: Path, identity: dict[str, str], start: Callable[[], Start], n_rows: int
    ) -> None:
        self._lock = RLock()
        self._file = EditFile(path)
        try:
            self._open(identity, start, n_rows)
        except BaseException:
            self._file.close()
            raise

    def _open(self, identity: dict[str, str], start: Callable[[], Start], n_rows: int) -> None:
        found = self._file.about()
        if found:
            require_same(self._file.path, found, identity)
        else:
            self._file.begin(identity, start())
        base = self._file.start(n_rows)
        self.original = base.labels
        self.measure = base.measure
        self._now = Assignment(base.labels, base.scores, base.n_clusters)
        self._edits, self._done = self._file.edits()
        self._changes: list[Change] = []
        for edit, _ in self._edits[: self._done]:
            self._changes.append(self._replay(edit))
        self.version = 0

    def _replay(self, edit: Edit) -> Change:
        try:
            change = kinds.change_of(self._now, edit)
            self._now.apply(change)
        except UNSOUND as error:
            raise self._file.damaged(f"{edit.kind}: {error}") from None
        return change

    def close(self) -> None:
        """Close the file of edits."""
        with self._lock:
            self._file.close()

    @property
    def path(self) -> Path:
        """The file of edits."""
        return self._file.path

    def __len__(self) -> int:
        return len(self.original)

    @property
    def scores(self) -> NDArray[np.float32]:
        """How typical each row is, (n,) in [0, 1]."""
        return self._now.scores

    def labels(self) -> NDArray[np.int32]:
        """Return a copy of all labels, (n,)."""
        with self._lock:
            return self._now.labels.copy()

    def labels_and_tags(self) -> tuple[NDArray[np.int32], list[Tag]]:
        """Return a copy of all labels, and the tag of every cluster by its number."""
        with self._lock:
            tags = {number: cluster.tag for number, cluster in self._now.clusters.items()}
            listed = [tags.get(number, Tag()) for number in range(max(tags) + 1)]
            return self._now.labels.copy(), listed

    def labels_of(self, rows: Sequence[int] | NDArray[np.integer]) -> list[int]:
        """Return the labels of some rows."""
        with self._lock:
            return [int(label) for label in self._now.labels[np.asarray(rows, np.int64)]]

    def clusters_of(self, rows: Sequence[int] | NDArray[np.integer]) -> list[Cluster]:
        """Return the cluster of each of some rows."""
        with self._lock:
            return [self._now.clusters[number] for number in self.labels_of(rows)]

    def clusters(self) -> list[Cluster]:
        """Return the clusters that have members, by number."""
        with self._lock:
            found = [cluster for cluster in self._now.clusters.values() if len(cluster)]
        return sorted(found, key=lambda cluster: cluster.number)

    def cluster(self, number: int) -> Cluster:
        """Return one cluster.

        Raises:
            ParameterError: There is none of that number with members.
        """
        with self._lock:
            return kinds.existing(self._now, number)

    def merge(self, numbers: Sequence[int]) -> int:
        """Join clusters into the largest of them, see `edits.merge`; return its number."""
        with self._lock:
            edit = kinds.merge(self._now, numbers)
            self._make(edit)
        return int(edit.arguments["into"])

    def split(self, cluster: Cluster, parts: NDArray[np.integer]) -> None:
        """Divide a cluster into parts that were found outside; see `edits.split`.

        Raises:
            ParameterError: The cluster was changed meanwhile, or there is one part only.
        """
        with self._lock:
            if kinds.existing(self._now, cluster.number).members is not cluster.members:
                raise ParameterError(
                    f"{cluster.title} was changed while it was being split. Try again."
                )
            self._make(kinds.split(self._now, cluster, parts))

    def rename(self, number: int, name: str) -> None:
        """Name a cluster, see `edits.rename`."""
        with self._lock:
            self._make(kinds.rename(self._now, number, name))

    def mark_junk(self, number: int, is_junk: bool) -> None:
        """Put a cluster aside or take it back, see `edits.junk`."""
        with self._lock:
            self._make(kinds.junk(self._now, number, is_junk))

    def move(self, rows: Sequence[int], number: int) -> None:
        """Move rows to another cluster, see `edits.move`."""
        with self._lock:
            self._make(kinds.move(self._now, rows, number))

    def _make(self, edit: Edit) -> None:
        change = kinds.change_of(self._now, edit)
        made = self._file.append(edit, after=self._done)
        self._now.apply(change)
        self._edits[self._done :] = [(edit, made)]
        self._changes.append(change)
        self._done += 1
        self.version += 1

    def undo(self) -> None:
        """Take back the last edit that holds.

        Raises:
            ParameterError: There is none.
        """
        with self._lock:
            if not self._done:
                raise ParameterError("There is nothing to undo: no edit holds.")
            self._file.set_done(self._done - 1, before=self._done)
            self._now.revert(self._changes.pop())
            self._done -= 1
            self.version += 1

    def redo(self) -> None:
        """Make the last undone edit hold again.

        Raises:
            ParameterError: There is none, or another edit took its place.
        """
        with self._lock:
            if self._done == len(self._edits):
                raise ParameterError("There is nothing to redo: no edit was undone.")
            edit, _ = self._edits[self._done]
            change = kinds.change_of(self._now, edit)
            self._file.set_done(self._done + 1, before=self._done)
            self._now.apply(change)
            self._changes.append(change)
            self._done += 1
            self.version += 1

    def last_done(self) -> str | None:
        """Return the sentence on the edit that `undo` would take back."""
        with self._lock:
            return self._edits[self._done - 1][0].summary if self._done else None

    def next_undone(self) -> str | None:
        """Return the sentence on the edit that `redo` would make again."""
        with self._lock:
            more = self._done < len(self._edits)
            return self._edits[self._done][0].summary if more else None

    def history(self, limit: int) -> list[Entry]:
        """Return the latest edits, the newest first.

        Args:
            limit: how many at most.
        """
        with self._lock:
            first = max(0, len(self._edits) - limit)
            return [
                Entry(edit.summary, made, first + i < self._done)
                for i, (edit, made) in enumerate(self._edits[first:])
            ][::-1]

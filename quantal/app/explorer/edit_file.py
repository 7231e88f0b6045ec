"""The file of edits: one SQLite database that survives a killed process."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import FileFormatError, ParameterError
from .edits import Edit
from .starting_labels import Start

HEADER = b"SQLite format 3\0"
APPLICATION = 0x51455854  # how SQLite tells whose file this is
VERSION = 1
BUSY_SECONDS = 5.0
TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE start (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE edits (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, arguments TEXT NOT NULL, payload BLOB NOT NULL,
    summary TEXT NOT NULL, made TEXT NOT NULL
);
CREATE TABLE position (done INTEGER NOT NULL);
INSERT INTO position VALUES (0);
"""


class EditFile:
    """An open file of edits.

    Edits are numbered from 1 without gaps. The first ``done`` of them hold; those after it were
    undone and can be redone until another edit takes their place. Every method that writes is one
    transaction, on the disk when it returns.

    Args:
        path: the file; made where there is none.

    Raises:
        FileFormatError: Something else than a file of edits, or a damaged one.
        ParameterError: It cannot be opened for writing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._require_header()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.OperationalError) as error:
            raise self._unwritable(error) from None
        try:
            self._claim()
            self._version = self._data_version()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file; what was written stays."""
        self._connection.close()

    def about(self) -> dict[str, str]:
        """Return what the file says of its model and data; nothing if it is new."""
        with self._reading():
            return dict(self._connection.execute("SELECT key, value FROM about"))

    def begin(self, about: dict[str, str], start: Start) -> None:
        """Write down, once, whose edits these will be and the labels that they start from.

        Args:
            about: fingerprints and names.
            start: labels, scores and what they are.
        """
        facts = {**about, "measure": start.measure, "n_clusters": str(start.n_clusters)}
        blobs = {
            "labels": zlib.compress(start.labels.astype("<i4").tobytes(), 1),
            "scores": zlib.compress(start.scores.astype("<f4").tobytes(), 1),
        }
        with self._writing() as connection:
            if connection.execute("SELECT 1 FROM about").fetchone():
                raise self._changed()
            connection.executemany("INSERT INTO about VALUES (?, ?)", facts.items())
            connection.executemany("INSERT INTO start VALUES (?, ?)", blobs.items())

    def start(self, n_rows: int) -> Start:
        """Return what `begin` wrote.

        Args:
            n_rows: rows that there must be.
        """
        facts = self.about()
        with self._reading():
            blobs = dict(self._connection.execute("SELECT name, value FROM start"))
            labels = _numbers(blobs["labels"], "<i4", n_rows)
            scores = _numbers(blobs["scores"], "<f4", n_rows)
            found = Start(labels, scores, int(facts["n_clusters"]), facts["measure"])
            if not 0 <= labels.min() <= labels.max() < found.n_clusters <= max(n_rows, 1 << 20):
                raise ValueError("labels out of range")
            return found

    def edits(self) -> tuple[list[tuple[Edit, str]], int]:
        """Return all edits in order, each with the time at which it was made, and ``done``."""
        with self._reading():
            self._version = self._data_version()
            query = "SELECT id, kind, arguments, summary, payload, made FROM edits ORDER BY id"
            found = self._connection.execute(query).fetchall()
            [(done,)] = self._connection.execute("SELECT done FROM position")
            if [row[0] for row in found] != list(range(1, len(found) + 1)) or done > len(found):
                raise ValueError("edits are missing")
            return [
                (Edit(kind, json.loads(arguments), summary, bytes(payload)), made)
                for _, kind, arguments, summary, payload, made in found
            ], done

    def append(self, edit: Edit, *, after: int) -> str:
        """Add an edit in the place of everything that was undone.

        Args:
            edit: what was done.
            after: how many edits hold, as the caller believes.

        Returns:
            The time, in UTC, as it is written.
        """
        made = datetime.now(UTC).isoformat(timespec="seconds")
        values = (after + 1, edit.kind, json.dumps(edit.arguments), edit.payload, edit.summary)
        with self._writing(after) as connection:
            connection.execute("DELETE FROM edits WHERE id > ?", (after,))
            connection.execute(
                "INSERT INTO edits (id, kind, arguments, payload, summary, made) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (*values, made),
            )
            connection.execute("UPDATE position SET done = ?", (after + 1,))
        return made

    def set_done(self, done: int, *, before: int) -> None:
        """Say how many edits hold, after an undo or a redo.

        Args:
            done: how many hold now.
            before: how many held, as the caller believes.
        """
        with self._writing(before) as connection:
            connection.execute("UPDATE position SET done = ?", (done,))

    def damaged(self, reason: object) -> FileFormatError:
        """Return the error for a file that cannot be understood.

        Args:
            reason: what was wrong with it.
        """
        return FileFormatError(
            f"{self.path} is damaged or no file of edits ({reason}). Restore it from a copy, or "
            "pass the name of a new file."
        )

    def _require_header(self) -> None:
        """Raise for a file that is none of SQLite's, which would take a short one for empty."""
        try:
            with self.path.open("rb") as file:
                first = file.read(len(HEADER))
        except OSError:  # there is none, or opening it will say why not
            return
        if first not in (b"", HEADER):
            raise self.damaged("not an SQLite database")

    def _claim(self) -> None:
        """Make the tables of a new file; touch nothing in a file of someone else."""
        with self._reading():
            [(owner,)] = self._connection.execute("PRAGMA application_id")
            [(version,)] = self._connection.execute("PRAGMA user_version")
            [(tables,)] = self._connection.execute("SELECT count(*) FROM sqlite_schema")
        if tables and owner != APPLICATION:
            raise self.damaged("an SQLite database of something else")
        if tables and version != VERSION:
            raise FileFormatError(
                f"{self.path} is version {version} of the format; this version of quantal reads "
                f"{VERSION}. Install the version that wrote it."
            )
        try:
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            if not tables:
                self._connection.executescript(
                    f"BEGIN IMMEDIATE; {TABLES} PRAGMA application_id = {APPLICATION}; "
                    f"PRAGMA user_version = {VERSION}; COMMIT;"
                )
        except sqlite3.OperationalError as error:
            raise self._unwritable(error) from None

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if "no such" in str(error):  # a table or column that every file of edits has
                raise self.damaged(error) from None
            raise ParameterError(
                f"{self.path} cannot be read ({error}). Stop the process that holds it, or wait "
                "until it is done."
            ) from None
        except (sqlite3.DatabaseError, zlib.error, KeyError, TypeError, ValueError) as error:
            raise self.damaged(str(error) or type(error).__name__) from None

    @contextmanager
    def _writing(self, done: int | None = None) -> Iterator[sqlite3.Connection]:
        """Open a transaction; refuse it where another process has written meanwhile."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                [(found,)] = self._connection.execute("SELECT done FROM position")
                # The count alone may have come back to what it was, with other edits.
                if done is not None and (found, self._data_version()) != (done, self._version):
                    raise self._changed()
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise self._unwritable(error) from None

    def _data_version(self) -> int:
        """Return a number that changes whenever another connection commits."""
        [(version,)] = self._connection.execute("PRAGMA data_version")
        return int(version)

    def _changed(self) -> ParameterError:
        return ParameterError(
            f"Another process has changed {self.path} meanwhile, so nothing was saved. "
            "Stop one of the two and start the other again."
        )

    def _unwritable(self, error: Exception) -> ParameterError:
        return ParameterError(
            f"{self.path} cannot be written ({error}). Choose another path, make room, or stop "
            "the process that holds it."
        )


def _numbers(blob: Any, dtype: str, n: int) -> NDArray[Any]:
    """Unpack at most as many bytes as ``n`` numbers take."""
    size = n * np.dtype(dtype).itemsize
    unpacker = zlib.decompressobj()
    payload = unpacker.decompress(blob, size + 1)
    if len(payload) != size:
        raise ValueError(f"labels or scores are not those of {n} rows")
    return np.frombuffer(payload, dtype).astype(np.dtype(dtype).newbyteorder("="))

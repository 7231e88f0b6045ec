"""Files of edits: never lost, never mixed up, damaged ones refused."""

from __future__ import annotations

import os
import signal
import sqlite3

import numpy as np
import pytest
from editing import IDENTITY, LABELS, MANY, edit_in_every_way, start

from quantal.app.explorer import edit_file
from quantal.app.explorer.curation import Curation
from quantal.app.explorer.starting_labels import Start
from quantal.errors import FileFormatError, ParameterError


def test_a_file_of_other_data_or_another_model_is_refused_by_name(reopen):
    reopen()
    for part, what in (("data", "other data"), ("model", "another model")):
        other = {**IDENTITY, part: "c" * 64, f"{part}_name": "something else"}
        with pytest.raises(ParameterError) as error:
            reopen(other)
        assert f"holds edits of {what} ({IDENTITY[part + '_name']}; fingerprint " in str(
            error.value
        )
        assert "these (something else; fingerprint cccccccccccc)" in str(error.value)


def test_two_processes_on_one_file_do_not_overwrite_each_other(state, tmp_path):
    second = Curation(tmp_path / "edits.sqlite", IDENTITY, start, len(LABELS))
    state.rename(0, "mine")
    with pytest.raises(ParameterError, match="Another process has changed"):
        second.rename(0, "theirs")
    second.close()
    assert state.cluster(0).title == "mine"


def test_edits_that_came_to_the_same_number_are_not_overwritten_either(state, tmp_path):
    path = tmp_path / "edits.sqlite"
    state.rename(0, "first")
    second = Curation(path, IDENTITY, start, len(LABELS))
    state.undo()
    state.rename(1, "other")  # one edit holds, as the second believes, but not the one it knows
    with pytest.raises(ParameterError, match="Another process has changed"):
        second.rename(2, "theirs")
    with pytest.raises(ParameterError, match="Another process has changed"):
        second.undo()
    second.close()
    state.close()
    again = Curation(path, IDENTITY, start, len(LABELS))
    assert again.cluster(1).title == "other"
    again.close()


def test_a_file_that_another_process_began_meanwhile_is_not_begun_again(tmp_path):
    path = tmp_path / "edits.sqlite"

    def slow_start():
        Curation(path, IDENTITY, start, len(LABELS)).close()
        return start()

    with pytest.raises(ParameterError, match="Another process has changed"):
        Curation(path, IDENTITY, slow_start, len(LABELS))
    Curation(path, IDENTITY, start, len(LABELS)).close()


def test_a_locked_file_is_not_called_damaged(state, tmp_path, monkeypatch):
    monkeypatch.setattr(edit_file, "BUSY_SECONDS", 0.01)
    state.close()
    holder = sqlite3.connect(tmp_path / "edits.sqlite", isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(ParameterError, match=r"cannot be read \(database is locked\)\. Stop the"):
        Curation(tmp_path / "edits.sqlite", IDENTITY, start, len(LABELS))
    holder.close()


@pytest.mark.parametrize("content", [b"not a database at all, but long enough" * 40, b"x"])
def test_something_else_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "edits.sqlite"
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="is damaged or no file of edits"):
        Curation(path, IDENTITY, start, len(LABELS))
    assert path.read_bytes() == content


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "edits.sqlite"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE mine (a)")
    other.close()
    content = path.read_bytes()
    with pytest.raises(FileFormatError, match="an SQLite database of something else"):
        Curation(path, IDENTITY, start, len(LABELS))
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE edits SET arguments = '{}'",
        "UPDATE edits SET arguments = '['",
        "UPDATE edits SET kind = 'explode'",
        "UPDATE edits SET payload = x'00' WHERE kind = 'split'",
        "DELETE FROM edits WHERE id = 2",
        "UPDATE position SET done = 99",
        "DELETE FROM start WHERE name = 'scores'",
        "UPDATE start SET value = x'789c'",
        "UPDATE about SET value = '1' WHERE key = 'n_clusters'",
        "UPDATE edits SET arguments = '{\"into\": 1, \"rows\": [99]}' WHERE kind = 'move'",
        "UPDATE edits SET arguments = '{\"into\": 1, \"rows\": [-1]}' WHERE kind = 'move'",
        "UPDATE edits SET arguments = '{\"into\": 1, \"rows\": []}' WHERE kind = 'move'",
        "DROP TABLE position",
    ],
)
def test_a_damaged_file_is_refused_in_one_sentence(reopen, tmp_path, damage):
    edit_in_every_way(reopen())
    with sqlite3.connect(tmp_path / "edits.sqlite") as connection:
        connection.execute(damage)
    connection.close()
    with pytest.raises(FileFormatError, match="is damaged or no file of edits"):
        reopen()


def test_a_folder_that_cannot_hold_the_file_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(ParameterError, match="cannot be written"):
        Curation(tmp_path / "file" / "edits.sqlite", IDENTITY, start, len(LABELS))


def test_a_file_of_a_later_version_is_refused(reopen, tmp_path):
    reopen()
    with sqlite3.connect(tmp_path / "edits.sqlite") as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(FileFormatError, match=r"is version 9 of the format; .* reads 1"):
        reopen()


def many():
    return Start(MANY, np.linspace(0, 1, len(MANY), dtype=np.float32), 50, "probability")


def move_without_end(path, answers):
    """Move row after row to the next cluster, and write a byte when each is answered."""
    state = Curation(path, IDENTITY, many, len(MANY))
    for row in range(len(MANY)):
        state.move([row], (int(MANY[row]) + 1) % 50)
        os.write(answers, b".")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of a fork beside threads
@pytest.mark.parametrize("wanted", [1, 40])
def test_a_writer_killed_in_the_middle_loses_nothing_that_was_answered(tmp_path, wanted):
    (coming, answers), path = os.pipe(), tmp_path / "edits.sqlite"
    if not (child := os.fork()):
        try:
            move_without_end(path, answers)
        finally:
            os._exit(1)
    answered = sum(len(os.read(coming, 1)) for _ in range(wanted))
    os.kill(child, signal.SIGKILL)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1])
    os.close(answers)
    while more := os.read(coming, 1000):
        answered += len(more)
    os.close(coming)
    state = Curation(path, IDENTITY, many, len(MANY))
    done = len(state.history(10_000))
    assert wanted <= answered <= done <= answered + 1
    expected = MANY.copy()
    expected[:done] = (expected[:done] + 1) % 50
    np.testing.assert_array_equal(state.labels(), expected)
    state.close()

"""Edits of clusters: what each does, undo and redo, and what survives in the file."""

from __future__ import annotations

import os
import signal
import sqlite3

import numpy as np
import pytest

from quantal.app.explorer import edit_file
from quantal.app.explorer.curation import Curation
from quantal.app.explorer.starting_labels import Start
from quantal.errors import FileFormatError, ParameterError

IDENTITY = {"model_name": "IMSAT", "model": "a" * 64, "data_name": "digits", "data": "b" * 64}
LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 4], np.int32)
SCORES = np.array([5, 9, 7, 3, 8, 6, 6, 1, 10, 2], np.float32) / 10
MANY = np.repeat(np.arange(50, dtype=np.int32), 40)


def start():
    return Start(LABELS, SCORES, 5, "probability")


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


def picture(state):
    """All that a person can see of a state."""
    return state.labels().tolist(), [
        (c.number, c.members.tolist(), round(c.score, 6), c.tag) for c in state.clusters()
    ]


def edit_in_every_way(state):
    """Make one edit of each kind and some more; return the pictures before and after each."""
    pictures = [picture(state)]
    members = state.cluster(2)
    steps = [
        lambda: state.rename(1, "ones"),
        lambda: state.split(members, np.array([1, 0, 1, 2])),
        lambda: state.merge([0, 1]),
        lambda: state.mark_junk(4, True),
        lambda: state.move([9, 3], 2),
        lambda: state.merge([0, 2, 5]),
        lambda: state.mark_junk(0, True),
        lambda: state.rename(0, ""),
    ]
    for step in steps:
        step()
        pictures.append(picture(state))
    return pictures


def test_members_come_most_typical_first_and_ties_by_their_row(state):
    assert [c.number for c in state.clusters()] == [0, 1, 2, 4]
    assert state.cluster(2).members.tolist() == [8, 5, 6, 7]
    assert state.cluster(2).score == pytest.approx(2.3 / 4)


def test_a_merge_keeps_the_largest_and_the_first_name(state):
    state.rename(1, "ones")
    state.merge([1, 0])
    merged = state.cluster(0)
    assert merged.members.tolist() == [1, 4, 2, 0, 3]
    assert (merged.title, state.last_done()) == ("ones", "Merged ones into Cluster 0")
    assert state.labels().tolist() == [0, 0, 0, 0, 0, 2, 2, 2, 2, 4]


def test_junk_merged_with_what_is_kept_is_kept(state):
    state.mark_junk(0, True)
    state.merge([0, 1])
    assert not state.cluster(0).tag.is_junk


def test_a_split_gives_the_largest_part_the_number_and_the_rest_new_ones(state):
    state.rename(2, "twos")
    state.mark_junk(2, True)
    state.split(state.cluster(2), np.array([1, 0, 1, 2]))
    assert [(c.number, c.members.tolist(), c.title) for c in state.clusters()[2:]] == [
        (2, [8, 6], "twos"),
        (4, [9], "Cluster 4"),
        (5, [5], "Cluster 5"),
        (6, [7], "Cluster 6"),
    ]
    assert state.cluster(6).tag.is_junk


def test_a_move_takes_rows_from_several_clusters_and_leaves_those_that_are_there(state):
    state.move([9, 0, 3, 4], 1)
    assert state.cluster(1).members.tolist() == [4, 0, 3, 9]
    assert state.last_done() == "Moved 2 members to Cluster 1"
    assert [c.number for c in state.clusters()] == [0, 1, 2]


def test_names_lose_control_characters_and_may_be_taken_back(state):
    state.rename(1, " a\x00b \u202e c\n")
    assert state.cluster(1).tag.name == "a b c"
    state.rename(1, "")
    assert state.cluster(1).title == "Cluster 1"


def test_undo_takes_back_exactly_and_redo_repeats_exactly(state):
    pictures = edit_in_every_way(state)
    for expected in pictures[-2::-1]:
        state.undo()
        assert picture(state) == expected
    for expected in pictures[1:]:
        state.redo()
        assert picture(state) == expected


def test_random_edits_are_undone_redone_and_reopened_exactly(reopen):
    state, generator = reopen(), np.random.default_rng(0)
    pictures = [picture(state)]
    while len(pictures) < 60:
        numbers = [c.number for c in state.clusters()]
        kind, chosen = generator.integers(3), int(generator.choice(numbers))
        try:
            if kind == 0:
                state.merge([chosen, int(generator.choice(numbers))])
            elif kind == 1:
                cluster = state.cluster(chosen)
                state.split(cluster, generator.integers(3, size=len(cluster)))
            else:
                state.move(generator.integers(len(LABELS), size=3).tolist(), chosen)
        except ParameterError:  # merged with itself, one part, nothing to move
            continue
        pictures.append(picture(state))
    state = reopen()
    assert picture(state) == pictures[-1]
    for expected in pictures[-2:20:-1]:
        state.undo()
        assert picture(state) == expected
    state = reopen()
    assert picture(state) == pictures[21]
    for expected in pictures[22:]:
        state.redo()
        assert picture(state) == expected


def test_a_new_edit_takes_the_place_of_what_was_undone(reopen):
    state = reopen()
    state.rename(0, "first")
    state.rename(1, "second")
    state.undo()
    state.rename(2, "third")
    assert state.next_undone() is None
    assert [e.summary for e in reopen().history(9)] == [
        "Renamed Cluster 2 to third",
        "Renamed Cluster 0 to first",
    ]


def test_history_tells_what_holds(state):
    state.rename(0, "first")
    state.merge([0, 1])
    state.undo()
    assert [(e.summary, e.holds) for e in state.history(9)] == [
        ("Merged Cluster 1 into first", False),
        ("Renamed Cluster 0 to first", True),
    ]
    assert (state.last_done(), state.next_undone()) == (
        "Renamed Cluster 0 to first",
        "Merged Cluster 1 into first",
    )


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda s: s.merge([1]), "A merge needs two clusters or more, got 1."),
        (lambda s: s.merge([1, 1]), "A merge needs two clusters or more, got 1."),
        (lambda s: s.merge([1, 3]), "There is no cluster 3 now"),
        (lambda s: s.merge([1, -1]), "There is no cluster -1 now"),
        (lambda s: s.rename(77, "x"), "Choose one from the overview."),
        (lambda s: s.rename(1, "x" * 81), "A name has at most 80 characters, got 81. Shorten it."),
        (lambda s: s.move([], 1), "Select from 1 to 10,000 members to move, got 0."),
        (lambda s: s.move([10], 1), "A row must be an integer in [0, 9], got 10."),
        (lambda s: s.move([3], 1), "The selected members are in Cluster 1 already."),
        (lambda s: s.split(s.cluster(1), np.zeros(2, int)), "Cluster 1 did not fall into parts"),
        (lambda s: s.undo(), "There is nothing to undo: no edit holds."),
        (lambda s: s.redo(), "There is nothing to redo: no edit was undone."),
    ],
)
def test_what_cannot_be_done_says_why_and_changes_nothing(state, ask, text):
    before = picture(state)
    with pytest.raises(ParameterError) as error:
        ask(state)
    assert text in str(error.value)
    assert picture(state) == before
    assert state.history(9) == []


def test_a_split_of_a_cluster_that_changed_meanwhile_is_refused(state):
    seen = state.cluster(2)
    state.move([7], 0)
    with pytest.raises(ParameterError, match=r"was changed while it was being split\. Try again\."):
        state.split(seen, np.array([0, 1, 0, 1]))


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

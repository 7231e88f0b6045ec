"""Edits of clusters: what each does, undone and redone exactly."""

from __future__ import annotations

import numpy as np
import pytest
from editing import LABELS, edit_in_every_way, picture

from quantal.errors import ParameterError


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

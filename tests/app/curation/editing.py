"""Clusters to edit, and what can be seen of them."""

from __future__ import annotations

import numpy as np

from quantal.app.explorer.starting_labels import Start

IDENTITY = {"model_name": "IMSAT", "model": "a" * 64, "data_name": "digits", "data": "b" * 64}


LABELS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2, 4], np.int32)


SCORES = np.array([5, 9, 7, 3, 8, 6, 6, 1, 10, 2], np.float32) / 10


MANY = np.repeat(np.arange(50, dtype=np.int32), 40)


def start():
    return Start(LABELS, SCORES, 5, "probability")


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

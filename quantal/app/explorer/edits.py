"""The five kinds of edit: what a person may ask for, and what it changes."""

from __future__ import annotations

import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import ParameterError, require_range
from .assignment import Assignment, Change, Transfer
from .cluster import Cluster, Tag

LONGEST_NAME = 80
MOST_PARTS = 64
MOST_MOVED = 10_000


class NothingThereError(ParameterError):
    """A cluster or row was asked for that does not exist (any more)."""


@dataclass(frozen=True)
class Edit:
    """An edit as the file of edits keeps it.

    Attributes:
        kind: "merge", "split", "rename", "junk" or "move".
        arguments: JSON object; `change_of` says what each kind has.
        summary: one sentence for the history.
        payload: bytes that JSON would make large: the parts of a split.
    """

    kind: str
    arguments: dict[str, Any]
    summary: str = ""
    payload: bytes = field(default=b"", repr=False)


def merge(now: Assignment, numbers: Sequence[int]) -> Edit:
    """Join clusters; the largest keeps its number, and its name if it has one.

    Raises:
        ParameterError: Fewer than two clusters, or one without members.
    """
    clusters = [existing(now, number) for number in dict.fromkeys(numbers)]
    if len(clusters) < 2:
        raise ParameterError(f"A merge needs two clusters or more, got {len(clusters)}.")
    into, *others = sorted(clusters, key=lambda cluster: (-len(cluster), cluster.number))
    arguments = {"into": into.number, "clusters": [other.number for other in others]}
    listed = _listed([other.title for other in others])
    return Edit("merge", arguments, f"Merged {listed} into {into.title}")


def split(now: Assignment, cluster: Cluster, parts: NDArray[np.integer]) -> Edit:
    """Divide a cluster; the largest part keeps its number and name.

    Args:
        now: the state of which ``cluster`` is a part.
        cluster: what to divide.
        parts: (m,) part of each member, in the order of ``cluster.members``.

    Raises:
        ParameterError: Fewer than two parts.
    """
    sizes = np.bincount(parts)
    order = np.argsort(-sizes, kind="stable")[: int((sizes > 0).sum())]
    if len(order) < 2:
        raise ParameterError(f"{cluster.title} did not fall into parts, so nothing was split.")
    position = np.zeros(len(sizes), np.uint8)
    position[order] = np.arange(len(order))
    free = max(now.clusters) + 1
    numbers = [cluster.number, *range(free, free + len(order) - 1)]
    return Edit(
        "split",
        {"numbers": numbers, "size": len(cluster)},
        f"Split {cluster.title} into {_listed([str(number) for number in numbers])}",
        zlib.compress(position[parts].tobytes()),
    )


def rename(now: Assignment, number: int, name: str) -> Edit:
    """Name a cluster; an empty name takes its name away.

    Raises:
        ParameterError: The name is too long, or the cluster has no members.
    """
    cluster = existing(now, number)
    shown = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in name)
    clean = " ".join(shown.split())
    if len(clean) > LONGEST_NAME:
        raise ParameterError(
            f"A name has at most {LONGEST_NAME} characters, got {len(clean)}. Shorten it."
        )
    said = f"Renamed {cluster.title} to {clean}" if clean else f"Took the name of {cluster.title}"
    return Edit("rename", {"cluster": number, "name": clean}, said)


def junk(now: Assignment, number: int, is_junk: bool) -> Edit:
    """Put a cluster aside, or take it back.

    Raises:
        ParameterError: The cluster has no members.
    """
    title = existing(now, number).title
    said = f"Marked {title} as junk" if is_junk else f"Took {title} back from junk"
    return Edit("junk", {"cluster": number, "junk": is_junk}, said)


def move(now: Assignment, rows: Sequence[int], number: int) -> Edit:
    """Move rows to another cluster.

    Raises:
        ParameterError: No row, too many, unknown rows, or a cluster without members.
    """
    target = existing(now, number)
    if not 1 <= len(rows) <= MOST_MOVED:
        raise ParameterError(f"Select from 1 to {MOST_MOVED:,} members to move, got {len(rows)}.")
    for row in rows:
        require_range("A row", row, low=0, high=len(now.labels) - 1, integer=True)
    moved = [int(row) for row in now.in_order(rows) if now.labels[row] != number]
    if not moved:
        raise ParameterError(f"The selected members are in {target.title} already.")
    some = f"{len(moved):,} members" if len(moved) > 1 else "1 member"
    return Edit("move", {"rows": moved, "into": number}, f"Moved {some} to {target.title}")


def existing(now: Assignment, number: int) -> Cluster:
    """Return a cluster that has members.

    Raises:
        NothingThereError: There is none of that number.
    """
    cluster = now.clusters.get(number)
    if cluster is None or not len(cluster):
        raise NothingThereError(
            f"There is no cluster {number} now; it may have been merged into another. Choose one "
            "from the overview."
        )
    return cluster


def change_of(now: Assignment, edit: Edit) -> Change:
    """Return what an edit changes, given the state before it.

    Raises:
        KeyError, TypeError, ValueError, zlib.error: The edit does not fit the state; only a
            damaged file can cause that.
    """
    given = edit.arguments
    if edit.kind == "merge":
        return _merged(now, given["into"], given["clusters"])
    if edit.kind == "split":
        return _divided(now, given["numbers"], zlib.decompress(edit.payload))
    if edit.kind == "move":
        return _moved(now, given["rows"], given["into"])
    cluster = now.clusters[given["cluster"]]
    if edit.kind == "rename":
        tag = Tag(str(given["name"]), cluster.tag.is_junk)
    elif edit.kind == "junk":
        tag = Tag(cluster.tag.name, bool(given["junk"]))
    else:
        raise ValueError(f"the kind {edit.kind!r}")
    return Change(before={cluster.number: cluster.tag}, after={cluster.number: tag})


def _merged(now: Assignment, number: int, numbers: Sequence[int]) -> Change:
    into, others = now.clusters[number], [now.clusters[other] for other in numbers]
    names = [cluster.tag.name for cluster in (into, *others) if cluster.tag.name]
    # Junk joined with something kept is kept: a merge must not hide rows.
    tag = Tag(names[0] if names else "", all(c.tag.is_junk for c in (into, *others)))
    transfers = tuple(Transfer(other.members, other.number, number) for other in others)
    return Change(transfers, {number: into.tag}, {number: tag})


def _divided(now: Assignment, numbers: Sequence[int], payload: bytes) -> Change:
    cluster, parts = now.clusters[numbers[0]], np.frombuffer(payload, np.uint8)
    if len(parts) != len(cluster) or parts.max(initial=0) >= len(numbers):
        raise ValueError(f"{len(parts)} parts of {len(cluster)} members")
    transfers = tuple(
        Transfer(cluster.members[parts == i], cluster.number, number)
        for i, number in enumerate(numbers)
        if i
    )
    created = tuple(number for number in numbers[1:] if number not in now.clusters)
    junk_too = {number: Tag("", cluster.tag.is_junk) for number in created}
    return Change(transfers, {}, junk_too, created)


def _moved(now: Assignment, given: Sequence[int], number: int) -> Change:
    if not 0 <= min(given) <= max(given) < len(now.labels):
        raise ValueError(f"rows {min(given)} to {max(given)}")
    rows = now.in_order(given)
    sources = now.labels[rows]
    transfers = tuple(
        Transfer(rows[sources == source], int(source), number) for source in np.unique(sources)
    )
    if number in sources or number not in now.clusters:
        raise ValueError(f"a move to cluster {number}")
    return Change(transfers)


def _listed(titles: Sequence[str]) -> str:
    shown = list(titles[:5]) + ([f"{len(titles) - 5} more"] if len(titles) > 5 else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"

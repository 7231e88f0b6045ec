"""Which clusters the overview shows, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .cluster import Cluster

CARDS = 24
SORTS: dict[str, tuple[str, Callable[[Cluster], Any]]] = {
    "largest": ("largest first", lambda c: (-len(c), c.number)),
    "smallest": ("smallest first", lambda c: (len(c), c.number)),
    "doubtful": ("least certain first", lambda c: (c.score, c.number)),
    "certain": ("most certain first", lambda c: (-c.score, c.number)),
    "number": ("by number", lambda c: c.number),
    "name": ("by name", lambda c: (not c.tag.name, c.tag.name.casefold(), c.number)),
}
SHOWN: dict[str, tuple[str, Callable[[Cluster], bool]]] = {
    "all": ("all clusters", lambda _: True),
    "kept": ("without junk", lambda c: not c.tag.is_junk),
    "junk": ("junk only", lambda c: c.tag.is_junk),
    "unnamed": ("unnamed only", lambda c: not c.tag.name),
}


@dataclass(frozen=True)
class Page:
    """One page of a list.

    Attributes:
        items: what it shows.
        number: of this page, from 1.
        count: of pages, at least 1.
        total: items on all pages.
        first: position of the first item, from 1.
    """

    items: Any
    number: int
    count: int
    total: int
    first: int


def page_of(items: Sequence[Any] | NDArray[Any], number: int, size: int) -> Page:
    """Cut a page out of a list; a number beyond the last gives the last.

    Args:
        items: all of them.
        number: which page, from 1.
        size: items on a page.
    """
    count = max(1, -(-len(items) // size))
    number = min(max(1, number), count)
    start = (number - 1) * size
    return Page(items[start : start + size], number, count, len(items), start + 1)


def chosen_clusters(clusters: list[Cluster], sort: str, show: str, find: str) -> list[Cluster]:
    """Return the clusters that a person asked to see, in the order asked for.

    Args:
        clusters: all that have members.
        sort: a key of `SORTS`; anything else means the first.
        show: a key of `SHOWN`; anything else means the first.
        find: part of a name or a whole number; "" finds all.
    """
    _, key = SORTS.get(sort, SORTS["largest"])
    _, wanted = SHOWN.get(show, SHOWN["all"])
    words = find.casefold().split()
    found = [c for c in clusters if wanted(c) and all(_is_in(word, c) for word in words)]
    return sorted(found, key=key)


def _is_in(word: str, cluster: Cluster) -> bool:
    return word == str(cluster.number) or word in cluster.title.casefold()

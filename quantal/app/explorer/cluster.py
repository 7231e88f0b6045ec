"""One cluster as it stands after the edits so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Tag:
    """What a person said of a cluster.

    Attributes:
        name: its name, or "" where it has none.
        is_junk: whether it was put aside.
    """

    name: str = ""
    is_junk: bool = False


@dataclass(frozen=True, eq=False)
class Cluster:
    """A cluster; edits replace it and never change it, so a reader may keep one.

    Attributes:
        number: the cluster's label, from 0.
        members: (m,) row numbers, the most typical first; not to be written to.
        score: mean score of the members, in [0, 1]; nan without members.
        tag: name and junk mark.
    """

    number: int
    members: Rows
    score: float
    tag: Tag = Tag()

    @property
    def title(self) -> str:
        """The name, or the number where there is no name."""
        return self.tag.name or f"Cluster {self.number}"

    def __len__(self) -> int:
        return len(self.members)

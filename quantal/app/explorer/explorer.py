"""What the pages speak of: the rows, the edits so far, pictures and search, in words of a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...data import Dataset
from ...report.row_views import shortened
from .cluster import Cluster
from .curation import Curation
from .edits import NothingThereError
from .identity import identity_of
from .model_rows import ModelRows
from .nearest import Nearest
from .row_pictures import TILE, RowPictures
from .row_text import bars, statistics
from .starting_labels import starting_labels

STRIP = 8
STRIP_TEXTS = 3
MEASURES = {
    "probability": "confidence",
    "closeness": "closeness to the centre",
    "agreement": "agreement with the group's bits",
}


@dataclass(frozen=True)
class Shown:
    """One row as a page shows it.

    Attributes:
        row: its number.
        name: its id.
        score: how typical it is, from 0 to 1.
        cluster: the cluster that it is in.
        text: its document, cut to length, or "".
        bars: what draws a vector, or None.
        label: what is said of a vector instead of its bars.
        distance: how far it is from an example, or "".
    """

    row: int
    name: str
    score: float
    cluster: Cluster
    text: str = ""
    bars: dict[str, Any] | None = None
    label: str = ""
    distance: str = ""


@dataclass(frozen=True)
class Card:
    """A cluster on the overview."""

    cluster: Cluster
    share: float
    members: list[Shown]


class Explorer:
    """A model, its rows and a person's edits.

    Args:
        model: a fitted clusterer or hasher.
        data: its rows.
        edits: the file of edits.
        pictures: images of the rows, where these are features of images.
    """

    def __init__(self, model: Any, data: Dataset, edits: Path, pictures: Any = None) -> None:
        self.rows = ModelRows(model, data, pictures)
        identity = identity_of(model, data)
        self.stamp = identity["data"][:12]  # in addresses of pictures, which browsers keep
        self.curation = Curation(edits, identity, lambda: starting_labels(self.rows), len(data))
        self.pictures = RowPictures(self.rows)
        self.nearest = Nearest(self.rows)

    def frame(self, here: str) -> dict[str, Any]:
        """Return what every page needs: names, and what can be undone and redone.

        Args:
            here: the page's own address, to which its forms lead back.
        """
        return {
            "here": here,
            "model": type(self.rows.model).__name__,
            "data": self.rows.data.name,
            "n_rows": len(self.rows),
            "form": self.rows.form,
            "stamp": self.stamp,
            "has_square_pixels": self.rows.form == "image"
            and max(self.rows.pictures.shape[1:]) < TILE,
            "is_hashed": self.rows.makes_codes,
            "measure": MEASURES[self.curation.measure],
            "last": self.curation.last_done(),
            "next": self.curation.next_undone(),
        }

    def card(self, cluster: Cluster) -> Card:
        """Return a cluster with its most typical members."""
        n_shown = STRIP_TEXTS if self.rows.form == "text" else STRIP
        shown = self.shown(cluster.members[:n_shown], longest=110)
        return Card(cluster, len(cluster) / len(self.rows), shown)

    def shown(
        self,
        rows: Sequence[int] | NDArray[np.integer],
        *,
        longest: int = 280,
        distances: Sequence[str] | None = None,
    ) -> list[Shown]:
        """Return rows as a page shows them.

        Args:
            rows: their numbers.
            longest: characters of a document at most.
            distances: how far each is from an example, in words.
        """
        chosen = np.asarray(rows, np.int64)
        clusters = self.curation.clusters_of(chosen)
        scores = self.curation.scores[chosen].tolist()
        vectors = self._vectors(chosen)
        found = []
        for i, row in enumerate(chosen.tolist()):
            texts = self.rows.data.texts if self.rows.form == "text" else None
            found.append(
                Shown(
                    row,
                    shortened(self.rows.name(row), 60),
                    scores[i],
                    clusters[i],
                    text=shortened(texts[row], longest) if texts is not None else "",
                    bars=None if vectors is None else bars(vectors[i]),
                    label="" if vectors is None else statistics(vectors[i]),
                    distance=distances[i] if distances is not None else "",
                )
            )
        return found

    def require_row(self, row: int) -> int:
        """Return a row number.

        Raises:
            NothingThereError: There is no such row.
        """
        if not 0 <= row < len(self.rows):
            raise NothingThereError(
                f"There is no row {row}; rows are numbered from 0 to {len(self.rows) - 1:,}."
            )
        return row

    def guesses(self, example: Any, most: int = 5) -> list[tuple[int, float]]:
        """Return the model's most probable labels of one example, with their probabilities.

        Args:
            example: one row in the form that the model takes.
            most: how many.
        """
        model = self.rows.model
        if self.rows.makes_codes:
            return []
        if hasattr(model, "predict_log_proba"):
            p = np.exp(model.predict_log_proba(example)[0])
            order = np.argsort(-p, kind="stable")[:most]
            return [(int(label), float(p[label])) for label in order]
        return []

    def _vectors(self, rows: NDArray[np.int64]) -> NDArray[Any] | None:
        if self.rows.form != "vector":
            return None
        taken = self.rows.data.x[rows]
        return np.asarray(taken if isinstance(taken, np.ndarray) else taken.toarray())

"""The rows that a served model takes, and how many at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..features.undescribed import described_rows
from .problems import Problem


@dataclass(frozen=True)
class RowForm:
    """What the rows of a request must be.

    Attributes:
        n_features: Numbers in a row.
        image_shape: Shape of a row that may come as an image instead, or None.
        columns: Names of the columns of the fit's table, in order; None where they had none.
        takes_text: Whether texts may come instead of numbers.
        max_rows: Most rows of a request.
    """

    n_features: int
    image_shape: tuple[int, ...] | None
    columns: tuple[str, ...] | None
    takes_text: bool
    max_rows: int

    @classmethod
    def of(cls, model: Any, max_rows: int) -> RowForm:
        """Return the form of a fitted model's rows."""
        reader = getattr(model, "reader_", None) or {}
        described = described_rows(reader)
        columns = reader.get("columns")
        return cls(
            n_features=int(model.n_features_in_),
            image_shape=model.image_shape_ and tuple(int(side) for side in model.image_shape_),
            columns=tuple(columns) if columns else None,
            takes_text=described is not None and described[0].startswith("texts"),
            max_rows=max_rows,
        )

    def require_count(self, n_rows: int) -> None:
        """Raise Problem for more rows than a request may have."""
        if n_rows > self.max_rows:
            raise Problem(
                422,
                f"The request has {n_rows:,} rows, and may have {self.max_rows:,}. Send them in "
                "several requests.",
            )

"""What a fitted model answers about rows: labels with probabilities, or codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalog import HASHERS
from ..codes.packing import BIT_ORDER
from .answers import Answer
from .problems import Problem


class ServedModel:
    """A fitted model with the questions that it can answer.

    Args:
        model: a fitted clusterer or hasher.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.name = type(model).__name__
        self.makes_codes = type(model) in HASHERS.values()
        self.predicts = not self.makes_codes and hasattr(model, "predict")
        has_probabilities = self.predicts and hasattr(model, "predict_log_proba")
        self.most_likely = int(model.n_clusters) if has_probabilities else 0

    def predict(self, rows: Any, top: int) -> Answer:
        """Return ``label``, and where ``top`` is not 0 ``clusters`` and ``probabilities``.

        Args:
            rows: as for the model's ``predict``.
            top: how many of the likeliest clusters of each row to name; of equally likely ones
                the lower comes first.
        """
        if not top:
            return Answer({"labels": np.asarray(self.model.predict(rows), np.int64)})
        log_p = self.model.predict_log_proba(rows)
        require_finite(np.exp(log_p), "probabilities")
        clusters = np.argsort(-log_p, axis=1, kind="stable")[:, :top].astype(np.int64)
        probabilities = np.exp(np.take_along_axis(log_p, clusters, 1))
        return Answer(
            {
                "labels": log_p.argmax(axis=1).astype(np.int64),
                "clusters": clusters,
                "probabilities": probabilities,
            }
        )

    def encode(self, rows: Any) -> Answer:
        """Return the packed ``codes`` of rows, and how to read them."""
        facts = {"n_bits": int(self.model.n_bits), "bit_order": BIT_ORDER}
        return Answer({"codes": self.model.encode(rows)}, facts)


def require_finite(values: NDArray[Any], what: str) -> None:
    """Refuse rows for which a model has no answer: sums of their numbers overflow.

    Raises:
        Problem: 422.
    """
    fine = np.isfinite(values).all(axis=1)
    if not fine.all():
        row = int(np.argmin(fine))
        raise Problem(
            422,
            f"The {what} of row {row} (counting from 0) are not finite: its numbers are too large "
            "for the model. Send rows in the unit of those that it was fitted on.",
        )

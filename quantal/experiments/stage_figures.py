"""How embedding and clusters of JULE develop: components by stage, and purity before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ..metrics import neighbor_purity
from .recipe import Recipe
from .run import FittedRun

COUNTS = (1, 2, 5, 10, 20, 50, 100)
MOST_STAGES = 4  # shown between the pixels and the end


def stages_picture(run: FittedRun, drawing: Any) -> Any:
    """Three principal components of the rows, of embeddings at several stages, and of the last.

    Colours are the clusters of that time; the pixels have those of the first stage.

    Args:
        run: of an estimator whose stages were watched.
        drawing: who draws, `quantal.report`.

    Raises:
        DataError: if no stage was watched.
    """
    if not run.stages:
        raise DataError("A picture of stages needs a run of jule with at least one stage.")
    shown = np.unique(np.linspace(0, len(run.stages) - 1, MOST_STAGES).round().astype(int))
    views = [("pixels", run.data.rows, run.stages[0][1])]
    views += [(f"stage {i + 1}", *run.stages[i]) for i in shown]
    views.append(("the end", run.estimator.embeddings_, run.estimator.labels_))
    return drawing.scatter_space(
        [
            drawing.SpacePanel(
                points=principal_components(np.asarray(rows), 3),
                labels=labels,
                title=f"{name}, {len(np.unique(labels)):,} clusters",
            )
            for name, rows, labels in views
        ]
    )


def purity_picture(recipe: Recipe, run: FittedRun, drawing: Any) -> Any:
    """Purity of neighbourhoods among the pixels and among the learned rows.

    Args:
        recipe: gives the picture its title.
        run: of an estimator with embeddings.
        drawing: who draws, `quantal.report`.
    """
    assert run.truth is not None  # whoever shows stages fills it in
    counts = [count for count in COUNTS if count < len(run.truth)]
    series = {
        name: (counts, neighbor_purity(rows, run.truth, counts))
        for name, rows in (("pixels", run.data.rows), ("learned", run.estimator.embeddings_))
    }
    panel = drawing.CurvePanel(
        series=series,
        title=recipe.dataset,
        x_label="K",
        y_label="purity of the K nearest",
        log2_x=True,
    )
    return drawing.curves(panel, y_range=(0.0, 1.02))


def principal_components(rows: NDArray[Any], count: int) -> NDArray[np.float64]:
    """Return the coordinates of rows along their directions of largest variance, (n, count).

    Each direction points to where its largest coordinate is positive, so that pictures of equal
    rows are equal.

    Args:
        rows: (n, d), n and d at least ``count``.
        count: of directions.
    """
    x = np.asarray(rows, np.float64)
    x = x - x.mean(axis=0)
    if x.shape[1] <= x.shape[0]:
        _, directions = np.linalg.eigh(x.T @ x)
        found = x @ directions[:, : -count - 1 : -1]
    else:
        squares, vectors = np.linalg.eigh(x @ x.T)
        found = vectors[:, : -count - 1 : -1] * np.sqrt(np.maximum(squares[: -count - 1 : -1], 0))
    peaks = found[np.abs(found).argmax(axis=0), np.arange(count)]
    signed: NDArray[np.float64] = found * np.where(peaks < 0, -1.0, 1.0)
    return signed

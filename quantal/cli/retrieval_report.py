"""How well searches by the codes of a model find rows of the query's class."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from .encoding import code_blocks
from .query_split import QuerySplit
from .terminal import Terminal, table
from .truth_files import LabelColumn, align

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..data import Dataset
    from ..metrics import RetrievalScores


def retrieval_report(
    model: Any,
    dataset: Dataset,
    truth: LabelColumn,
    split: QuerySplit,
    what: str,
    resamples: int,
    terminal: Terminal,
    *,
    as_json: bool,
) -> str:
    """Split rows into queries and gallery, score the codes, return what to print.

    Args:
        model: a fitted hasher.
        dataset: rows to encode.
        truth: their classes.
        split: how to judge.
        what: what messages call the codes.
        resamples: bootstrap resamples of the queries.
        terminal: shows progress.
        as_json: JSON instead of a table.
    """
    import numpy as np

    from ..experiments.retrieval_run import query_mask
    from ..metrics import evaluate_retrieval

    codes = np.concatenate(list(code_blocks(model, dataset, terminal)))
    rows = LabelColumn(np.arange(len(dataset)), dataset.ids, what)
    classes, is_known = _classes(align(rows, truth)[1], truth.what)
    codes, classes = codes[is_known], classes[is_known]
    generator = np.random.default_rng(split.seed_or_default)
    is_query = query_mask(classes, split.n_queries, generator)
    scores = evaluate_retrieval(
        codes[~is_query],
        codes[is_query],
        classes[~is_query],
        classes[is_query],
        int(model.n_bits),
        n_retrieved=split.depth(int((~is_query).sum())),
        radius=split.ball(int(model.n_bits)),
        n_resamples=resamples,
    )
    was_seen = was_fitted_on(model, dataset)
    n_unknown = int((~is_known).sum())
    if as_json:
        protocol = {
            "queries_per_class": split.n_queries,
            "seed": split.seed_or_default,
            "n_without_truth": n_unknown,
            "fitted_on_these_rows": was_seen,
        }
        return json.dumps(scores.as_dict() | protocol, indent=1)
    return _report(scores, split, n_unknown, was_seen=was_seen)


def was_fitted_on(model: Any, dataset: Dataset) -> bool:
    """Tell whether a model was fitted on these very rows, queries included."""
    from ..estimators import data_fingerprint

    x = dataset.x
    if len(x.shape) > 2:
        x = x.reshape(x.shape[0], math.prod(x.shape[1:]))
    return bool(data_fingerprint(x) == model.data_)


def _classes(values: NDArray[Any], what: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return typed classes and which of them are known: not -1, None, nan or empty."""
    from ..metrics.label_values import as_labels

    labels, is_missing = as_labels(values, what)
    if labels.dtype.kind == "i":
        is_missing = is_missing | (labels == -1)
    if is_missing.all():
        raise DataError(f"{what} names no class for any row. Check that it is the right file.")
    return labels, ~is_missing


def _report(scores: RetrievalScores, split: QuerySplit, n_unknown: int, *, was_seen: bool) -> str:
    head = ("score", "value", f"95 % interval ({scores.n_resamples:,} resamples)")
    rows = [head[: 3 if scores.intervals else 2]]
    rows += [row[: len(rows[0])] for row in scores.rows()]
    lines = [
        table(rows),
        "",
        f"{scores.n_queries:,} queries ({split.n_queries:,} random rows of each class, seed "
        f"{split.seed_or_default}) among the other {scores.n_codes:,} rows, codes of "
        f"{scores.n_bits} bits",
    ]
    if n_unknown:
        lines.append(f"{n_unknown:,} rows without a true label left out")
    if was_seen:
        lines.append(
            "the model was fitted on these rows, queries included: rows that it has not seen may "
            "score lower"
        )
    return "\n".join(lines)

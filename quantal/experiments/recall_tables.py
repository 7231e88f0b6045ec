"""Recipes of recall and their records as tables: symmetric and asymmetric search kept apart."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .recall_recipe import SCORES, Band, RecallRecipe
from .recall_result import RECALL_RECORDS, RecallResult
from .record import Record
from .seconds import median_seconds
from .verdict import Summary

EXPLANATION = """Recall K@N in per cent: how many of the K true neighbours are among the first N
retrieved, in expectation over the orders of ties; "by id" orders ties by row, as a stable sort
does. Symmetric: queries are coded too (Hamming distance; for codes without bits the distance of
decoded vectors). Asymmetric: real-valued queries, codes decoded (bits by least squares). The errors
are half the mean squared distance of the gallery's rows from what their codes decode to, by the
method's own decoder and by the least-squares decoder of the bits. Deviations are over seeds.
Seconds are those of the fit by the clock, which also counts what else the machine did, and in
brackets of the processor where that was taken.
"""


@dataclass(frozen=True)
class RecallRow:
    """A recipe of recall with what is known of it."""

    recipe: RecallRecipe
    record: Record[RecallResult] | None

    @property
    def counted(self) -> list[RecallResult]:
        """Finished runs of the recipe's own lengths, seeds and steps."""
        runs = set(self.recipe.runs())
        return [r for r in (self.record.results if self.record else ()) if r.run in runs]

    def at(self, n_bits: int, step: int | None = None) -> list[RecallResult]:
        """Counted runs of one length and step."""
        return [r for r in self.counted if (r.n_bits, r.step) == (n_bits, step)]

    def verdict(self, n_bits: int) -> tuple[str, list[str]]:
        """A word, and the bands that were missed."""
        found = self.at(n_bits)
        bands = [band for band in self.recipe.bands if band.n_bits == n_bits]
        if not found:
            return "not run", []
        if not bands:
            return "reported", []
        if len(found) < len(self.recipe.seeds):
            return "incomplete", []
        missed = [text for band in bands if (text := _missed(band, found))]
        return ("outside" if missed else "within its band"), missed


def _missed(band: Band, found: Sequence[RecallResult]) -> str:
    values = [value for r in found if (value := r.value(band.score)) is not None]
    if not values:
        return f"{band.score} is not measured"
    mean = statistics.fmean(values)
    if band.low <= mean <= band.high:
        return ""
    below = mean < band.low
    limit = band.low if below else band.high
    return f"{band.score} {mean:.3f} is {'below' if below else 'above'} {limit:g}"


def recall_rows(recipes: Iterable[RecallRecipe], records_dir: str | Path) -> list[RecallRow]:
    """Every recipe with its record.

    Args:
        recipes: in the order of the tables.
        records_dir: the record of a recipe is ``<records_dir>/<name>.json``.
    """
    folder = Path(records_dir)
    return [
        RecallRow(r, RECALL_RECORDS.saved(r.fingerprint, folder / f"{r.name}.json"))
        for r in recipes
    ]


def recall_sections(rows: Sequence[RecallRow]) -> str:
    """Tables of recall and of training budgets as Markdown, by data set; empty without rows."""
    if not rows:
        return ""
    parts = ["## Recall\n", EXPLANATION]
    for title in dict.fromkeys(row.recipe.dataset for row in rows):
        mine = [row for row in rows if row.recipe.dataset == title]
        plain = [row for row in mine if row.recipe.budget is None]
        for n_bits in sorted({b for row in plain for b in row.recipe.bits}):
            parts.append(_table(title, n_bits, [r for r in plain if n_bits in r.recipe.bits]))
        budgets = [row for row in mine if row.recipe.budget is not None]
        if budgets:
            parts.append(_budget_table(title, budgets))
    return "\n".join(parts)


def _table(title: str, n_bits: int, rows: Sequence[RecallRow]) -> str:
    names = [f"{k}@{n}" for k, n in SCORES]
    head = ["recipe", "method", *(f"symmetric {name}" for name in names), "10@100 by id"]
    head += [*(f"asymmetric {name}" for name in names), "own error", "least-squares error"]
    head += ["band", "seconds to train", "notes"]
    lines = [
        f"### {title}, {n_bits} bits\n",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
    ]
    notes: list[str] = []
    for row in rows:
        found = _notes(row, n_bits)
        notes += [note for note in found if note not in notes]
        numbers = ", ".join(str(notes.index(note) + 1) for note in found)
        lines.append(_line([*_cells(row, n_bits, names), numbers]))
    lines.append("")
    lines += [f"{number}. {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join([*lines, ""] if notes else lines)


def _cells(row: RecallRow, n_bits: int, names: Sequence[str]) -> list[str]:
    found = row.at(n_bits)
    symmetric = [r.symmetric for r in found if r.symmetric is not None]
    asymmetric = [r.asymmetric for r in found if r.asymmetric is not None]
    n = f", n = {len(found)}" if found else ""
    return [
        f"`{row.recipe.name}`",
        row.recipe.title + n,
        *(_share([s.expected[name] for s in symmetric]) for name in names),
        _share([s.by_id["10@100"] for s in symmetric]),
        *(_share([s.expected[name] for s in asymmetric]) for name in names),
        _error([r.own_error for r in found]),
        _error([r.least_squares_error for r in found]),
        row.verdict(n_bits)[0],
        _seconds(found),
    ]


def _budget_table(title: str, rows: Sequence[RecallRow]) -> str:
    """Error, by least squares where there is one, at every number of examples seen."""
    lines = [f"### {title}: reconstruction against examples seen\n"]
    for row in rows:
        budget = row.recipe.budget
        assert budget is not None  # callers pass these only
        seen = examples_seen(row)
        labels = [f"{value}" if n is None else f"{n:,}" for value, n in seen.items()]
        lines.append(_line([f"`{row.recipe.name}` {row.recipe.title}, bits", *labels]))
        lines.append(f"|{'---|' * (len(labels) + 1)}")
        for n_bits in row.recipe.bits:
            cells = []
            for step in budget.values:
                found = row.at(n_bits, step)
                error = _error([shown_error(r) for r in found])
                cells.append(f"{error} in {_seconds(found)} s" if found else "not run")
            lines.append(_line([str(n_bits), *cells]))
        lines.append("")
    return "\n".join(lines)


def examples_seen(row: RecallRow) -> dict[int, int | None]:
    """Step of the budget -> rows seen; None where a step means all rows and none was run.

    Args:
        row: of a recipe with a budget.
    """
    budget = row.recipe.budget
    assert budget is not None  # callers pass these only
    n_rows = next((r.n_rows for r in row.counted), None)
    each = budget.examples or n_rows
    return {value: None if each is None else each * value for value in budget.values}


def shown_error(result: RecallResult) -> float | None:
    """The error that curves show: by least squares, or the method's own where it has no bits."""
    if result.least_squares_error is None:
        return result.own_error
    return result.least_squares_error


def _notes(row: RecallRow, n_bits: int) -> list[str]:
    recipe = row.recipe
    word, missed = row.verdict(n_bits)
    sentences = []
    if missed:
        reason = f". Reason: {recipe.reason}" if recipe.reason else ""
        sentences.append(f"`{recipe.name}` is {word}: {'; '.join(missed)}{reason}")
    for first in row.at(n_bits)[:1]:
        error = f"{first.mean_error:.4g}"
        sentences.append(f"The mean of these {first.n_rows:,} rows alone has the error {error}")
    sentences += [f"Departure: {text}" for text in recipe.departures]
    return [f"{s.rstrip('.')}." for s in sentences]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _share(values: Sequence[float]) -> str:
    return _mean([100 * v for v in values], lambda v: f"{v:.1f}")


def _error(values: Sequence[float | None]) -> str:
    return _mean([v for v in values if v is not None], lambda v: f"{v:.4g}")


def _mean(values: Sequence[float], text: Callable[[float], str]) -> str:
    if not values:
        return "-"
    summary = Summary.of(values)
    std = "" if summary.std is None else f" ({summary.std:.2g})"
    return text(summary.mean) + std


def _seconds(found: Sequence[RecallResult]) -> str:
    used = [r.processor_seconds for r in found if r.processor_seconds is not None]
    processor = f" ({median_seconds(used)})" if used else ""
    return median_seconds([r.seconds for r in found]) + processor

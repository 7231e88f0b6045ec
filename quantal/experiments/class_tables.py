"""Recipes of classes and their records as tables: the paper's accuracies beside ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .class_recipe import ClassRecipe
from .class_result import CLASS_RECORDS, ClassResult
from .record import Record
from .seconds import median_seconds
from .verdict import Summary

EXPLANATION = """Accuracy on the test rows, in per cent, of classifiers that learn from labels, upon
a clustering that saw none. Y, FC, Conv and pixels: one linear layer on the cluster probabilities,
the features, the last maps and the input of its network, which stays as it is. Scratch and
pre-trained: the whole network, with new filters or those of the clustering.
"""


@dataclass(frozen=True)
class ClassRow:
    """A recipe of classes with what is known of it."""

    recipe: ClassRecipe
    record: Record[ClassResult] | None

    @property
    def counted(self) -> list[ClassResult]:
        """Finished runs of the recipe's own seeds and variants."""
        runs = set(self.recipe.runs())
        return [r for r in (self.record.results if self.record else ()) if r.run in runs]


def class_rows(recipes: Iterable[ClassRecipe], records_dir: str | Path) -> list[ClassRow]:
    """Every recipe with its record.

    Args:
        recipes: in the order of the tables.
        records_dir: the record of a recipe is ``<records_dir>/<name>.json``.
    """
    folder = Path(records_dir)
    return [
        ClassRow(r, CLASS_RECORDS.saved(r.fingerprint, folder / f"{r.name}.json")) for r in recipes
    ]


def class_sections(rows: Sequence[ClassRow]) -> str:
    """One table a data set as Markdown; empty without rows."""
    groups: dict[str, list[ClassRow]] = {}
    for row in rows:
        groups.setdefault(row.recipe.dataset, []).append(row)
    parts = [_section(dataset, group) for dataset, group in groups.items()]
    return "\n".join([f"## Classes after clustering\n\n{EXPLANATION}", *parts] if parts else [])


def _section(dataset: str, rows: Sequence[ClassRow]) -> str:
    lines = [
        f"### {dataset}\n",
        "| recipe | method | learned by | from | published | ours | on training rows | "
        "seconds a run | notes |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    notes: list[str] = []
    for row in rows:
        found = _notes(row.recipe)
        notes += [note for note in found if note not in notes]
        lines += _lines(row, ", ".join(str(notes.index(note) + 1) for note in found))
    lines.append("")
    lines += [f"{number}. {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join([*lines, ""] if notes else lines)


def _lines(row: ClassRow, numbers: str) -> list[str]:
    recipe, lines = row.recipe, []
    for variant in recipe.variants:
        paper = recipe.published.get(variant)
        runs = [r for r in row.counted if r.variant == variant]
        cells = [
            f"`{recipe.name}`",
            recipe.title,
            f"`{recipe.learned_by}`",
            variant,
            "-" if paper is None else f"{100 * paper:.1f}",
            _text([r.accuracy for r in runs]) or "not run",
            _text([r.train_accuracy for r in runs]) or "-",
            median_seconds([r.seconds for r in runs]),
            numbers,
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _text(values: Sequence[float]) -> str:
    if not values:
        return ""
    summary = Summary.of(values)
    std = "" if summary.std is None else f" ({100 * summary.std:.1f})"
    return f"{100 * summary.mean:.1f}{std}, n = {summary.n}"


def _notes(recipe: ClassRecipe) -> list[str]:
    sentences = [f"Published in {recipe.source}"] if recipe.source else []
    sentences += [f"Departure: {text}" for text in recipe.departures]
    return [f"{s.rstrip('.')}." for s in sentences]

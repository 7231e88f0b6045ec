"""Recipes of hash codes and their records as tables: both protocols side by side."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .record import Record
from .retrieval_recipe import RetrievalRecipe
from .retrieval_result import RETRIEVAL_RECORDS, RetrievalResult
from .seconds import median_seconds
from .verdict import Summary

COLUMNS = {
    "map_trapezoid": "mAP, trapezoid",
    "map": "mAP, exact",
    "precision_at_n": "P@{n}",
    "precision_within_radius": "P@r={radius}",
    "empty_balls": "empty balls",
}


@dataclass(frozen=True)
class RetrievalRow:
    """A recipe of hash codes with what is known of it."""

    recipe: RetrievalRecipe
    record: Record[RetrievalResult] | None

    def results(self, protocol: str) -> list[RetrievalResult]:
        """Finished runs of the recipe's own seeds under a protocol."""
        found = self.record.results if self.record else ()
        return [r for r in found if r.protocol == protocol and r.seed in self.recipe.seeds]

    @property
    def counted(self) -> list[RetrievalResult]:
        """Finished runs of the recipe's own seeds and protocols."""
        return [r for protocol in self.recipe.protocols for r in self.results(protocol)]

    def summary(self, protocol: str, score: str) -> Summary | None:
        """Our mean, deviation and number of seeds; None if nothing was run."""
        values = [float(getattr(r, score)) for r in self.results(protocol)]
        return Summary.of(values) if values else None

    def verdict(self) -> tuple[str, list[str]]:
        """A word, and the bars that were missed; bars are for the published protocol."""
        first = self.recipe.protocols[0]
        if not self.results(first):
            return "not run", []
        if not self.recipe.at_least:
            return "reported", []
        if len(self.results(first)) < len(self.recipe.seeds):
            return "incomplete", []
        missed = []
        for score, bar in self.recipe.at_least.items():
            ours = self.summary(first, score)
            if ours is not None and ours.mean < bar:
                missed.append(f"{self._title(score)} below {100 * bar:g}")
        return ("not reproduced" if missed else "reproduced"), missed

    def _title(self, score: str) -> str:
        title = COLUMNS.get(score, score)
        return title.format(n=self.recipe.n_retrieved, radius=self.recipe.radius)


def retrieval_rows(
    recipes: Iterable[RetrievalRecipe], records_dir: str | Path
) -> list[RetrievalRow]:
    """Every recipe with its record.

    Args:
        recipes: in the order of the table.
        records_dir: the record of a recipe is ``<records_dir>/<name>.json``.
    """
    folder = Path(records_dir)
    return [
        RetrievalRow(r, RETRIEVAL_RECORDS.saved(r.fingerprint, folder / f"{r.name}.json"))
        for r in recipes
    ]


def readme_lines(rows: Sequence[RetrievalRow]) -> list[str]:
    """Rows of the README's short table: mean average precision as the paper computes it."""
    lines = []
    for row in rows:
        if not row.recipe.headline:
            continue
        recipe, first = row.recipe, row.recipe.protocols[0]
        seconds = [r.seconds for r in row.results(first)]
        cells = (
            f"{recipe.dataset}, {recipe.n_bits} bits",
            recipe.title,
            f"{_paper(recipe, 'map_trapezoid')} mAP",
            _ours(row.summary(first, "map_trapezoid")),
            "-",
            median_seconds(seconds),
        )
        lines.append(_line(cells))
    return lines


def retrieval_sections(rows: Sequence[RetrievalRow]) -> str:
    """One table a data set and code length as Markdown; empty without rows."""
    groups: dict[tuple[str, int], list[RetrievalRow]] = {}
    for row in rows:
        groups.setdefault((row.recipe.dataset, row.recipe.n_bits), []).append(row)
    return "\n".join(_section(group) for group in groups.values())


def _section(rows: Sequence[RetrievalRow]) -> str:
    recipe = rows[0].recipe
    titles = [t.format(n=recipe.n_retrieved, radius=recipe.radius) for t in COLUMNS.values()]
    head = ["recipe", "method", "protocol", *titles, "verdict", "seconds a run", "notes"]
    lines = [
        f"## {recipe.dataset}, codes of {recipe.n_bits} bits\n",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
    ]
    notes: list[str] = []
    for row in rows:
        found = _notes(row)
        notes += [note for note in found if note not in notes]
        numbers = ", ".join(str(notes.index(note) + 1) for note in found)
        lines += _lines(row, numbers)
    lines.append("")
    lines += [f"{number}. {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join([*lines, ""] if notes else lines)


def _lines(row: RetrievalRow, numbers: str) -> list[str]:
    """The published scores, then ours under each protocol."""
    recipe = row.recipe
    word, _ = row.verdict()
    lines = []
    if recipe.published:
        paper = [_paper(recipe, score) for score in COLUMNS]
        lines.append(_line(["", recipe.title, "paper's figures", *paper, "", "", ""]))
    for protocol in recipe.protocols:
        ours = [_ours(row.summary(protocol, score)) for score in COLUMNS]
        seconds = [r.seconds for r in row.results(protocol)]
        cells = [f"`{recipe.name}`", recipe.title, protocol, *ours]
        cells += [word, median_seconds(seconds), numbers]
        lines.append(_line(cells))
        word, numbers = "", ""  # once a recipe
    return lines


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _paper(recipe: RetrievalRecipe, score: str) -> str:
    found = recipe.published.get(score)
    if found is None:
        return "-"
    return f"{100 * found.mean:.1f}" + ("" if found.std is None else f" ({100 * found.std:.1f})")


def _ours(summary: Summary | None) -> str:
    if summary is None:
        return "-"
    std = "" if summary.std is None else f" ({100 * summary.std:.1f})"
    return f"{100 * summary.mean:.1f}{std}, n = {summary.n}"


def _notes(row: RetrievalRow) -> list[str]:
    recipe = row.recipe
    word, missed = row.verdict()
    sentences = [f"Published in {recipe.source}"] if recipe.source else []
    if missed:
        reason = f". Reason: {recipe.reason}" if recipe.reason else ""
        sentences.append(f"`{recipe.name}` is {word}: {'; '.join(missed)}{reason}")
    dead = max((r.n_constant_bits for r in (row.record.results if row.record else ())), default=0)
    if dead:
        sentences.append(f"`{recipe.name}`: up to {dead} of {recipe.n_bits} bits are constant")
    if "published" in recipe.protocols:
        sentences.append(
            "Departure of the protocol `published`, kept for comparison: its queries are among "
            "the training rows, as in the authors' code; `clean` trains on the gallery alone"
        )
    sentences += [f"Departure: {text}" for text in recipe.departures]
    return [f"{s.rstrip('.')}." for s in sentences]

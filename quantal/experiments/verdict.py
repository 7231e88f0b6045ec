"""Our number beside the published one, judged by the recipe's bar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .recipe import Recipe
from .recipe_parts import Bar, Baseline, Published
from .record import Record
from .seed_result import SeedResult


@dataclass(frozen=True)
class Summary:
    """Several values in short.

    Attributes:
        mean: their mean.
        std: their sample standard deviation (denominator n - 1); None for a single value.
        n: how many there are.
    """

    mean: float
    std: float | None
    n: int

    @classmethod
    def of(cls, values: Sequence[float]) -> Summary:
        """Summarise at least one value."""
        std = float(np.std(values, ddof=1)) if len(values) > 1 else None
        return cls(float(np.mean(values)), std, len(values))


@dataclass(frozen=True)
class Verdict:
    """What the table says of a row.

    Attributes:
        word: "reproduced", "not reproduced", "reported" (no bar), "incomplete" (seeds of
            the recipe are missing), "out of date" (the recipe changed after the runs) or "not run".
        ours: our mean, deviation and number of seeds; None if there is nothing to show.
        why: the conditions that were missed, as one phrase; empty otherwise.
    """

    word: str
    ours: Summary | None = None
    why: str = ""


def finished_results(recipe: Recipe, record: Record[SeedResult] | None) -> list[SeedResult]:
    """The record's runs of the recipe's own seeds, or none if it is of another fingerprint."""
    if record is None or record.fingerprint != recipe.fingerprint:
        return []
    return [r for r in record.results if r.seed in recipe.seeds]


def judge(recipe: Recipe, record: Record[SeedResult] | None) -> Verdict:
    """Judge a row by its recipe's bar. Only the seeds that the recipe names count.

    Args:
        recipe: says what was published and what must be reached.
        record: what was run; None if nothing was.
    """
    results = finished_results(recipe, record)
    if not results:
        current = record is None or record.fingerprint == recipe.fingerprint
        return Verdict("not run" if current else "out of date")
    metric = recipe.published.metric if recipe.published else "accuracy"
    values = [float(getattr(r, metric)) for r in results]
    ours = Summary.of(values)
    if recipe.bar is None:
        return Verdict("reported", ours)
    if len(values) < len(recipe.seeds):  # a judge who stops early could stop at a good moment
        return Verdict("incomplete", ours, f"{len(values)} of {len(recipe.seeds)} seeds")
    missed = _missed(recipe.bar, recipe.published, ours, min(values))
    return Verdict("not reproduced" if missed else "reproduced", ours, "; ".join(missed))


def _missed(bar: Bar, published: Published | None, ours: Summary, worst: float) -> list[str]:
    missed = []
    if bar.at_least is not None and ours.mean < bar.at_least:
        missed.append(f"mean below {100 * bar.at_least:.1f}")
    if bar.no_seed_below is not None and worst < bar.no_seed_below:
        missed.append(f"a seed at {100 * worst:.1f}, below {100 * bar.no_seed_below:.1f}")
    if bar.within is not None and published is not None and published.std is not None:
        away = (ours.mean - published.mean) / published.std
        if abs(away) > bar.within:
            side = "above" if away > 0 else "below"
            missed.append(f"{abs(away):.1f} published deviations {side}, allowed {bar.within:g}")
    return missed


def judge_baseline(baseline: Baseline, result: SeedResult | None) -> str:
    """A phrase if k-means is farther from the published value than allowed; else empty."""
    if result is None or baseline.published is None or baseline.within is None:
        return ""
    away = result.accuracy - baseline.published
    if abs(away) <= baseline.within:
        return ""
    return (
        f"K-means is {100 * abs(away):.1f} points {'above' if away > 0 else 'below'} the paper's "
        f"{100 * baseline.published:.1f}"
    )


def bar_text(bar: Bar | None) -> str:
    """The bar in a few words, for the table."""
    if bar is None:
        return "-"
    parts = [f"≥ {100 * bar.at_least:g}"] if bar.at_least is not None else []
    parts += [f"± {bar.within:g} published std"] if bar.within is not None else []
    parts += [f"no seed < {100 * bar.no_seed_below:g}"] if bar.no_seed_below is not None else []
    return ", ".join(parts)

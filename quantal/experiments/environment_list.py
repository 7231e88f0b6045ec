"""Where the runs behind the tables were made, as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def environment_section(runs: Iterable[tuple[str, Any, Sequence[Any]]]) -> str:
    """Return a line for each machine and software, with the recipes that ran there.

    Args:
        runs: recipe name, record and counted results of each recipe.
    """
    used: dict[str, list[str]] = {}
    for name, record, results in runs:
        for key in sorted({r.environment for r in results}):
            facts = record.environments[key]
            text = ", ".join(f"{fact} {value}" for fact, value in facts.items() if value)
            used.setdefault(text, []).append(name)
    if not used:
        return ""
    lines = [f"- {text}: {', '.join(names)}" for text, names in sorted(used.items())]
    return "\n".join(["## Environments\n", *lines, ""])

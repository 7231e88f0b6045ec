"""``quantal methods``: what there is to fit, and its parameters."""

from __future__ import annotations

import inspect
import re
import textwrap
from typing import Annotated, Any

import typer

from .terminal import table

WIDTH = 96
CLUSTERS = "clusters, with quantal fit --clusters K"
CODES = "hash codes, with quantal fit --bits B"


def methods(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="List the parameters of this method.")
    ] = None,
) -> None:
    """List the methods, or every parameter of one.

    [bold]Examples[/bold]

    quantal methods

    quantal methods imsat
    """
    from ..catalog import CLUSTERERS, HASHERS, METHODS
    from ..errors import require_choice

    if name is None:
        typer.echo(_listed({CLUSTERS: CLUSTERERS, CODES: HASHERS}))
        typer.echo("\nparameters of one: quantal methods imsat")
        return
    require_choice("The method", name, METHODS)
    cls = METHODS[name]
    typer.echo(f"{name}: {summary(cls)}\n\n{source(cls)}\n\nParameters, for --set NAME=VALUE:\n")
    typer.echo(_parameter_list(cls))
    if presets := _preset_list(cls):
        typer.echo(f"\n{presets}")


def _listed(groups: dict[str, dict[str, type]]) -> str:
    """Return one table for all groups, so that columns stand below each other."""
    rows = [("method", "what it does", "source")]
    for methods in groups.values():
        rows += [(key, summary(cls), paper(cls)) for key, cls in methods.items()]
    head, *lines = table(rows).split("\n")
    text = [head]
    for title, methods in groups.items():
        text += ["", title, *lines[: len(methods)]]
        lines = lines[len(methods) :]
    return "\n".join(text)


def summary(cls: type) -> str:
    """Return the first line of a class's docstring."""
    return inspect.cleandoc(cls.__doc__ or "").split("\n", 1)[0]


def source(cls: type) -> str:
    """Return the paragraph of the docstring that names the paper."""
    paragraphs = inspect.cleandoc(cls.__doc__ or "").split("\n\n")
    found = next((p for p in paragraphs if p.startswith("Source:")), "Source: none stated")
    return textwrap.fill(" ".join(found.split("\nDiffers:")[0].split()), WIDTH)


def paper(cls: type) -> str:
    """Return authors and year of the paper."""
    match = re.match(r"Source: (.*?\d{4})", " ".join(source(cls).split()))
    return match[1] if match else ""


def explanations(cls: type) -> dict[str, str]:
    """Return the text of each entry of the docstring's Args."""
    doc = inspect.cleandoc(cls.__doc__ or "")
    block = re.search(r"^Args:\n((?: +.*\n|\n)+)", doc + "\n", re.MULTILINE)
    entries = re.split(r"^ {4}(\w+): ", block[1] if block else "", flags=re.MULTILINE)[1:]
    return {
        name: " ".join(text.split()) for name, text in zip(entries[::2], entries[1::2], strict=True)
    }


def _parameter_list(cls: Any) -> str:
    from .method_options import OPTIONS

    known = explanations(cls)
    lines = []
    for name, parameter in inspect.signature(cls).parameters.items():
        option = f" [use {OPTIONS[name]}]" if name in OPTIONS else ""
        lines.append(f"{name} = {shown_value(parameter.default)}{option}")
        text = known.get(name, "").replace("``", "").replace("`", "")
        lines.append(textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="    "))
    return "\n".join(lines)


def _preset_list(cls: Any) -> str:
    """Return the settings of each preset as one would type them; empty without any."""
    from ..clustering.presets import PRESETS

    lines = []
    for name, settings in PRESETS.get(cls.__name__, {}).items():
        glue = "\0"  # keeps an option and its value on one line
        typed = [f"--set{glue}{key}={shown_value(value)}" for key, value in settings.items()]
        lines.append(f"preset {name}:")
        wrapped = textwrap.wrap(" ".join(typed), WIDTH - 4, break_on_hyphens=False)
        lines += [f"    {line}".replace(glue, " ") for line in wrapped]
    return "\n".join(lines)


def shown_value(value: Any) -> str:
    """Return a default as one would type it after --set."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)

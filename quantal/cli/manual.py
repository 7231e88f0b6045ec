"""docs/cli.md from the commands themselves: ``python -m quantal.cli.manual > docs/cli.md``."""

from __future__ import annotations

import inspect
import re
from typing import Any

import typer

from .program import app

HEAD = """# Command line

This page is written by `python -m quantal.cli.manual`; change the commands, not the page.

`DATA` is a path or a named set such as `name:digits`; [Data](data.md) lists the formats. Results go
to standard output, everything else to standard error. Exit status: 0; 2 for a mistake that you can
mend, explained in one line, with nothing half-written; 130 after Ctrl-C; 1 for a bug (run again
with `--debug`).
"""


def manual() -> str:
    """Return the page: one section a command."""
    group: Any = typer.main.get_command(app)
    sections = [_section("quantal", command) for command in _commands("", group)]
    return "\n".join([HEAD, *sections])


def _commands(prefix: str, group: Any) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, command in group.commands.items():
        full = f"{prefix}{name}"
        if hasattr(command, "commands"):
            found += _commands(f"{full} ", command)
        else:
            found.append((full, command))
    return found


def _section(program: str, named: tuple[str, Any]) -> str:
    name, command = named
    about, _, examples = inspect.cleandoc(command.help).partition("[bold]Examples[/bold]")
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [
        p for p in command.params if p.param_type_name == "option" and "--help" not in p.opts
    ]
    usage = " ".join([program, name, *(p.metavar for p in arguments), "[OPTIONS]"])
    lines = [f"## {program} {name}", "", about.strip(), "", "```", usage, "```", ""]
    if examples.strip():
        lines += ["Examples:", "", "```", *re.split(r"\n+", examples.strip()), "```", ""]
    lines += ["| argument or option | meaning |", "| --- | --- |"]
    lines += [f"| `{p.metavar}` | {_cell(p.help)} |" for p in arguments]
    lines += [f"| {_names(p)} | {_cell(p.help)}{_default(p)} |" for p in options]
    return "\n".join([*lines, ""])


def _names(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in [*option.opts, *option.secondary_opts])
    value = "" if option.is_flag else f" `{option.metavar or 'VALUE'}`"
    return (names + value).replace("|", "\\|")


def _default(option: Any) -> str:
    default = option.default
    silent = default is None or isinstance(default, bool | list | tuple) or callable(default)
    return "" if silent else f" Default: `{default}`."


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    typer.echo(manual(), nl=False)

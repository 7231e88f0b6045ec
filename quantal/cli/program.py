"""The program ``quantal``: its commands, and how every failure becomes one line."""

from __future__ import annotations

import os
import sys
import traceback
import warnings
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from .. import __version__
from ..errors import QuantalError, QuantalWarning
from . import (
    data_sets,
    demo,
    encode,
    evaluate,
    explore,
    export,
    fit,
    methods,
    predict,
    report,
    reproduce,
    search,
    store,
)
from .interruption import Interrupted
from .terminal import to_stderr
from .together import heard, let_first_speak, process_rank, require_alone, speaks

USER_MISTAKE, BUG, INTERRUPTED = 2, 1, 130  # exit statuses
LEARN, FIND, LOOK = "Learn and label", "Encode and search", "Look up and check"
GROUPS = {"data"}  # commands that only hold further commands

app = typer.Typer(
    name="quantal",
    help="Cluster images, text and vectors, or turn them into hash codes, without labels.\n\n"
    "Try it with data that need no download: [bold]quantal demo[/bold]",
    epilog="Every command has examples: quantal fit --help",
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    add_completion=True,
)
app.command("fit", rich_help_panel=LEARN)(fit.fit)
app.command("predict", rich_help_panel=LEARN)(predict.predict)
app.command("encode", rich_help_panel=FIND)(encode.encode)
app.command("search", rich_help_panel=FIND)(search.search)
app.command("store", rich_help_panel=FIND)(store.store)
app.command("evaluate", rich_help_panel=LEARN)(evaluate.evaluate)
app.command("report", rich_help_panel=LEARN)(report.report)
app.command("explore", rich_help_panel=LEARN)(explore.explore)
app.command("export", rich_help_panel=LEARN)(export.export)
app.command("demo", rich_help_panel=LEARN)(demo.demo)
app.command("methods", rich_help_panel=LOOK)(methods.methods)
app.add_typer(data_sets.app, name="data", rich_help_panel=LOOK)
app.command("reproduce", rich_help_panel=LOOK)(reproduce.reproduce)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"quantal {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option("--debug", help="Show where an error arose; may stand anywhere on the line."),
    ] = False,
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: what follows ``quantal``; default: those of the process.

    Returns:
        Exit status: 0, 2 for a mistake of the user, 130 when interrupted, 1 for a bug.
    """
    args = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in args
    args = [argument for argument in args if argument != "--debug"]
    if not args or (len(args) == 1 and args[0] in GROUPS):
        args.append("--help")
    try:
        require_alone(args[0])
        with warnings.catch_warnings(), heard():
            _show_warnings(debug)
            status = typer.main.get_command(app).main(
                args, prog_name="quantal", standalone_mode=False
            )
            sys.stdout.flush()
    except BaseException as error:
        if debug:
            traceback.print_exc()
        status, line = _explain(error, args)
        if not line:
            return status
        if speaks(error):
            process = f"process {process_rank()}: " if process_rank() else ""
            to_stderr(f"quantal: {process}{line}")
        else:
            let_first_speak()
        return status
    if status == INTERRUPTED:  # newer versions of typer return it instead of raising
        to_stderr("quantal: interrupted; nothing was written")
    return status if isinstance(status, int) else 0


def _explain(error: BaseException, args: Sequence[str]) -> tuple[int, str]:
    """Return the exit status and the line for an exception that ended a command."""
    if isinstance(error, Interrupted):
        return INTERRUPTED, f"interrupted; {error}"
    if isinstance(error, KeyboardInterrupt | typer.Abort):
        return INTERRUPTED, "interrupted"
    if isinstance(error, SystemExit):
        return (error.code if isinstance(error.code, int) else BUG), ""
    if isinstance(error, BrokenPipeError):  # e.g. "quantal methods | head -1"
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BUG, ""
    if isinstance(error, QuantalError):
        return USER_MISTAKE, f"error: {error}"
    if hasattr(error, "format_message"):  # the usage errors of typer and of click have no base
        return USER_MISTAKE, f"error: {_usage(error)} See '{_command(args)} --help'."
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return USER_MISTAKE, f"error: {where}{error.strerror}. Nothing was half-written."
    if isinstance(error, MemoryError):
        return USER_MISTAKE, (
            f"error: not enough memory ({error or 'no details'}). Save large data as .npy, which "
            "is read from disk, or lower --set batch_size."
        )
    return BUG, (
        f"error: unexpected {type(error).__name__}: {error} "
        "(this is a bug in quantal; run again with --debug and report what it prints)"
    )


def _usage(error: Any) -> str:
    text = str(error.format_message()).strip()
    return text if text.endswith((".", "?")) else f"{text}."


def _command(args: Sequence[str]) -> str:
    words = [arg for arg in args[:2] if not arg.startswith("-")]
    known = {command.name for command in app.registered_commands} | GROUPS
    if not words or words[0] not in known:
        return "quantal"
    return " ".join(["quantal", *(words if words[0] in GROUPS else words[:1])])


def _show_warnings(debug: bool) -> None:
    """Print quantal's own warnings as one line each; others are no business of the user's."""
    if debug:
        return

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, QuantalWarning) and process_rank() == 0:
            kind = category.__name__.removesuffix("Warning").lower()
            name = "warning" if kind == "quantal" else f"warning ({kind})"
            to_stderr(f"quantal: {name}: {message}")

    warnings.simplefilter("ignore")
    warnings.simplefilter("always", QuantalWarning)
    warnings.showwarning = show

"""``quantal explore``: a local page and a REST interface for one model."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import ParameterError, require_extra
from .predict import ModelFolder, Quiet
from .reading import given_options, read_rows_for, reads_data, require_source
from .terminal import Terminal

LIMITS = "Limits of the server"
NEEDED = ("fastapi", "jinja2", "python_multipart", "uvicorn")


@reads_data()
def explore(
    model: ModelFolder,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]",
            help="Rows to look at and to search in; without them only the model is served.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            "--host", help="Address to listen on; 0.0.0.0 lets other machines in, with the token."
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", "-p", min=0, max=65535, help="Port; 0 takes a free one.")
    ] = 8000,
    token: Annotated[
        str | None,
        typer.Option(
            "--token",
            envvar="QUANTAL_TOKEN",
            metavar="TEXT",
            help="What clients must send. Made and printed where other machines can connect.",
        ),
    ] = None,
    edits: Annotated[
        Path | None,
        typer.Option(
            "--edits",
            metavar="FILE",
            help="Where names, merges and other edits are kept; default: MODEL.edits.sqlite "
            "beside the model.",
        ),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the page, where there is DATA.")
    ] = True,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            metavar="NAME",
            help="Another name by which clients call this server; may be repeated.",
            rich_help_panel=LIMITS,
        ),
    ] = None,
    workers: Annotated[
        int,
        typer.Option("--workers", min=1, help="Model calls at one time.", rich_help_panel=LIMITS),
    ] = 2,
    queue: Annotated[
        int,
        typer.Option("--queue", min=1, help="Requests that may wait.", rich_help_panel=LIMITS),
    ] = 64,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            help="Longest time to read a request, and then to answer it.",
            rich_help_panel=LIMITS,
        ),
    ] = 30.0,
    max_body: Annotated[
        int,
        typer.Option(
            "--max-body",
            min=1,
            metavar="MIB",
            help="Largest request in MiB.",
            rich_help_panel=LIMITS,
        ),
    ] = 32,
    log_requests: Annotated[
        bool, typer.Option("--log", help="Print a line for every request.")
    ] = False,
    quiet: Quiet = False,
    **reading: Any,
) -> None:
    """Look at clusters in the browser, and serve the model to programs.

    With DATA there are pages to look through the clusters, name, merge and split them, and to
    search by example. Programs find labels, codes and neighbours under /v1. Nothing leaves this
    machine, and nobody else can connect, unless --host says so. Ctrl-C stops the server.

    [bold]Examples[/bold]

    quantal explore photos-model photos/

    quantal explore codes-model vectors.npy --no-browser --port 9000

    quantal explore model --host 0.0.0.0 --allow-host lab.example.org
    """
    terminal = Terminal(quiet=quiet)
    for module in NEEDED:
        require_extra(module, "app")
    _require_sense(data, edits, reading)
    from ..app.running import address_of, bind, serve, share_threads
    from ..app.server import create_app
    from ..app.settings import MIB, ServerSettings, is_loopback
    from .server_terminal import Greeting, index_progress, print_requests

    made = None if token is not None or is_loopback(host) else secrets.token_urlsafe(24)
    settings = ServerSettings(
        host=host,
        port=port,
        token=token or made,
        allowed_hosts=tuple(allow_host or ()),
        max_body_bytes=max_body * MIB,
        max_waiting_bytes=max(8, 2 * workers) * max_body * MIB,
        timeout_seconds=timeout,
        queue_size=queue,
        workers=workers,
    )
    if log_requests:
        print_requests()
    with bind(settings) as taken:  # before anything slow: a port in use is said at once
        from ..catalog import load

        fitted = load(model)
        dataset = None if data is None else read_rows_for(fitted, data, reading, terminal)
        with index_progress(dataset, terminal) as on_rows:
            app = create_app(
                fitted,
                data=dataset,
                pictures=_pictures(fitted, data, reading),
                edits=edits or model.with_name(f"{model.resolve().name}.edits.sqlite"),
                settings=settings,
                on_rows=on_rows,
            )
        share_threads(workers)
        greeting = Greeting(fitted, dataset, settings, made, opens=browser)
        serve(app, taken, lambda: greeting.say(address_of(taken), terminal))
    terminal.say("stopped")


def _require_sense(data: str | None, edits: Path | None, reading: dict[str, Any]) -> None:
    if data is not None:
        require_source(data)
        return
    given = ["--edits"] if edits else []
    given += [f"--{name.replace('_', '-')}" for name in given_options(reading)]
    if given:
        raise ParameterError(
            f"{given[0]} says something about DATA, and there is none. Name the data after the "
            "model, or leave the option out."
        )


def _pictures(model: Any, source: str | None, reading: dict[str, Any]) -> Any:
    """Return the images of a source whose features the model reads, else None."""
    from ..report.shown_rows import pictures_of

    reader = {**(getattr(model, "reader_", None) or {}), **given_options(reading)}
    return None if source is None else pictures_of(source, reader)

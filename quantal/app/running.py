"""The process that serves: its socket, its threads, its end."""

from __future__ import annotations

import asyncio
import errno
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import ParameterError, require_extra
from .settings import ServerSettings

if TYPE_CHECKING:
    from fastapi import FastAPI

MOST_CONNECTIONS = 1024
IDLE_SECONDS = 75  # longer than clients keep a connection, or they ask just when it is closed
LAST_SECONDS = 5  # what requests under way have left when the server is stopped


def bind(settings: ServerSettings) -> socket.socket:
    """Take the address to listen on, before anything slow is loaded.

    Args:
        settings: its host and port; port 0 takes a free one.

    Raises:
        ParameterError: The port is in use or reserved, or this machine has no such address.
    """
    host = settings.host.strip("[]")
    try:
        found = socket.getaddrinfo(host, settings.port, type=socket.SOCK_STREAM)
        family, _, _, _, address = found[0]
        taken = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise ParameterError(_unknown(host, error)) from None
    try:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
    except OSError as error:
        taken.close()
        raise ParameterError(_not_bound(settings, host, error)) from None
    return taken


def _not_bound(settings: ServerSettings, host: str, error: OSError) -> str:
    remedy = "Pass another with --port, or --port 0 for a free one."
    if error.errno == errno.EADDRINUSE:
        return f"Port {settings.port} of {host} is in use by another program. {remedy}"
    if error.errno == errno.EACCES:
        return f"Port {settings.port} is reserved for the system. {remedy}"
    return _unknown(host, error)


def _unknown(host: str, error: OSError) -> str:
    return (
        f"This machine cannot listen on {host} ({error.strerror or error}). Pass --host 127.0.0.1, "
        "or an address of this machine."
    )


def address_of(taken: socket.socket) -> str:
    """Return the address under which a browser on this machine finds the server.

    Args:
        taken: what `bind` returned.
    """
    host, port = taken.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def share_threads(workers: int) -> None:
    """Give every worker its share of the threads that this process would use, for good.

    Args:
        workers: model calls at one time. Each would start a thread a processor otherwise.
    """
    import torch
    from threadpoolctl import threadpool_limits

    share = max(1, torch.get_num_threads() // workers)
    torch.set_num_threads(share)
    threadpool_limits(share, user_api="blas")


def serve(
    app: FastAPI,
    taken: socket.socket,
    on_ready: Callable[[], None],
    stop: threading.Event | None = None,
) -> None:
    """Serve until Ctrl-C or a signal to end; requests under way have 5 seconds left then.

    Args:
        app: the application.
        taken: the socket of `bind`.
        on_ready: called once, when requests are answered.
        stop: ends the server, too; for one in a thread, which hears no signals.

    Raises:
        MissingExtraError: The extra ``app`` is not installed.
    """
    uvicorn = require_extra("uvicorn", "app")
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,  # the application logs, with the numbers of its requests
        lifespan="on",
        ws="none",
        proxy_headers=False,  # nobody in front of this server is trusted to say who asks
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=LAST_SECONDS,
    )
    server = uvicorn.Server(config)

    async def run() -> None:
        telling = asyncio.create_task(_tell())
        try:
            await server.serve(sockets=[taken])
        finally:
            telling.cancel()

    async def _tell() -> None:
        while not server.started:
            await asyncio.sleep(0.01)
        on_ready()
        if stop is not None:
            while not stop.is_set():
                await asyncio.sleep(0.05)
            server.should_exit = True

    try:
        asyncio.run(run())
    except KeyboardInterrupt:  # uvicorn raises it again, once all is closed
        return
    finally:
        taken.close()

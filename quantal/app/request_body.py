"""Bodies of requests: never more than may be held, never waited for longer than allowed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .problems import Problem
from .settings import ServerSettings

PAUSE = "1"  # seconds: bodies pass quickly, or run into their time limit


class BodyLimit:
    """ASGI middleware: reads no more of a body than ``settings.max_body_bytes``.

    Args:
        app: what reads bodies.
        settings: how large one may be.
    """

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self.app, self.limit = app, settings.max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a body whose stated length is too large, and count what really comes."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        if stated.isdecimal() and int(stated) > self.limit:
            raise self._too_large(f"{int(stated):,} bytes")
        came = 0

        async def counted() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > self.limit:
                raise self._too_large(f"more than {self.limit:,} bytes")
            return message

        await self.app(scope, counted, send)

    def _too_large(self, came: str) -> Problem:
        return Problem(
            413,
            f"The body has {came}, and at most {self.limit:,} are read. Send the rows in several "
            "requests, or as .npy of float32, which is shorter than JSON.",
            {"Connection": "close"},  # the rest of the body is never read
        )


class BodyReader:
    """Reads bodies whose sum stays below ``settings.max_waiting_bytes``.

    One for all requests of a server; used from its event loop only.
    """

    def __init__(self, settings: ServerSettings) -> None:
        self.settings = settings
        self.held = 0

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Give a request's body, which counts as held until the context is left.

        Raises:
            Problem: 408, it came too slowly; 429, too much is held already.
        """
        parts: list[bytes] = []
        own = 0
        try:
            async with asyncio.timeout(self.settings.timeout_seconds):
                async for part in request.stream():
                    own += len(part)
                    self.held += len(part)
                    if self.held > self.settings.max_waiting_bytes:
                        raise self._overfull()
                    parts.append(part)
        except TimeoutError:
            self.held -= own
            raise Problem(
                408,
                f"The body did not come within {self.settings.timeout_seconds:g} s. Send fewer "
                "rows at a time, or ask the server's owner for a longer --timeout.",
                {"Connection": "close"},
            ) from None
        except BaseException:
            self.held -= own
            raise
        try:
            yield parts[0] if len(parts) == 1 else b"".join(parts)
        finally:
            self.held -= own

    def _overfull(self) -> Problem:
        return Problem(
            429,
            f"Requests that wait hold {self.settings.max_waiting_bytes:,} bytes already, which is "
            f"as much as may. Send this one again in {PAUSE} s.",
            {"Retry-After": PAUSE, "Connection": "close"},
        )

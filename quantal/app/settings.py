"""What a server may do, and to whom it listens."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ..errors import ParameterError, require_range

MIB = 1 << 20
SHORTEST_TOKEN = 16
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # what may follow "Bearer " (RFC 6750)
_NAME = re.compile(r"[A-Za-z0-9._-]{1,253}")

_COUNTS = (
    "max_body_bytes",
    "max_rows",
    "max_neighbors",
    "max_answer_values",
    "queue_size",
    "workers",
)


@dataclass(frozen=True)
class ServerSettings:
    """Limits and addresses of a server.

    Attributes:
        host: the address to listen on. One that other machines can reach needs a ``token``.
        port: 0 takes a free one.
        token: what a client must send as ``Authorization: Bearer TOKEN``; None asks for nothing.
        allowed_hosts: further names by which clients may call this server. A page from elsewhere
            that points its own name at this address is refused, because it calls by that name.
        max_body_bytes: largest body of a request that is read.
        max_waiting_bytes: largest sum of the bodies that are held at one time.
        max_rows: most rows of a request.
        max_neighbors: most neighbours that a search may ask for.
        max_answer_values: most neighbours or probabilities of all rows of an answer together.
        timeout_seconds: longest time to read a body, and then to answer it.
        queue_size: most requests that wait for a worker; the next is told to come again.
        workers: model calls that run at one time, each on its share of the processors.

    Raises:
        ParameterError: A value is out of its range, or others could reach it without a token.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    max_body_bytes: int = 32 * MIB
    max_waiting_bytes: int = 256 * MIB
    max_rows: int = 100_000
    max_neighbors: int = 1000
    max_answer_values: int = 2_000_000
    timeout_seconds: float = 30.0
    queue_size: int = 64
    workers: int = 2

    def __post_init__(self) -> None:
        require_range("port", self.port, low=0, high=65535, integer=True)
        require_range("timeout_seconds", self.timeout_seconds, low=0, low_open=True)
        for name in _COUNTS:
            require_range(name, getattr(self, name), low=1, integer=True)
        low = self.max_body_bytes
        require_range("max_waiting_bytes", self.max_waiting_bytes, low=low, integer=True)
        for name in (self.host.strip("[]"), *self.allowed_hosts):
            if not (_NAME.fullmatch(name) or is_address(name)):
                raise ParameterError(
                    f"{name!r} is no name or address of a machine. Write it without scheme, port "
                    "and path, as in 127.0.0.1 or lab.example.org."
                )
        self._require_token()

    def _require_token(self) -> None:
        if self.token is None:
            if not is_loopback(self.host):
                raise ParameterError(
                    f"host={self.host!r} lets other machines in, so a token is needed. Pass "
                    "token=secrets.token_urlsafe(), or listen on 127.0.0.1."
                )
        elif len(self.token) < SHORTEST_TOKEN or not _TOKEN.fullmatch(self.token):
            raise ParameterError(
                f"token must be at least {SHORTEST_TOKEN} letters, digits or any of ._~+/- long, "
                f"got {len(self.token)} characters. secrets.token_urlsafe() makes a good one."
            )


def is_address(host: str) -> bool:
    """Tell an address such as 10.0.0.1 or ::1 from a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach ``host``."""
    plain = host.strip("[]").lower()
    return plain == "localhost" or (is_address(plain) and ipaddress.ip_address(plain).is_loopback)

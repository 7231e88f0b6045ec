"""Fetching one file whose checksum is known, all or nothing."""

from __future__ import annotations

import hashlib
import http.client
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

from ..errors import DataError, FileFormatError

BLOCK = 1 << 20
MAX_BYTES = 1 << 30  # no named set is near this size
TIMEOUT = 30.0  # seconds without a byte


def download(url: str, target: Path, sha256: str) -> Path:
    """Download ``url`` to ``target``; the file appears only when complete and verified.

    Args:
        url: http or https address.
        target: Path of the file; its folder is made if missing. A file there is replaced.
        sha256: Checksum that the bytes must have, in hexadecimal.

    Raises:
        DataError: The address cannot be read or the folder cannot be written.
        FileFormatError: Other bytes came than expected.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=target.parent, prefix=f".{target.name}.", suffix=".part", delete=False
        ) as stream:
            part = Path(stream.name)
            try:
                found = _copy(url, stream)
                if found != sha256:
                    raise FileFormatError(
                        f"{url} sent other bytes than expected (SHA-256 {found[:12]}..., wanted "
                        f"{sha256[:12]}...); nothing was kept. Try again later."
                    )
                stream.close()  # before the rename: Windows refuses to move an open file
                part.chmod(0o644)
                return part.replace(target)
            finally:
                stream.close()
                part.unlink(missing_ok=True)
    except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
        reason = getattr(error, "reason", None) or error
        raise DataError(
            f"{url} could not be downloaded ({reason}); nothing was kept. Check the connection, or "
            f"put {target.name} into {target.parent} yourself."
        ) from None
    except OSError as error:
        raise DataError(
            f"{target} could not be written ({error.strerror or error}). Name another folder with "
            "--data-dir."
        ) from None


def _copy(url: str, stream: IO[Any]) -> str:
    """Copy the bytes behind ``url`` to ``stream`` and return their SHA-256."""
    digest, total = hashlib.sha256(), 0
    with urllib.request.urlopen(url, timeout=TIMEOUT) as response:
        while block := response.read(BLOCK):
            total += len(block)
            if total > MAX_BYTES:
                raise FileFormatError(f"{url} sent more than {MAX_BYTES >> 20} MiB; stopped.")
            digest.update(block)
            stream.write(block)
    return digest.hexdigest()

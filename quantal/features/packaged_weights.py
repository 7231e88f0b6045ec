"""Weights of pretrained encoders, as files inside installed packages: no network is needed."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

from ..errors import FileFormatError, MissingExtraError


def packaged_bytes(package: str, inner: str, sha256: tuple[str, ...], extra: str) -> bytes:
    """Return a file of an installed package, whose code is not run.

    Rows of a saved model must mean the same tomorrow, so a file that is not one of those known here
    is refused.

    Args:
        package: Import name of a package without a parent.
        inner: Path of the file in the package's folder, with "/".
        sha256: Checksums in hexadecimal of the files that hold the same weights.
        extra: The extra of quantal that brings the package.

    Raises:
        MissingExtraError: The package is not installed, or has no such file.
        FileFormatError: The file is another one.
    """
    command = f"Run: pip install 'quantal[{extra}]'"
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(f"This needs {package}, which is not installed. {command}")
    path = Path(next(iter(spec.submodule_search_locations)), inner)
    try:
        content = path.read_bytes()
    except OSError:
        raise MissingExtraError(
            f"This needs {path.name} of the package {package}, which holds no such file. "
            f"{command} --force-reinstall"
        ) from None
    if hashlib.sha256(content).hexdigest() not in sha256:
        raise FileFormatError(
            f"{path.name} of the package {package} is not the file that this version of quantal "
            f"knows, so its rows would mean something else. {command} --force-reinstall"
        )
    return content

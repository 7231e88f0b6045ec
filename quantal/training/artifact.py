"""The folder in which a fitted estimator is saved: config, weights and a manifest of hashes.

config.json           schema version, method, parameters, fitted values that are not tensors
weights.safetensors   every tensor
manifest.json         SHA-256 of the two, library version, fingerprint of the data, history
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from torch import Tensor

from ..data.file_hash import file_sha256
from ..data.memory_ceiling import JSON_FACTOR, require_memory
from ..data.partial_file import explained
from ..errors import FileFormatError, ParameterError
from .tensor_file import read_tensors, require_plain_file, write_bytes, write_tensors

SCHEMA = 1
MAX_JSON_BYTES = 64 << 20
FILES = ("config.json", "weights.safetensors")
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Artifact:
    """What a model folder holds.

    Attributes:
        config: JSON object with at least "method" and "parameters".
        tensors: Named tensors.
        manifest: JSON object; "data" and "history" describe the fit.
    """

    config: dict[str, Any]
    tensors: dict[str, Tensor]
    manifest: dict[str, Any]


def write_artifact(path: str | Path, artifact: Artifact) -> None:
    """Write a model folder whole or not at all; an older model at ``path`` is replaced.

    Args:
        path: the folder.
        artifact: what goes into it.

    Raises:
        ParameterError: ``path`` is something else than a model folder, or cannot be written.
    """
    target = Path(path)
    if target.is_symlink() or (target.exists() and not is_replaceable(target)):
        raise ParameterError(
            f"{target} exists and is not a quantal model. Choose another path, or delete it."
        )
    with explained(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        try:
            _fill(temporary, artifact)
            os.chmod(temporary, 0o755)  # noqa: PTH101  (mkdtemp makes it private)
            _swap(temporary, target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def is_replaceable(target: Path) -> bool:
    """Tell whether ``target`` is an empty folder or an earlier model."""
    if not target.is_dir():
        return False
    names = {entry.name for entry in target.iterdir()}
    return not names or {MANIFEST, *FILES} <= names


def _fill(folder: Path, artifact: Artifact) -> None:
    config = {"schema": SCHEMA, **artifact.config}
    write_bytes(folder / FILES[0], json.dumps(config, indent=1).encode())
    write_tensors(folder / FILES[1], artifact.tensors)
    hashes = {name: file_sha256(folder / name) for name in FILES}
    manifest = {"schema": SCHEMA, "quantal": version("quantal"), "sha256": hashes}
    payload = json.dumps({**manifest, **artifact.manifest}, indent=1).encode()
    write_bytes(folder / MANIFEST, payload)


def _swap(temporary: Path, target: Path) -> None:
    if target.exists():  # a folder with entries cannot be renamed over
        retired = temporary.with_name(temporary.name + ".old")
        target.replace(retired)
        try:
            temporary.replace(target)
        except OSError:
            retired.replace(target)
            raise
        shutil.rmtree(retired, ignore_errors=True)
    else:
        temporary.replace(target)


def read_artifact(path: str | Path) -> Artifact:
    """Read a model folder, checking sizes and hashes before anything is used.

    Args:
        path: the folder.

    Raises:
        FileFormatError: Something is missing, damaged, too large, a link, or of a newer schema.
    """
    folder = Path(path)
    try:
        is_folder = folder.is_dir() and not folder.is_symlink()
    except OSError:  # a name longer than the system allows
        is_folder = False
    if not is_folder:
        raise FileFormatError(
            f"{folder} is not a model folder. Pass the folder that 'quantal fit --out' or "
            "save() made."
        )
    manifest = _read_object(folder / MANIFEST)
    hashes = manifest.get("sha256")
    if not isinstance(hashes, dict) or set(hashes) != set(FILES):
        raise FileFormatError(f"{folder / MANIFEST} does not list {', '.join(FILES)}.")
    config = _read_object(folder / FILES[0])
    tensors = read_tensors(folder / FILES[1])
    for name in FILES:
        if file_sha256(folder / name) != hashes[name]:
            raise FileFormatError(
                f"{folder / name} differs from what the manifest says it is. "
                "Restore the file, or save the model again."
            )
    if config.get("schema") != SCHEMA:
        raise FileFormatError(
            f"{folder} has schema {config.get('schema')!r}; this version of quantal reads "
            f"{SCHEMA}. Install the version named in {MANIFEST}: {manifest.get('quantal')!r}."
        )
    return Artifact(config, tensors, manifest)


def _read_object(path: Path) -> dict[str, Any]:
    require_memory(JSON_FACTOR * require_plain_file(path, MAX_JSON_BYTES), str(path))
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise FileFormatError(f"{path} is not JSON. Restore it, or save the model again.") from None
    if not isinstance(value, dict):
        raise FileFormatError(f"{path} must hold a JSON object, not {type(value).__name__}.")
    return value

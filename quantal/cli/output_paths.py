"""Checks of where results go, made before any work: an hour must not end in a wrong path."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ParameterError

LABEL_SUFFIXES = (".parquet", ".csv", ".npy")
CODE_SUFFIXES = (".npy", ".parquet")
HIT_SUFFIXES = (".parquet", ".csv", ".npy")


def require_model_target(out: Path) -> None:
    """Raise ParameterError unless a model can be written to the folder ``out``."""
    from ..training.artifact import is_replaceable

    if out.is_symlink():
        raise ParameterError(f"--out {out} is a link. Name the folder itself.")
    if out.exists() and not is_replaceable(out):
        kind = "a folder that is not a model" if out.is_dir() else "a file"
        raise ParameterError(f"--out {out} is {kind}. Choose another path, or delete it.")
    require_writable_parent(out, "--out")


def require_label_target(path: Path, option: str, inputs: tuple[str, ...] = ()) -> None:
    """Raise ParameterError unless labels can be written to the file ``path``."""
    require_file_target(path, option, LABEL_SUFFIXES, inputs)


def require_file_target(
    path: Path, option: str, suffixes: tuple[str, ...], inputs: tuple[str, ...] = ()
) -> None:
    """Raise ParameterError unless a result can be written to the file ``path``.

    Args:
        path: the file.
        option: the option that named it.
        suffixes: what it may end in.
        inputs: what the command reads, none of which may be overwritten.
    """
    if path.suffix.lower() not in suffixes:
        raise ParameterError(
            f"{option} {path} ends in {path.suffix or 'no suffix'!r}, which says no format. End it "
            f"in {', '.join(suffixes[:-1])} or {suffixes[-1]}."
        )
    if path.is_dir():
        raise ParameterError(f"{option} {path} is a folder. Name a file.")
    for name in inputs:
        if path.exists() and Path(name).exists() and path.samefile(name):
            raise ParameterError(f"{option} {path} is what is read. Name another file.")
    require_writable_parent(path, option)


def require_writable_parent(path: Path, option: str) -> None:
    """Raise ParameterError unless ``path`` can be made in its folder, or that folder be made."""
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    if not folder.is_dir():
        raise ParameterError(f"{option} {path}: {folder} is a file. Name a path in a folder.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ParameterError(
            f"{option} {path}: {folder} may not be written to. Name another path, or change its "
            "permissions."
        )

"""The file that says what an output folder is made of, and refuses to mix it with anything else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .. import __version__
from ..codes.partial_file import write_whole
from ..errors import FileFormatError, ParameterError
from .job import Job
from .shards import Shard

MANIFEST, SUCCESS, LOCK = "_manifest.json", "_SUCCESS", "_lock"
FORMAT, VERSION = "quantal shards", 1
MAX_BYTES = 1 << 30
ELSE = "Choose another --out, or delete this one."


def agree(job: Job, shards: Sequence[Shard]) -> bool:
    """Compare a run with the manifest in its output folder; write one where there is none.

    Shards that were damaged in the last run may have been replaced since.

    Args:
        job: what is to be done now.
        shards: the input as it is now.

    Returns:
        Whether an earlier run is continued.

    Raises:
        ParameterError: The folder holds something else, or results of another model, of other
            settings or of an input that was changed.
        FileFormatError: The manifest is damaged.
    """
    out = Path(job.out)
    path = out / MANIFEST
    if out.is_dir() and not path.is_file() and any(p.name != LOCK for p in out.iterdir()):
        raise ParameterError(f"--out {out} is a folder that no such run began. {ELSE}")
    now = described(job, shards)
    if not path.is_file():
        write_whole(path, _text(now))
        return False
    before = _read(path)
    for name, meaning in _MEANING.items():
        if before.get(name) != now[name]:
            raise ParameterError(
                f"--out {out} was begun with {meaning} {before.get(name)!r}, and now it is "
                f"{now[name]!r}. {ELSE}"
            )
    _require_same_input(out, before["shards"], now["shards"])
    (out / SUCCESS).unlink(missing_ok=True)
    write_whole(path, _text(now))
    return True


_MEANING = {
    "task": "the command",
    "model": "the model",
    "columns": "the columns",
    "device": "the device",
    "quantal": "quantal",
}


def described(job: Job, shards: Sequence[Shard]) -> dict[str, Any]:
    """Return the manifest as JSON values; nothing in it depends on the engine or on time."""
    columns = {
        key: list(v) if isinstance(v, tuple) else v for key, v in asdict(job.columns).items()
    }
    return {
        "format": FORMAT,
        "version": VERSION,
        "quantal": __version__,
        "task": job.task,
        "model": job.maker,
        "device": job.device,
        "columns": {**columns, "ids": job.columns.ids},
        "shards": [asdict(shard) for shard in shards],
    }


def note(job: Job, shards: Sequence[Shard]) -> None:
    """Write the manifest again, with what became of damaged shards."""
    write_whole(Path(job.out) / MANIFEST, _text(described(job, shards)))


def finish(job: Job, shards: Sequence[Shard]) -> None:
    """Write the file that says that all is there."""
    n_rows = sum(shard.n_rows or 0 for shard in shards)
    write_whole(Path(job.out) / SUCCESS, _text({"shards": len(shards), "rows": n_rows}))


def _require_same_input(out: Path, before: Any, now: list[dict[str, Any]]) -> None:
    known = {shard["name"]: shard for shard in before}
    found = {shard["name"]: shard for shard in now}
    gone, new = sorted(known.keys() - found.keys()), sorted(found.keys() - known.keys())
    changed = [
        name
        for name in sorted(known.keys() & found.keys())
        if known[name]["damage"] is None
        and known[name]["fingerprint"] != found[name]["fingerprint"]
    ]
    for names, what in ((changed, "was changed"), (gone, "is gone"), (new, "is new")):
        if names:
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise ParameterError(
                f"The input of --out {out} is not what it was: {names[0]}{more} {what}. {ELSE}"
            )


def _read(path: Path) -> dict[str, Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError("too large")
        values = json.loads(path.read_text("utf-8"))
        sound = values["format"] == FORMAT and all(
            isinstance(shard["name"], str)
            and isinstance(shard["fingerprint"], str)
            and isinstance(shard["damage"], str | None)
            for shard in values["shards"]
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        sound = False
    if not sound:
        raise FileFormatError(f"{path} is damaged or not a manifest of shards. {ELSE}")
    if values.get("version") != VERSION:
        raise FileFormatError(
            f"{path} is version {values.get('version')!r}; this version of quantal reads "
            f"{VERSION}. {ELSE}"
        )
    return dict(values)


def _text(values: dict[str, Any]) -> bytes:
    return (json.dumps(values, indent=1) + "\n").encode()

"""The file that says what an output folder is made of, and refuses to mix it with anything else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from .. import __version__
from ..data.partial_file import write_whole
from ..errors import FileFormatError, ParameterError
from .job import Job
from .shards import Shard

MANIFEST, SUCCESS, LOCK = "_manifest.json", "_SUCCESS", "_lock"
FORMAT, VERSION = "quantal shards", 1
MAX_BYTES = 1 << 30
ELSE = "Choose another --out, or delete this one."


def agree(job: Job, shards: Sequence[Shard]) -> list[Shard]:
    """Compare a run with the manifest in its output folder; write one where there is none.

    Shards that were damaged in the last run may have been replaced since.

    Args:
        job: what is to be done now.
        shards: the input as it is now.

    Returns:
        The shards whose rows an earlier run could not use and that are as they were, with why.

    Raises:
        ParameterError: The folder holds something else, or results of another model, of other
            settings or of an input that was changed.
        FileFormatError: The manifest is damaged.
    """
    out = Path(job.out)
    path = out / MANIFEST
    require_ours(out)
    now = described(job, shards)
    if not path.is_file():
        write_whole(path, _text(now))
        return []
    before = _read(path)
    for name, meaning in _MEANING.items():
        if before.get(name) != now[name]:
            raise ParameterError(
                f"--out {out} was begun with {meaning} {before.get(name)!r}, and now it is "
                f"{now[name]!r}. {ELSE}"
            )
    _require_same_input(out, before["shards"], now["shards"])
    (out / SUCCESS).unlink(missing_ok=True)
    known = {shard["name"]: shard for shard in before["shards"]}
    noted = [
        replace(shard, damage=known[shard.name]["damage"])
        for shard in shards
        if shard.damage is None
        and known[shard.name]["damage"] is not None
        and known[shard.name]["fingerprint"] == shard.fingerprint
        and not job.is_finished(shard)
    ]
    still = {shard.name: shard for shard in noted}  # else a stop here would forbid to mend them
    write_whole(path, _text(described(job, [still.get(shard.name, shard) for shard in shards])))
    return noted


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


def require_ours(out: Path) -> None:
    """Raise ParameterError if a folder without a manifest holds anything else."""
    if not out.is_dir() or (out / MANIFEST).is_file():
        return
    if any(not _is_ours(path.name) for path in out.iterdir()):
        raise ParameterError(f"--out {out} is a folder that no such run began. {ELSE}")


def _is_ours(name: str) -> bool:
    """Tell what a run can leave that was killed before it wrote its manifest."""
    return name == LOCK or (name.startswith(".") and name.endswith(".partial"))


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

"""A folder of Parquet shards in, a folder of codes or labels out; stopped and continued at will."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..data.options import Options, parse_options
from ..data.partial_file import explained
from ..errors import DataError, ParameterError, require_choice, require_range
from . import manifest
from .job import TASKS, Job, LoadedModel, Outcome, load_model
from .results import PARTIAL
from .shards import LISTED, Columns, Shard, common_columns, look_at, shard_names

ENGINES = ("local", "ray")
OnShard = Callable[[str, int, int], None]


@dataclass(frozen=True)
class FolderResult:
    """What a run over a folder did.

    Attributes:
        n_shards: Shards of the input.
        n_rows: Rows of the input, all of which are in the output.
        n_skipped: Shards that an earlier run had finished.
    """

    n_shards: int
    n_rows: int
    n_skipped: int


def process_folder(
    task: str,
    model: str | Path,
    source: str | Path,
    out: str | Path,
    *,
    engine: str = "local",
    n_workers: int | None = None,
    ray_address: str | None = None,
    columns: Sequence[str] | None = None,
    drop: Sequence[str] = (),
    on_shard: OnShard | None = None,
) -> FolderResult:
    """Encode or label every row of a folder of Parquet files, file by file.

    Each file of the input becomes one of the same name in the output, with its rows in their
    order. A file appears whole, by a rename, when all its rows are written; a run that was
    stopped, killed or ran into a damaged file is continued by the same call, which skips what is
    there. The bytes are the same for every engine and any number of workers and of stops. The
    output is complete when it holds ``_SUCCESS``; ``_manifest.json`` says what it was made from.

    Args:
        task: "encode": columns ``code`` and, where the input has one, ``id``; "predict": columns
            ``id`` (without one in the input the row number in the file, from 0), ``label`` and
            ``probability``.
        model: folder of a fitted model.
        source: folder with the input; folders in it are searched too. Names that start with a
            dot or ``_`` are left out.
        out: folder of the output, new, empty or of a run that is to be continued.
        engine: "local": threads of this process; "ray": actors, on any number of machines that
            see the three folders under these names.
        n_workers: files at once, each on one processor; None: one for each processor.
        ray_address: of a running Ray cluster; None starts Ray on this machine and stops it.
        columns: data columns, in their order; None: those of the model's fit, else every one.
        drop: columns to leave out.
        on_shard: called with the name of a finished file and with how many are done and how many
            there are.

    Returns:
        How many files and rows there are, and how many files were there already.

    Raises:
        DataError: The input is no folder of Parquet files that are alike, or some of them cannot
            be used: these are named, and all others are finished.
        ParameterError: The output is of another model or input, another run is at it, it cannot
            be written, or a value is out of its range.
        FileFormatError: The model or the manifest is damaged.
        MissingExtraError: Ray is not installed.
    """
    require_choice("task", task, TASKS)
    require_choice("engine", engine, ENGINES)
    if n_workers is not None:
        require_range("n_workers", n_workers, low=1, integer=True)
    folder, target, model_folder = (Path(p).absolute() for p in (source, out, model))
    names = shard_names(folder)
    _require_apart(folder, target)
    loaded = load_model(model_folder, task)
    looked = [look_at(folder, name) for name in names]
    shards = [shard for shard, _ in looked]
    chosen = _columns(loaded.model, looked, columns, drop)
    job = Job(
        task, str(model_folder), loaded.maker, loaded.device, str(folder), str(target), chosen
    )
    manifest.require_ours(target)  # before the lock leaves a file there
    with _only_one(target):
        noted = manifest.agree(job, shards)
        _remove_leftovers(target)
        run = _Run(job, shards, noted, on_shard)
        outcomes = _outcomes(engine, job, loaded, run.waiting, n_workers, ray_address)
        with closing(outcomes):
            run.follow(outcomes)
        return run.conclude()


class _Run:
    """One pass over the shards that are not finished."""

    def __init__(
        self, job: Job, shards: list[Shard], noted: list[Shard], on_shard: OnShard | None
    ) -> None:
        self.job, self.shards, self.on_shard = job, shards, on_shard
        self.noted = {shard.name: shard for shard in noted}
        self.damaged = {shard.name: shard for shard in shards if shard.damage is not None}
        sound = [shard for shard in shards if shard.damage is None]
        self.waiting = [shard for shard in sound if not job.is_finished(shard)]
        self.n_skipped = self.n_done = len(sound) - len(self.waiting)

    def follow(self, outcomes: Iterator[Outcome]) -> None:
        """Count what ends; stop where nothing can be processed."""
        by_name = {shard.name: shard for shard in self.shards}
        for outcome in outcomes:
            if outcome.fatal is not None:
                raise ParameterError(outcome.fatal)
            if outcome.damage is not None:
                shard = replace(by_name[outcome.name], damage=outcome.damage)
                self.damaged[outcome.name] = shard
                self.note()  # before a kill: a damaged shard may be replaced, others may not
                continue
            self.noted.pop(outcome.name, None)
            self.n_done += 1
            if self.on_shard is not None:
                self.on_shard(outcome.name, self.n_done, len(self.shards))

    def conclude(self) -> FolderResult:
        """Write that all is there, or say what is not."""
        shards = self.note()
        if self.damaged:
            raise DataError(_named(list(self.damaged.values()), len(shards)))
        manifest.finish(self.job, shards)
        n_rows = sum(shard.n_rows or 0 for shard in shards)
        return FolderResult(len(shards), n_rows, self.n_skipped)

    def note(self) -> list[Shard]:
        """Write down which shards are damaged; return all with their damage."""
        known = {**self.noted, **self.damaged}
        shards = [known.get(shard.name, shard) for shard in self.shards]
        manifest.note(self.job, shards)
        return shards


def _outcomes(
    engine: str,
    job: Job,
    loaded: LoadedModel,
    shards: list[Shard],
    n_workers: int | None,
    address: str | None,
) -> Any:
    if engine == "local" or not shards:
        from .local_engine import run_locally

        return run_locally(job, loaded, shards, n_workers)
    from .ray_engine import run_on_ray

    return run_on_ray(job, shards, n_workers, address)


def _columns(
    model: Any,
    looked: list[tuple[Shard, Any]],
    columns: Sequence[str] | None,
    drop: Sequence[str],
) -> Columns:
    reader = getattr(model, "reader_", None) or {}
    given = {"columns": columns} if columns else {"drop": drop} if drop else {}
    if columns and drop:
        raise ParameterError(
            "Columns to use and columns to drop were both given. Give one of the two."
        )
    known = {"columns": reader["columns"]} if reader.get("columns") and not given else {}
    options: Options = parse_options({**known, **given})
    schemas = [(shard.name, schema) for shard, schema in looked if schema is not None]
    if not schemas:
        raise DataError(_named([shard for shard, _ in looked], len(looked)))
    return common_columns(schemas, options)


def _named(damaged: list[Shard], n_shards: int) -> str:
    """Say which shards could not be processed, and what to do about it."""
    found = [_reason(shard) for shard in sorted(damaged, key=lambda shard: shard.name)]
    shown = "; ".join(found[:LISTED]) + ("; ..." if len(found) > LISTED else "")
    rest = n_shards - len(damaged)
    others = f" The other {rest} are finished." if rest else ""
    return (
        f"{len(damaged)} of {n_shards} shards cannot be used: {shown}.{others} Write the damaged "
        "ones again, then repeat the command: it does only what is left."
    )


def _reason(shard: Shard) -> str:
    text = (shard.damage or "").rstrip(".")
    return text if text.startswith(shard.name) else f"{shard.name} {text}"


def _require_apart(source: Path, out: Path) -> None:
    a, b = source.resolve(), out.resolve()
    if a == b or a in b.parents or b in a.parents:
        raise ParameterError(
            f"--out {out} and the input {source} lie in one another. Choose a folder beside it."
        )
    if out.exists() and not out.is_dir():
        raise ParameterError(f"--out {out} is a file. Name a folder.")


@contextmanager
def _only_one(out: Path) -> Iterator[None]:
    """Refuse a second run into one folder; the lock of a killed run is free."""
    import fcntl

    path = out / manifest.LOCK
    with explained(out):
        out.mkdir(parents=True, exist_ok=True)
        file = path.open("w")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ParameterError(
                f"Another run is writing to {out}. Wait for it, or stop it first."
            ) from None
        except OSError as error:
            raise ParameterError(
                f"The file system of {out} has no locks ({error.strerror or error}), so two runs "
                "could write there at once. Choose --out on one that has, and copy the result."
            ) from None
        yield  # the file stays: unlinked, it could be locked twice, by its old and its new inode


def _remove_leftovers(out: Path) -> None:
    """Remove what killed runs on this machine left; a worker of another one may still write."""
    ours = re.compile(rf"\..*\.{re.escape(socket.gethostname())}-\d+\.\w+{re.escape(PARTIAL)}")
    for path in out.rglob(f".*{PARTIAL}"):
        if ours.fullmatch(path.name):
            path.unlink(missing_ok=True)

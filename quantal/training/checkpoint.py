"""Checkpoints that resume to the bit: safetensors for tensors, JSON for everything else.

A checkpoint folder holds ``step-<number>/`` with ``state.safetensors`` and ``state.json``. A
checkpoint appears by one rename, the two newest are kept, and each names the settings and data it
belongs to, so a run never resumes from another one's state.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import math
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..data.partial_file import explained
from ..errors import FileFormatError, ParameterError
from .loop import Progress, Run
from .tensor_file import read_tensors, require_plain_file, write_bytes, write_tensors

VERSION = 1
KEPT = 2
MAX_JSON_BYTES = 64 << 20
NAME = re.compile(r"step-(\d{12})")


def fingerprint(settings: dict[str, Any]) -> str:
    """Return a short hash of JSON-able settings; equal settings have equal fingerprints."""
    text = json.dumps(settings, sort_keys=True, default=_name_of)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _name_of(value: Any) -> str:
    """Name what JSON cannot hold; a function by its name, because its text holds an address."""
    return getattr(value, "__qualname__", None) or repr(value)


def run_tensors(run: Run) -> dict[str, Tensor]:
    """Return every tensor of a run's state: network, optimiser and generator."""
    tensors = {f"network.{k}": v for k, v in run.network.state_dict().items()}
    for number, state in run.optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{number}.{k}": v for k, v in state.items()}
    tensors["generator"] = run.generator.get_state()
    return tensors


def restore_run(run: Run, tensors: dict[str, Tensor], progress: dict[str, Any]) -> None:
    """Put a run back into a saved state.

    Raises:
        FileFormatError: The tensors do not fit the run's network.
    """
    try:
        run.network.load_state_dict(_under("network.", tensors))
        states: dict[int, dict[str, Tensor]] = {}
        for key, value in _under("optimizer.", tensors).items():
            number, name = key.split(".", 1)
            states.setdefault(int(number), {})[name] = value
        whole = run.optimizer.state_dict()
        run.optimizer.load_state_dict({**whole, "state": states})
        run.generator.set_state(tensors["generator"])
        run.progress = _sound_progress(progress)
    except (RuntimeError, AttributeError, KeyError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise FileFormatError(
            f"The checkpoint does not fit this run ({reason}). Delete it to start afresh."
        ) from None


def _sound_progress(stored: dict[str, Any]) -> Progress:
    """Return the progress that a state holds, or raise ValueError or TypeError."""
    progress = Progress(**{**stored, "best": float(stored["best"])})
    counts = (progress.step, progress.stale_epochs)
    numbers = [*progress.sums.values(), *(v for past in progress.history.values() for v in past)]
    if not all(type(count) is int and count >= 0 for count in counts):
        raise ValueError(f"its counts are {counts}")
    if not all(type(number) in {int, float} for number in numbers):
        raise ValueError("its history holds something else than numbers")
    return progress


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}


class Checkpoints:
    """Writes and finds the checkpoints of one fit, which may consist of several runs.

    Args:
        folder: where they lie; made if absent.
        owner: fingerprint of settings and data; a checkpoint of another owner is refused.
        every_minutes: least time between two checkpoints; 0 writes one at every step.
        choices: gives what "auto" stands for in this fit, for `choices_in`.
    """

    def __init__(
        self,
        folder: Path,
        owner: str,
        every_minutes: float,
        choices: Callable[[], dict[str, str]] = dict,
    ) -> None:
        self._folder = folder
        self._owner = owner
        self._choices = choices
        self._every = 60 * every_minutes
        self._written = time.monotonic()
        self.extra_tensors: dict[str, Tensor] = {}
        self.extra_state: dict[str, Any] = {}
        self.steps_before = 0
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)

    def on_step(self, run: Run) -> None:
        """Write a checkpoint if the last one is old enough."""
        if time.monotonic() - self._written >= self._every:
            self.write(run)

    def on_epoch(self, run: Run) -> None:
        """Do nothing: steps decide."""

    def write(self, run: Run) -> None:
        """Write the run's state and what the caller put into ``extra_*``.

        Raises:
            ParameterError: The folder cannot be written; the checkpoint before stays.
        """
        with explained(self._folder, "The fit goes on from its last checkpoint with resume=True."):
            self._write(run)
        self._written = time.monotonic()
        for old in _complete(self._folder)[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def _write(self, run: Run) -> None:
        target = self._folder / f"step-{self.steps_before + run.progress.step:012d}"
        temporary = self._folder / (target.name + ".tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        try:
            self._fill(temporary, run)
            shutil.rmtree(target, ignore_errors=True)
            temporary.replace(target)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _fill(self, folder: Path, run: Run) -> None:
        write_tensors(folder / "state.safetensors", run_tensors(run) | self.extra_tensors)
        payload = (folder / "state.safetensors").read_bytes()
        progress = dataclasses.asdict(run.progress)
        if math.isinf(run.progress.best):
            progress["best"] = "inf"  # JSON has no infinity
        state = {
            "version": VERSION,
            "owner": self._owner,
            "sha256": hashlib.sha256(payload).hexdigest(),
            "progress": progress,
            "extra": self.extra_state,
            "auto": self._choices(),
        }
        write_bytes(folder / "state.json", json.dumps(state).encode())

    def latest(self) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
        """Return tensors and state of the newest checkpoint, or None.

        Raises:
            FileFormatError: It is damaged.
            ParameterError: It belongs to other settings or data.
        """
        complete = _complete(self._folder)
        if not complete:
            return None
        folder = complete[-1]
        state = _state_in(folder)
        if state["version"] != VERSION or state["owner"] != self._owner:
            raise ParameterError(
                f"{self._folder} holds a checkpoint of other parameters or other data. Resume "
                "with the same ones, or name an empty checkpoint folder."
            )
        tensors = read_tensors(folder / "state.safetensors")
        payload = (folder / "state.safetensors").read_bytes()
        if hashlib.sha256(payload).hexdigest() != state["sha256"]:
            raise FileFormatError(
                f"{folder}/state.safetensors is damaged. Delete {folder} to resume from an older "
                "checkpoint."
            )
        return tensors, state

    def require_empty(self) -> None:
        """Refuse to start afresh where an unfinished run could still be resumed."""
        if _complete(self._folder):
            raise ParameterError(
                f"{self._folder} holds checkpoints of an unfinished run. Pass resume=True to go "
                "on from them, or name an empty checkpoint folder."
            )

    def clear(self) -> None:
        """Delete every checkpoint, whole or half-written, and the folder if nothing else is in it.

        For a fit that came to its end.
        """
        for entry in self._folder.iterdir():
            if NAME.fullmatch(entry.name.removesuffix(".tmp")):
                shutil.rmtree(entry, ignore_errors=True)
        with contextlib.suppress(OSError):  # not empty: something else lies there
            self._folder.rmdir()


def choices_in(folder: Path) -> dict[str, str]:
    """Return what "auto" stood for in the fit of the newest checkpoint; {} without one.

    Args:
        folder: as for `Checkpoints`; may be absent.

    Raises:
        FileFormatError: The checkpoint is damaged.
    """
    complete = _complete(folder) if folder.is_dir() else []
    return _state_in(complete[-1])["auto"] if complete else {}


def _complete(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if NAME.fullmatch(p.name) and p.is_dir())


def _state_in(folder: Path) -> dict[str, Any]:
    """Return what the JSON of one checkpoint holds."""
    require_plain_file(folder / "state.json", MAX_JSON_BYTES)
    try:
        stored = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        state = {"auto": {}, **stored}  # earlier versions chose again
        if not {"owner", "sha256", "version"} <= state.keys():
            raise KeyError
        if not all(isinstance(state[part], dict) for part in ("progress", "extra", "auto")):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FileFormatError(
            f"{folder}/state.json is damaged. Delete {folder} to resume from an older checkpoint."
        ) from None
    return state


def clone_tensors(network: torch.nn.Module) -> dict[str, Tensor]:
    """Return a copy of a network's parameters and buffers."""
    return {name: tensor.detach().clone() for name, tensor in network.state_dict().items()}

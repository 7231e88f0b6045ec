"""Damage small valid files and models for a given time, and keep what a reader got wrong.

The work is done in child processes with a limit on the address space and on processor time, so a
crash of a C library or an endless loop in it is a finding too. A finding is a JSON file in the
corpus with the target, the damage and what happened; the damaged files lie beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
LEFT_BYTES = 1 << 30  # of address space, beside what the libraries take
ROUND = 400  # inputs of one child
ROUND_SECONDS = 120  # of its processor


def all_targets(only: str) -> dict[str, Any]:
    """Return every target by name; models are fitted when they are first used."""
    from fuzzing import data_targets, file_targets, model_targets

    plain = {target.name: target for target in data_targets.TARGETS + file_targets.TARGETS}
    names = [*plain, *model_targets.NAMES]
    chosen = [name for name in names if only in name]
    return {name: plain.get(name) or model_targets.target(name) for name in chosen}


def work(target: Any, seed: int, corpus: Path) -> None:
    """Try one round of inputs in this process; write a line for each finding."""
    from fuzzing.damage import draw_steps
    from fuzzing.verdict import judge

    draw = Random(seed)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "model"
        for _ in range(ROUND):
            part, steps = draw.randrange(1 << 10), draw_steps(draw)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            target.write_damaged(part, steps, folder)
            note = {"target": target.name, "part": part, "steps": steps}
            (corpus / "last.json").write_text(json.dumps(note))  # what a crash leaves behind
            try:
                judge(target, folder)
            except BaseException:  # whatever it is, it is a finding
                keep(corpus, note, folder, traceback.format_exc())


def keep(corpus: Path, note: dict[str, Any], folder: Path | None, text: str) -> None:
    """Write a finding, once for each target and last line."""
    name = f"{note['target']}-{abs(hash_of(text)):08x}".replace(" ", "-")
    path = corpus / f"{name}.json"
    if path.exists():
        return
    path.write_text(json.dumps({**note, "found": text}, indent=1))
    if folder is not None:
        shutil.copytree(folder, corpus / name, dirs_exist_ok=True)
    print(f"FOUND {path}\n{text.strip().splitlines()[-1]}", flush=True)


def hash_of(text: str) -> int:
    """Return a number for the place and kind of an error, the same in every process."""
    lines = [line for line in text.splitlines() if line.startswith("  File")]
    kind = text.strip().splitlines()[-1].partition(":")[0]
    return int.from_bytes(f"{lines[-1:]}{kind}".encode()[-64:], "little") % (1 << 32)


def in_child(target: Any, seed: int, corpus: Path) -> None:
    """Do a round in a forked child, and keep what killed it."""
    child = os.fork()
    if child == 0:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * os.sysconf("SC_PAGE_SIZE") + LEFT_BYTES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        resource.setrlimit(resource.RLIMIT_CPU, (ROUND_SECONDS, ROUND_SECONDS))
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
        work(target, seed, corpus)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        keep(corpus, json.loads((corpus / "last.json").read_text()), None, f"died: {status}")


def again(targets: dict[str, Any], corpus: Path) -> None:
    """Try the findings of earlier calls first, and forget those that are mended."""
    from fuzzing.verdict import judge

    for path in sorted(corpus.glob("*-*.json")):
        note = json.loads(path.read_text())
        target = targets.get(note["target"])
        if target is None or note["found"].startswith("died"):
            continue
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "model"
            folder.mkdir()
            target.write_damaged(note["part"], [tuple(step) for step in note["steps"]], folder)
            try:
                judge(target, folder)
            except BaseException as error:
                print(f"STILL {path}: {type(error).__name__}: {error}", flush=True)
                continue
        path.unlink()
        shutil.rmtree(path.with_suffix(""), ignore_errors=True)


def main() -> int:
    """Fuzz until the time is over; the exit status is 1 if anything was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=60)
    parser.add_argument("--only", default="", help="targets whose name holds this")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--corpus", type=Path, default=ROOT / ".fuzz")
    given = parser.parse_args()
    given.corpus.mkdir(parents=True, exist_ok=True)
    targets = all_targets(given.only)
    again(targets, given.corpus)
    print(f"{len(targets)} targets, seed {given.seed}", flush=True)
    end, n_rounds = time.monotonic() + given.seconds, 0
    while time.monotonic() < end:
        for target in targets.values():
            if time.monotonic() >= end:
                break
            in_child(target, given.seed + n_rounds, given.corpus)
            n_rounds += 1
    findings = list(given.corpus.glob("*-*.json"))
    print(f"{n_rounds * ROUND} inputs, {len(findings)} findings in {given.corpus}")
    return int(bool(findings))


if __name__ == "__main__":
    sys.exit(main())

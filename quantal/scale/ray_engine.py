"""Shards on actors of Ray: on this machine, or on a cluster that sees the same folders.

Actors and not Ray Data: what must be exact here is which file of the input became which file of the
output, once. Ray Data cuts its input into blocks of its own and names the files that it writes
itself. An actor loads the model once and then takes shard after shard.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import ParameterError, QuantalError, require_extra
from ..threads import thread_count
from .job import Job, LoadedModel, Outcome, load_model
from .local_engine import one_thread_each
from .results import process_shard
from .shards import Shard

MOST_ATTEMPTS = 3  # workers that may die on one shard
STORE_BYTES = 80 << 20  # only names and counts travel: the least that Ray accepts
REMEDY = "Install the same version of quantal on every machine of the cluster."
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}


class ShardWorker:
    """What an actor holds: the job, and the model once the first shard asked for it."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._loaded: LoadedModel | None = None

    def process(self, shard: Shard) -> Outcome:
        """Process a shard; see `process_shard`."""
        job = self._job
        try:
            if self._loaded is None:
                self._loaded = load_model(Path(job.model_folder), job.task)
        except QuantalError as error:
            return Outcome(shard.name, fatal=f"A worker cannot load the model: {error}")
        with one_thread_each():
            return process_shard(job, self._loaded, shard)


def run_on_ray(
    job: Job, shards: Sequence[Shard], n_workers: int | None, address: str | None
) -> Iterator[Outcome]:
    """Yield what became of every shard, as they end.

    A worker that dies is replaced, and its shard given to another one.

    Args:
        job: what to do.
        shards: those that are not finished.
        n_workers: actors; None: one for each processor of the cluster.
        address: of a running cluster; None: start Ray here and stop it at the end.

    Raises:
        MissingExtraError: Ray is not installed.
        ParameterError: The cluster cannot be reached, is another than the one in use, or has no GPU
            for a model that runs on one.
    """
    ray: Any = require_extra("ray", "scale")
    with cluster(ray, address, thread_count(n_workers)):
        most = _most_workers(ray.cluster_resources(), job.device)
        n = max(1, min(n_workers or most, most, len(shards)))
        gpus = 1 if job.device == "cuda" else 0
        # No restart by Ray itself: it would lose which shard the worker had.
        actors = ray.remote(num_cpus=1, num_gpus=gpus, max_restarts=0)(ShardWorker)
        yield from _Pool(ray, actors, job, n).outcomes(shards)


def _most_workers(resources: Mapping[str, float], device: str) -> int:
    """Return how many workers a cluster has room for."""
    kind = "GPU" if device == "cuda" else "CPU"
    most = int(resources.get(kind, 0))
    if most < 1:  # Ray would wait for one for ever
        raise ParameterError(
            f"The model runs on a {kind} here, and the Ray cluster has none. Add one to the "
            "cluster, or use --engine local."
        )
    return most


class _Pool:
    """Actors and the shards that they are at."""

    def __init__(self, ray: Any, actors: Any, job: Job, n: int) -> None:
        self._ray, self._actors, self._job, self._n = ray, actors, job, n
        self._under_way: dict[Any, tuple[Any, Shard]] = {}

    def outcomes(self, shards: Sequence[Shard]) -> Iterator[Outcome]:
        """Yield the outcome of every shard."""
        waiting = deque(shards)
        deaths: dict[str, int] = {}
        for _ in range(self._n):
            if waiting:
                self._give(self._actors.remote(self._job), waiting.popleft())
        while self._under_way:
            done, _ = self._ray.wait(list(self._under_way), num_returns=1)
            actor, shard = self._under_way.pop(done[0])
            try:
                outcome = self._ray.get(done[0])
            except self._ray.exceptions.RayActorError as error:
                if getattr(error, "actor_init_failed", False):
                    reason = str(error).strip().splitlines()[-1]
                    yield Outcome(shard.name, fatal=f"A worker cannot start: {reason}. {REMEDY}")
                    return
                actor = self._actors.remote(self._job)
                deaths[shard.name] = deaths.get(shard.name, 0) + 1
                if deaths[shard.name] < MOST_ATTEMPTS:
                    waiting.appendleft(shard)
                else:
                    yield Outcome(shard.name, damage=_killer(shard.name))
            else:
                yield outcome
            if waiting:
                self._give(actor, waiting.popleft())

    def _give(self, actor: Any, shard: Shard) -> None:
        self._under_way[actor.process.remote(shard)] = (actor, shard)


def _killer(name: str) -> str:
    return (
        f"{name} ended {MOST_ATTEMPTS} workers: their memory may be too small for one of its row "
        "groups. Write it with smaller ones, or use --engine local."
    )


@contextmanager
def cluster(ray: Any, address: str | None, n_cpus: int) -> Iterator[None]:
    """Use the cluster of this process, the one at ``address``, or a small one that ends with us."""
    if ray.is_initialized():
        if address is not None:
            raise ParameterError(
                f"Ray runs in this process already, so {address} cannot be joined. Leave out the "
                "address to use the cluster at hand, or call ray.shutdown() first."
            )
        yield
        return
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if address is None:
        # "local": never join a cluster that RAY_ADDRESS or an earlier program has left.
        options |= {"address": "local", "num_cpus": n_cpus, "object_store_memory": STORE_BYTES}
        options |= {"include_dashboard": False}
    else:
        options |= {"address": address}
    try:
        ray.init(**options)
    except Exception as error:
        where = "Ray does not start here" if address is None else f"No Ray cluster at {address}"
        reason = " ".join(str(error).split())[:200].rstrip(".")
        raise ParameterError(
            f"{where} ({reason}). Check --ray-address, or use --engine local."
        ) from None
    try:
        yield
    finally:
        ray.shutdown()

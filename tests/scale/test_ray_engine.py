"""Ray, started once for all tests of this file."""

from __future__ import annotations

import os
import signal
import sys

import pytest
from parquet_folders import contents

from quantal.errors import MissingExtraError, ParameterError
from quantal.scale import ray_engine

pytest.importorskip("ray", reason="ray has no release for this Python")


def test_ray_gives_the_bytes_of_this_process_even_if_a_worker_is_killed(
    encode, models, tmp_path, monkeypatch
):
    monkeypatch.setattr(ray_engine, "ShardWorker", Mortal)
    monkeypatch.setenv("QUANTAL_TEST_DIES_ONCE", str(tmp_path / "died"))
    import ray

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import it
    encode("local")
    encode("ray", engine="ray", n_workers=2)
    assert (tmp_path / "died").exists()
    assert contents(tmp_path / "ray") == contents(tmp_path / "local")
    assert not ray.is_initialized()


class Mortal(ray_engine.ShardWorker):
    """A worker that is killed when it has written its first shard and not yet said so."""

    def process(self, shard):
        outcome = super().process(shard)
        mark = os.environ["QUANTAL_TEST_DIES_ONCE"]
        if shard.name == "s3.parquet" and not os.path.exists(mark):  # noqa: PTH110
            open(mark, "w").close()  # noqa: PTH123
            os.kill(os.getpid(), signal.SIGKILL)
        return outcome


def test_without_ray_one_line_says_what_to_install(encode, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"Run: pip install 'quantal\[scale\]'"):
        encode(engine="ray")


def test_a_shard_that_ends_every_worker_is_named():
    """Without a cluster: the pool alone, with actors that die on one shard."""
    pool = ray_engine._Pool(FakeRay, FakeRay, None, 2)
    outcomes = list(pool.outcomes([Named("a"), Named("bad"), Named("c")]))
    assert sorted((outcome.name, outcome.damage is None) for outcome in outcomes) == [
        ("a", True),
        ("bad", False),
        ("c", True),
    ]
    damage = next(outcome.damage for outcome in outcomes if outcome.damage)
    assert damage.startswith("bad ended 3 workers: their memory may be too small")


def test_a_worker_that_cannot_start_ends_the_run(monkeypatch):
    monkeypatch.setattr(FakeRay.exceptions.RayActorError, "actor_init_failed", True)
    outcomes = list(ray_engine._Pool(FakeRay, FakeRay, None, 1).outcomes([Named("bad")]))
    assert outcomes[0].fatal.startswith("A worker cannot start: no module named quantal. Install")


def test_a_cluster_that_is_not_there_is_named(encode, monkeypatch):
    import ray

    def refuse(**options):
        raise ConnectionError("no answer\nfrom it")

    monkeypatch.setattr(ray, "init", refuse)
    with pytest.raises(ParameterError, match=r"No Ray cluster at far:1 \(no answer from it\)\."):
        encode(engine="ray", ray_address="far:1")


class Named:
    def __init__(self, name):
        self.name = name


class FakeRay:
    """As much of Ray as the pool uses; a task is its shard."""

    class exceptions:
        class RayActorError(Exception):
            actor_init_failed = False

    class process:
        remote = staticmethod(lambda shard: shard)

    @classmethod
    def remote(cls, job):
        return cls

    @staticmethod
    def wait(tasks, num_returns):
        return tasks[:1], tasks[1:]

    @classmethod
    def get(cls, shard):
        if shard.name == "bad":
            raise cls.exceptions.RayActorError("Traceback\nno module named quantal")
        return ray_engine.Outcome(shard.name)


def test_a_cluster_without_gpus_is_not_waited_for():
    with pytest.raises(ParameterError, match="runs on a GPU here, and the Ray cluster has none"):
        ray_engine._most_workers({"CPU": 8.0}, "cuda")
    assert ray_engine._most_workers({"CPU": 8.0, "GPU": 2.0}, "cuda") == 2


def test_an_address_is_not_overlooked_where_ray_runs_already():
    class Running:
        @staticmethod
        def is_initialized():
            return True

    with ray_engine.cluster(Running, None, 1):
        pass
    with (
        pytest.raises(ParameterError, match="Ray runs in this process already"),
        ray_engine.cluster(Running, "ray://there:10001", 1),
    ):
        raise AssertionError("never joined")

"""Models and folders for the tests of this unit; Ray is started once."""

from __future__ import annotations

import pytest
from parquet_folders import rows, write_folder

from quantal.clustering import IMSAT
from quantal.hashing import ITQ
from quantal.scale import process_folder


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """Folders of a hasher and of a clusterer for rows of six numbers."""
    folder = tmp_path_factory.mktemp("models")
    ITQ(n_bits=5, random_state=0).fit(rows(400, 99)).save(folder / "hasher")
    quick = {"n_epochs": 2, "n_init": 1, "hidden_layer_sizes": (8,), "precision": "float32"}
    IMSAT(3, random_state=0, **quick).fit(rows(400, 99)).save(folder / "clusterer")
    return folder


@pytest.fixture
def shards(tmp_path):
    return write_folder(tmp_path / "in")


@pytest.fixture
def encode(models, shards, tmp_path):
    """Encode the shards; options as for `process_folder`."""

    def run(out="out", **options):
        source = options.pop("source", shards)
        model = options.pop("model", models / "hasher")
        return process_folder("encode", model, source, tmp_path / out, **options)

    return run

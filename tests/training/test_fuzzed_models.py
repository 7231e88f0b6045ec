"""Damaged models of every method, with hashes that vouch for them: loading refuses or is right."""

from __future__ import annotations

import os
import shutil

import pytest
from fuzzing.damage import steps
from fuzzing.model_targets import MANIFEST, NAMES, WEIGHTS, target
from fuzzing.verdict import judge
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import quantal
from quantal.errors import FileFormatError

pytestmark = pytest.mark.filterwarnings("ignore::quantal.errors.QuantalWarning")


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_model_is_refused_by_name_or_works(name, tmp_path):
    model, folder = target(name), tmp_path / "model"

    def fresh():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()

    fresh()
    model.write(dict(model.files), folder)
    assert judge(model, folder) == "read"

    @settings(
        max_examples=40,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(part=st.integers(0, 30), taken=steps)
    def fuzz(part, taken):
        fresh()
        model.write_damaged(part, taken, folder)
        judge(model, folder)

    fuzz()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "m").mkdir()
    model = target("RIM")
    model.write(dict(model.files), tmp_path / "m")
    return tmp_path / "m"


def test_a_manifest_cannot_lead_the_loader_out_of_the_folder(folder):
    for name in ("../m/config.json", "/etc/passwd", "weights.safetensors/../config.json"):
        text = (folder / MANIFEST).read_text()
        (folder / MANIFEST).write_text(text.replace("config.json", name))
        with pytest.raises(FileFormatError, match=r"manifest\.json does not list config\.json"):
            quantal.load(folder)
        (folder / MANIFEST).write_text(text)


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling"])
def test_what_is_no_plain_file_is_refused_without_waiting_for_it(folder, kind):
    path = folder / WEIGHTS
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)  # reading one would wait forever
    else:
        path.symlink_to(folder / "nothing")
    with pytest.raises(FileFormatError, match=r"weights\.safetensors is (missing|a link)"):
        quantal.load(folder)


def test_a_path_deeper_than_the_system_allows_is_refused(tmp_path):
    for path in (tmp_path / ("a" * 300), tmp_path / ("d/" * 2500)):
        with pytest.raises(FileFormatError, match="is not a model folder"):
            quantal.load(path)

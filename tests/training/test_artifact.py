"""Model folders: written whole or not at all, distrusted when read."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quantal.errors import FileFormatError, ParameterError
from quantal.training import Artifact, read_artifact, write_artifact

FILES = ("config.json", "manifest.json", "weights.safetensors")


def an_artifact(value=1.0):
    tensors = {"w": torch.full((2, 3), value)}
    return Artifact({"method": "IMSAT", "parameters": {"n": 1}}, tensors, {"data": {}})


@pytest.fixture
def folder(tmp_path):
    write_artifact(tmp_path / "model", an_artifact())
    return tmp_path / "model"


def test_what_was_written_is_read(folder):
    found = read_artifact(folder)
    assert found.config == {"schema": 1, "method": "IMSAT", "parameters": {"n": 1}}
    assert torch.equal(found.tensors["w"], torch.ones(2, 3))
    assert found.manifest["quantal"]
    assert sorted(p.name for p in folder.iterdir()) == list(FILES)


def test_no_file_of_a_model_is_a_pickle(folder):
    assert all(b"\x80\x04" not in path.read_bytes()[:2] for path in folder.iterdir())


def test_a_model_replaces_an_older_model(folder):
    write_artifact(folder, an_artifact(2.0))
    assert read_artifact(folder).tensors["w"].mean() == 2
    assert [p.name for p in folder.parent.iterdir()] == ["model"]


def test_an_empty_folder_may_be_filled(tmp_path):
    (tmp_path / "empty").mkdir()
    write_artifact(tmp_path / "empty", an_artifact())
    assert read_artifact(tmp_path / "empty").config["method"] == "IMSAT"


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_anything_else_is_never_overwritten(tmp_path, kind):
    target = tmp_path / "mine"
    if kind == "file":
        target.write_text("thesis")
    elif kind == "folder":
        target.mkdir()
        (target / "thesis.txt").write_text("thesis")
    else:
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ParameterError, match=r"mine exists and is not a quantal model\. Choose"):
        write_artifact(target, an_artifact())
    assert sorted(p.name for p in tmp_path.iterdir()) in (["mine"], ["elsewhere", "mine"])


def test_nothing_is_left_behind_when_the_disk_is_full(tmp_path, monkeypatch):
    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    text = (
        r"model cannot be written \(No space left on device\)\. Choose another path, or make room"
    )
    with pytest.raises(ParameterError, match=text) as raised:
        write_artifact(tmp_path / "model", an_artifact())
    assert raised.value.__cause__.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


def test_an_older_model_survives_a_failed_write(folder, monkeypatch):
    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(ParameterError, match="cannot be written"):
        write_artifact(folder, an_artifact(2.0))
    monkeypatch.undo()
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    assert read_artifact(folder).tensors["w"].mean() == 1
    assert [p.name for p in folder.parent.iterdir()] == ["model"]


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(FileFormatError, match=f"{name} is missing"):
        read_artifact(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_link_is_refused_wherever_it_points(folder, name):
    copy = folder.parent / name
    shutil.move(folder / name, copy)
    (folder / name).symlink_to(copy)
    with pytest.raises(FileFormatError, match=f"{name} is a link"):
        read_artifact(folder)


def test_a_folder_that_is_no_model_is_refused_with_the_remedy(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    for path in (tmp_path / "absent", link):
        with pytest.raises(FileFormatError, match=r"is not a model folder.*quantal fit --out"):
            read_artifact(path)


@pytest.mark.parametrize("name", FILES[:2])
@pytest.mark.parametrize("text", ["", "nonsense", "[" * 100_000, "\x00", '{"a": '])
def test_files_that_are_not_json_are_refused(folder, name, text):
    (folder / name).write_text(text)
    with pytest.raises(FileFormatError, match=f"{name} is not JSON"):
        read_artifact(folder)


@pytest.mark.parametrize("name", FILES[:2])
def test_json_that_is_no_object_is_refused(folder, name):
    (folder / name).write_text("[1, 2]")
    with pytest.raises(FileFormatError, match="must hold a JSON object, not list"):
        read_artifact(folder)


def test_a_file_changed_after_saving_is_refused(folder):
    config = folder / "config.json"
    config.write_text(config.read_text().replace("IMSAT", "RIM"))
    with pytest.raises(FileFormatError, match=r"config.json differs from what the manifest says"):
        read_artifact(folder)


def test_weights_of_another_model_are_refused(folder, tmp_path):
    write_artifact(tmp_path / "other", an_artifact(2.0))
    (tmp_path / "other" / FILES[2]).replace(folder / FILES[2])
    with pytest.raises(FileFormatError, match=r"weights.safetensors differs"):
        read_artifact(folder)


def test_a_manifest_that_lists_other_files_is_refused(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["../../elsewhere"] = "0" * 64
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(FileFormatError, match="does not list"):
        read_artifact(folder)


def test_a_newer_schema_names_the_version_to_install(folder, monkeypatch):
    monkeypatch.setattr("quantal.training.artifact.SCHEMA", 2)
    write_artifact(folder, an_artifact())
    monkeypatch.undo()
    with pytest.raises(FileFormatError, match=r"schema 2; this version of quantal reads 1\. Inst"):
        read_artifact(folder)


def test_an_oversized_file_is_refused_before_it_is_read(folder, monkeypatch):
    monkeypatch.setattr("quantal.training.artifact.MAX_JSON_BYTES", 100)
    with (folder / "config.json").open("a") as file:
        file.write(" " * 200)
    with pytest.raises(FileFormatError, match="more than the 100 allowed"):
        read_artifact(folder)


def test_a_folder_that_cannot_take_its_place_leaves_the_earlier_model(folder, monkeypatch):
    before = {name: (folder / name).read_bytes() for name in FILES}
    rename = Path.replace

    def refused(self, target):
        if target == folder and not self.name.endswith(".old"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", refused)
    with pytest.raises(ParameterError, match=r"cannot be written \(Permission denied\)"):
        write_artifact(folder, an_artifact(2.0))
    assert {name: (folder / name).read_bytes() for name in FILES} == before


@st.composite
def mutations(draw):
    """Which file, and what happens to its bytes."""
    name = draw(st.sampled_from(FILES))
    kind = draw(st.sampled_from(("flip", "cut", "insert", "replace")))
    return name, kind, draw(st.integers(0, 10_000)), draw(st.binary(min_size=1, max_size=40))


def mutate(data, kind, place, payload):
    place %= max(1, len(data))
    if kind == "flip":
        return data[:place] + bytes([data[place] ^ (payload[0] or 1)]) + data[place + 1 :]
    if kind == "cut":
        return data[:place]
    if kind == "insert":
        return data[:place] + payload + data[place:]
    return payload


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(changes=st.lists(mutations(), min_size=1, max_size=3))
def test_mutated_bytes_give_a_file_format_error_and_nothing_else(folder, changes):
    intact = {name: (folder / name).read_bytes() for name in FILES}
    try:
        for name, kind, place, payload in changes:
            path = folder / name
            path.write_bytes(mutate(path.read_bytes() or b" ", kind, place, payload))
        read_artifact(folder)  # a change of white space in the manifest is harmless
    except FileFormatError as error:
        assert "\n" not in str(error)
    finally:
        for name, data in intact.items():
            (folder / name).write_bytes(data)

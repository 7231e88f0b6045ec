from __future__ import annotations

import io
import os

import numpy as np
import pytest
import torch

from quantal.errors import FileFormatError
from quantal.features.torch_file import tensors_of


def old_file(content):
    """Bytes of a weights file as PyTorch wrote them before 2020."""
    stream = io.BytesIO()
    torch.save(content, stream, _use_new_zipfile_serialization=False)
    return stream.getvalue()


@pytest.fixture(scope="module")
def tensors():
    base = torch.arange(24.0)
    return {
        "a.weight": torch.randn(3, 2, 4, 4, generator=torch.Generator().manual_seed(0)),
        "turned": base.reshape(2, 3, 4).permute(2, 0, 1),
        "part": base[5:9],
        "count": torch.tensor(7),
    }


def test_arrays_are_those_that_were_saved(tensors):
    found = tensors_of(old_file(tensors))
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.numpy().dtype
        np.testing.assert_array_equal(found[name], tensor.numpy())
        assert not found[name].flags.writeable


def test_parameters_of_a_network_are_read():
    network = torch.nn.BatchNorm1d(3)
    found = tensors_of(old_file(network.state_dict()))
    assert set(found) == {"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}


class Runs:
    """What runs a command as soon as it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("ran",)


def test_a_file_that_would_run_code_is_refused_and_nothing_runs(tmp_path, monkeypatch, tensors):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileFormatError, match=r"it names posix mkdir|it names nt mkdir"):
        tensors_of(old_file({**tensors, "b": Runs()}))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        {"a": torch.nn.Linear(2, 2)},
        {"a": torch.zeros(2, dtype=torch.float64)},
        {"a": "text"},
        [torch.zeros(2)],
    ],
    ids=["module", "type", "text", "list"],
)
def test_anything_but_named_tensors_of_known_types_is_refused(content):
    with pytest.raises(FileFormatError, match=r"The weights cannot be read: "):
        tensors_of(old_file(content))


@pytest.mark.parametrize(
    "damage",
    [
        lambda b: b"",
        lambda b: b[:40],
        lambda b: b[:-1],
        lambda b: b + b"\0",
        lambda b: b"PK" + b,
        lambda b: b.replace(b"little_endian", b"little_indian"),
    ],
    ids=["empty", "head", "short", "long", "zip", "byte order"],
)
def test_damaged_files_are_refused(damage, tensors):
    with pytest.raises(FileFormatError, match=r"Install the package that holds them again"):
        tensors_of(damage(old_file(tensors)))


def test_a_shape_beyond_the_storage_is_refused():
    content = old_file({"a": torch.zeros(97)})
    assert content.count(b"Ka\x85") == 1  # the shape (97,)
    with pytest.raises(FileFormatError, match=r"a tensor reaches beyond its storage"):
        tensors_of(content.replace(b"Ka\x85", b"Kb\x85"))

"""Tensor files that are truncated, lie or are not what they seem."""

from __future__ import annotations

import json

import pytest
import torch

from quantal.errors import FileFormatError
from quantal.training.tensor_file import read_tensors, write_bytes, write_tensors

TENSORS = {"w": torch.arange(6.0).view(2, 3), "n": torch.tensor(7), "empty": torch.zeros(0, 4)}


def header_of(payload):
    length = int.from_bytes(payload[:8], "little")
    return json.loads(payload[8 : 8 + length]), payload[8 + length :]


def with_header(header, body):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


@pytest.fixture
def path(tmp_path):
    write_tensors(tmp_path / "t.safetensors", TENSORS)
    return tmp_path / "t.safetensors"


def test_what_was_written_is_read(path):
    found = read_tensors(path)
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], TENSORS[name]) for name in TENSORS)
    assert [entry.name for entry in path.parent.iterdir()] == ["t.safetensors"]


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64, torch.int32, torch.uint8])
def test_every_type_that_is_written_is_read(tmp_path, dtype):
    write_tensors(tmp_path / "t", {"a": torch.ones(3, dtype=dtype)})
    assert torch.equal(read_tensors(tmp_path / "t")["a"], torch.ones(3, dtype=dtype))


@pytest.mark.parametrize("kept", [0, 3, 8, 40, -1])
def test_a_truncated_file_is_refused(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(FileFormatError, match=r"truncated|damaged|lies about"):
        read_tensors(path)


def test_bytes_that_no_tensor_owns_are_refused(path):
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(FileFormatError, match=r"3 tensors of 32 bytes in all, where 36 follow"):
        read_tensors(path)


def test_a_huge_header_is_refused_before_it_is_read(path):
    path.write_bytes((1 << 62).to_bytes(8, "little") + b"{}")
    with pytest.raises(FileFormatError, match=r"its header claims 4611686018427387904 bytes"):
        read_tensors(path)


def test_a_header_above_the_limit_is_refused_even_if_the_file_holds_it(path):
    path.write_bytes(with_header(b" " * (2 << 20), b""))
    with pytest.raises(FileFormatError, match="truncated or not a safetensors file"):
        read_tensors(path)


@pytest.mark.parametrize(
    "change",
    [
        {"shape": [1 << 40, 1 << 40]},
        {"shape": [-2, -3]},
        {"shape": [2.0, 3]},
        {"shape": [1] * 9},
        {"shape": "23"},
        {"shape": None},
        {"dtype": "F8_E5M2"},
        {"dtype": ["F32"]},
        {"data_offsets": [0, 1 << 50]},
        {"data_offsets": [-24, 0]},
        {"data_offsets": [24, 0]},
        {"data_offsets": [0]},
    ],
    ids=str,
)
def test_an_entry_that_lies_is_refused(path, change):
    header, body = header_of(path.read_bytes())
    header["w"] |= change
    path.write_bytes(with_header(header, body))
    with pytest.raises(FileFormatError, match=r"damaged|lies about|not a sound"):
        read_tensors(path)


def test_entries_that_overlap_are_refused(path):
    header, body = header_of(path.read_bytes())
    header["twin"] = header["w"]
    path.write_bytes(with_header(header, body + b"\0" * 24))
    with pytest.raises(FileFormatError):
        read_tensors(path)


@pytest.mark.parametrize("text", [b"[]", b"7", b"{", b"\xff\xfe", b"[" * 100_000, b'{"a": 1}'])
def test_a_header_that_is_no_table_of_tensors_is_refused(path, text):
    path.write_bytes(with_header(text, b""))
    with pytest.raises(FileFormatError, match=r"damaged|lies about"):
        read_tensors(path)


def test_more_tensors_than_any_model_has_are_refused(path):
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    path.write_bytes(with_header({f"t{i}": entry for i in range(5000)}, b""))
    with pytest.raises(FileFormatError, match="5000 tensors"):
        read_tensors(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    write_tensors(tmp_path / "t", {"w": torch.tensor([1.0, value])})
    with pytest.raises(FileFormatError, match="tensor 'w' holds nan or infinity"):
        read_tensors(tmp_path / "t")


def test_links_folders_and_absent_files_are_refused(path):
    link = path.with_name("link")
    link.symlink_to(path)
    with pytest.raises(FileFormatError, match=r"is a link.*Copy the file"):
        read_tensors(link)
    with pytest.raises(FileFormatError, match="is missing"):
        read_tensors(path.parent)
    with pytest.raises(FileFormatError, match="is missing"):
        read_tensors(path.with_name("absent"))


def test_a_failed_write_leaves_the_old_file_whole(path, monkeypatch):
    before = path.read_bytes()

    def full_disk(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_bytes(path, b"half")
    assert path.read_bytes() == before

from __future__ import annotations

import gzip
import json

import pytest

from quantal.data import open_source, text_files
from quantal.errors import DataError, FileFormatError

TEXTS = ["first document", "second\tone", "dritte Zeile: größer"]


def write(path, text):
    raw = text.encode()
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


@pytest.mark.parametrize("name", ["d.txt", "d.txt.gz"])
def test_one_document_a_line_is_named_by_its_line(tmp_path, name):
    dataset = open_source(write(tmp_path / name, "\n".join([TEXTS[0], "", *TEXTS[1:]]) + "\n"))
    assert dataset.texts == TEXTS
    assert dataset.ids == ["1", "3", "4"]
    assert (dataset.kind, dataset.name, dataset.x.shape) == ("text", "d", (3, 0))


@pytest.mark.parametrize("name", ["d.jsonl", "d.jsonl.gz"])
def test_json_lines_take_text_and_id(tmp_path, name):
    lines = [json.dumps({"text": t, "id": f"n{i}"}) for i, t in enumerate(TEXTS)]
    dataset = open_source(write(tmp_path / name, "\n".join(lines)))
    assert dataset.texts == TEXTS
    assert dataset.ids == ["n0", "n1", "n2"]


def test_json_lines_without_text_list_their_fields(tmp_path):
    path = write(tmp_path / "d.jsonl", '{"body": "a"}\n{"body": "b"}\n')
    with pytest.raises(DataError, match=r"line 1: no string field 'text'; it has 'body'.*--key"):
        open_source(path)
    dataset = open_source(path, key="body")
    assert dataset.texts == ["a", "b"]
    assert open_source(path, **dataset.reader).texts == ["a", "b"]


@pytest.mark.parametrize(
    ("line", "message"),
    [("{oops", r"line 2, is not JSON"), ("[1]", r"holds a list, not an object"), ("1", r"a int")],
)
def test_what_is_not_an_object_is_located(tmp_path, line, message):
    with pytest.raises(FileFormatError, match=message):
        open_source(write(tmp_path / "d.jsonl", '{"text": "a"}\n' + line))


def test_other_encodings_are_located(tmp_path):
    (tmp_path / "d.txt").write_bytes("plain\ngrößer\n".encode("latin-1"))
    with pytest.raises(FileFormatError, match=r"line 2, is not UTF-8 \(byte 2.*iconv"):
        open_source(tmp_path / "d.txt")


def test_a_truncated_gzip_file_is_refused(tmp_path):
    path = write(tmp_path / "d.txt.gz", "\n".join(f"document {i * i}" for i in range(500)))
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(FileFormatError, match=r"truncated or damaged after line"):
        open_source(path)


def test_an_endless_line_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(text_files, "MAX_DOCUMENT_BYTES", 1 << 20)
    with pytest.raises(FileFormatError, match=r"line 1, is longer than 1 MiB"):
        open_source(write(tmp_path / "d.txt.gz", "a" * (2 << 20)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no document"),
        ("one\n", "only 1 document"),
        ("a\na\n", "all 2 documents are identical"),
    ],
)
def test_too_little_text_is_refused(tmp_path, text, message):
    path = write(tmp_path / "d.txt", text)
    with pytest.raises(DataError, match=message):
        open_source(path)
    if text:
        assert len(open_source(path, like="text")) == text.count("\n")

from __future__ import annotations

import pytest
from PIL import Image

from quantal.errors import ParameterError
from quantal.report import save_image


def test_a_picture_comes_back_as_it_was_and_folders_are_made(tmp_path):
    picture = Image.new("RGB", (3, 2), (10, 20, 30))
    path = save_image(picture, tmp_path / "new" / "a.PNG")
    assert Image.open(path).convert("RGB") == picture
    assert [p.name for p in path.parent.iterdir()] == ["a.PNG"]


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path, monkeypatch):
    path = save_image(Image.new("L", (2, 2)), tmp_path / "a.png")
    before = path.read_bytes()

    def broken(self, target, **options):
        target.write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", broken)
    with pytest.raises(OSError, match="disk full"):
        save_image(Image.new("L", (9, 9)), path)
    assert path.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_an_unknown_ending_is_refused_with_a_suggestion(tmp_path):
    with pytest.raises(ParameterError, match=r"one of '\.png'.*got '\.pgn'.*mean '\.png'"):
        save_image(Image.new("L", (2, 2)), tmp_path / "a.pgn")

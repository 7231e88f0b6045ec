from __future__ import annotations

import hashlib
import http.server
import threading
from dataclasses import replace

import pytest

from quantal.data import named
from quantal.data.download import download
from quantal.errors import DataError, FileFormatError

CONTENT = bytes(range(256)) * 5000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[: len(CONTENT) // (2 if self.path == "/short" else 1)])

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


def test_a_verified_file_appears_under_its_name(server, tmp_path):
    target = tmp_path / "new" / "file.bin"
    assert download(f"{server}/file", target, SHA256) == target
    assert target.read_bytes() == CONTENT
    assert list(target.parent.iterdir()) == [target]


def test_other_bytes_leave_nothing_behind(server, tmp_path):
    with pytest.raises(FileFormatError, match=r"sent other bytes than expected.*nothing was kept"):
        download(f"{server}/file", tmp_path / "file.bin", "0" * 64)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("path", "reason"), [("missing", "Not Found"), ("short", "")])
def test_a_failed_download_keeps_the_old_file(server, tmp_path, path, reason):
    target = tmp_path / "file.bin"
    target.write_bytes(b"old")
    with pytest.raises((DataError, FileFormatError), match=rf"{reason}.*nothing was kept"):
        download(f"{server}/{path}", target, SHA256)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_unreachable_server_is_one_line(tmp_path):
    with pytest.raises(
        DataError, match=r"could not be downloaded \(.*put file\.bin into"
    ) as caught:
        download("http://127.0.0.1:9/file", tmp_path / "file.bin", SHA256)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_named(server, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DataError, match=r"could not be written .*--data-dir"):
        download(f"{server}/file", tmp_path / "file" / "below", SHA256)


def test_fetch_downloads_once(server, tmp_path, monkeypatch):
    file = named.NamedFile("usps.npz", SHA256, "arrays", f"{server}/file")
    monkeypatch.setitem(named.NAMED, "usps", replace(named.NAMED["usps"], files=(file,)))
    path = named.fetch("usps", tmp_path)
    assert path == tmp_path / "usps.npz"
    first = path.stat().st_mtime_ns
    assert named.fetch("usps", tmp_path).stat().st_mtime_ns == first
    path.write_bytes(b"damaged")
    assert named.fetch("usps", tmp_path).read_bytes() == CONTENT


def test_fetch_without_a_public_copy_says_where_the_data_come_from(tmp_path):
    assert named.fetch("digits", tmp_path) is None
    with pytest.raises(DataError, match=r"no public copy to download; it comes from: Sheffield"):
        named.fetch("umist", tmp_path)

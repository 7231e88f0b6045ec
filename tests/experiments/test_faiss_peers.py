"""Peers of recall: what faiss's codes give, and what is said without faiss."""

from __future__ import annotations

import sys
from importlib.util import find_spec

import pytest

from benchmarks.peers.__main__ import build_any
from benchmarks.peers.faiss_codes import PEERS
from quantal.errors import MissingExtraError, ParameterError
from quantal.experiments import SearchData, judge_search, load_search

needs_faiss = pytest.mark.skipif(find_spec("faiss") is None, reason="faiss is not installed")


@pytest.fixture(scope="module")
def task():
    data = SearchData("digits", "name:digits", n_queries=50, limit=800)
    return load_search(data)


@needs_faiss
@pytest.mark.parametrize("name", sorted({*PEERS} - {"faiss-opq"}))  # trains for long
def test_every_peer_is_judged_by_real_valued_queries(task, name):
    judged = judge_search(build_any(name, n_bits=8, random_state=0).fit(task.gallery), task, {})
    assert judged.asymmetric.expected["10@100"] > 0.5  # chance is 0.125
    assert (judged.symmetric is None) == (name == "faiss-rabitq")
    for error in (judged.own_error, judged.least_squares_error):
        assert error is None or error < task.mean_error


@needs_faiss
def test_columns_need_not_be_a_multiple_of_the_groups():
    for name in ("faiss-pq", "faiss-opq"):
        index = PEERS[name](32)._index(50)
        assert (index.d, index.index.d, index.sa_code_size()) == (
            50, {"faiss-pq": 52, "faiss-opq": 48}[name], 4,
        )  # fmt: skip


def test_without_faiss_one_line_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError, match=r"needs faiss.*pip install 'quantal\[search\]'"):
        PEERS["faiss-pq"](16)
    with pytest.raises(ParameterError, match="multiple of 8, got 12"):
        PEERS["faiss-pq"](12)

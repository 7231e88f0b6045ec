"""Codes with their ids."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.codes import Codes, pack_bits
from quantal.errors import DataError

BITS = np.array([[1, 0, 1], [0, 1, 1], [0, 0, 0]], np.uint8)
PACKED = pack_bits(BITS)


def test_codes_know_their_bits():
    codes = Codes(PACKED, 3)
    assert len(codes) == 3 and codes.bit_order == "little"
    np.testing.assert_array_equal(codes.bits, BITS)


def test_a_memory_map_stays_one(tmp_path):
    np.save(tmp_path / "codes.npy", PACKED)
    mapped = np.load(tmp_path / "codes.npy", mmap_mode="r", allow_pickle=False)
    assert Codes(mapped, 3).packed is mapped


def test_rows_are_their_own_names_without_ids():
    np.testing.assert_array_equal(Codes(PACKED, 3).name_rows([[0, 2], [1, -1]]), [[0, 2], [1, -1]])


def test_integers_name_rows():
    codes = Codes(PACKED, 3, ids=[70, 80, 90])
    np.testing.assert_array_equal(codes.name_rows([[0, 2], [1, -1]]), [[70, 90], [80, -1]])
    assert codes.ids.dtype == np.int64


def test_strings_name_rows():
    codes = Codes(PACKED, 3, ids=np.array(["a", "b", "c"]))
    assert codes.ids == ("a", "b", "c")
    assert codes.name_rows([[0, 2], [1, -1]]).tolist() == [["a", "c"], ["b", ""]]


def test_a_row_that_does_not_exist_has_no_name():
    with pytest.raises(DataError, match=r"rows must be from 0 to 2, or -1, got 0 to 3"):
        Codes(PACKED, 3).name_rows([0, 3])


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([1, 2], "2 ids for 3 codes"),
        (["a", "b", 3], "all integers or all strings, got 'a'"),
        ([1.5, 2.0, 3.0], r"all integers or all strings, got 1\.5"),
        ([True, False, True], "all integers or all strings, got True"),
        ([1, 2, 2**70], "fit into 64 bits"),
        (np.array([1, 2, 2**63], np.uint64), "fit into 64 bits"),
    ],
)
def test_ids_that_cannot_travel_are_refused(ids, message):
    with pytest.raises(DataError, match=message):
        Codes(PACKED, 3, ids=ids)


def test_codes_of_another_width_are_refused():
    with pytest.raises(DataError, match="packed have 1 bytes a row, but 12 bits take 2"):
        Codes(PACKED, 12)

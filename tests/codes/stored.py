"""Codes to store, and the stores on this machine that take them."""

from __future__ import annotations

import numpy as np
import pytest

from quantal.codes import Codes, pack_bits

RNG = np.random.default_rng(0)
LOCAL = pytest.mark.parametrize("store", ["faiss", "usearch", "lancedb"])


def random_codes(n, n_bits):
    """Few bits set, so that distances tie."""
    return pack_bits(RNG.random((n, n_bits)) < 0.3)


GALLERY = {n_bits: random_codes(2000, n_bits) for n_bits in (12, 64)}
QUERIES = {n_bits: random_codes(40, n_bits) for n_bits in (12, 64)}


def named(n_bits=12, n=2000, prefix="é"):
    ids = [f"{prefix}{row}" for row in range(n)]
    return Codes(GALLERY[n_bits][:n], n_bits, ids=ids, method="itq 0123456789abcdef")

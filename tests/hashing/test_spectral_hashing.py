"""Spectral hashing."""

from __future__ import annotations

import numpy as np
import pytest

import quantal
from quantal.errors import FileFormatError
from quantal.hashing import SpectralHashing
from quantal.hashing.spectral_modes import slowest_modes
from quantal.training import Artifact


def plain_spectral_hashing(x, n_bits):
    """The published procedure, mode table included, on all rows at once."""
    centred = x - x.mean(axis=0)
    n_components = min(n_bits, x.shape[1])
    values, vectors = np.linalg.eigh(centred.T @ centred)
    vectors = vectors[:, np.argsort(-values)[:n_components]]
    largest = vectors[np.abs(vectors).argmax(axis=0), np.arange(n_components)]
    along = centred @ (vectors * np.sign(largest))
    low, high = along.min(axis=0), along.max(axis=0)
    sides = high - low
    table = [np.zeros(n_components)]
    for i, most in enumerate(np.ceil((n_bits + 1) * sides / sides.max()).astype(int)):
        table += [k * np.eye(n_components)[i] for k in range(1, most)]
    omegas = np.array(table) * np.pi / np.maximum(sides, 1e-9)  # some pixels are always 0
    slowest = np.argsort((omegas**2).sum(axis=1), kind="stable")[1 : n_bits + 1]
    waves = np.sin(np.pi / 2 + (along - low)[:, None, :] * omegas[slowest])  # (n, n_bits, p)
    return waves.prod(axis=2)


def test_a_uniform_rectangle_gives_the_bits_worked_by_hand():
    """Sides 4 and 2: frequencies 1/4 and 2/4 along the long one, 1/2 along the short, 3/4 ..."""
    u, v = (g.ravel() for g in np.meshgrid(np.linspace(0, 4, 41), np.linspace(0, 2, 21)))
    bits = SpectralHashing(4).fit(np.c_[u, v]).transform(np.c_[u, v])
    clear = (np.abs(u % 2 - 1) > 0.01) & (np.abs(u - 2) > 0.01) & (np.abs(v - 1) > 0.01)
    clear &= np.abs(3 * u % 2) > 0.01
    expected = np.c_[
        u < 2,  # half a wave over [0, 4]
        (u < 1) | (u > 3),  # a whole wave
        v < 1,  # half a wave over [0, 2]
        (u < 2 / 3) | ((u > 2) & (u < 10 / 3)),  # one and a half waves
    ]
    np.testing.assert_array_equal(bits[clear], expected[clear])


def test_modes_of_a_square_take_both_sides_in_turn():
    sides, orders = slowest_modes(np.array([1.0, 1.0]), 5)
    assert sides.tolist() == [0, 1, 0, 1, 0]
    assert orders.tolist() == [1, 1, 2, 2, 3]


def test_short_and_empty_sides_get_no_modes():
    sides, orders = slowest_modes(np.array([8.0, 0.9, 0.0]), 8)
    assert sides.tolist() == [0] * 8
    assert orders.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


@pytest.mark.parametrize("n_bits", [3, 16, 100])
def test_the_published_procedure_gives_the_same_bits(digits, n_bits):
    waves = plain_spectral_hashing(digits, n_bits)
    bits = SpectralHashing(n_bits).fit(digits).transform(digits)
    clear = np.abs(waves) > 1e-3  # no row so near a node that rounding decides
    assert clear.mean() > 0.99
    np.testing.assert_array_equal(bits[clear], (waves > 0)[clear])


def test_long_sides_get_several_bits(digits):
    hasher = SpectralHashing(32).fit(digits)
    assert hasher.orders_[hasher.sides_ == 0].max() > 1
    assert hasher.directions_.shape == (64, len(np.unique(hasher.sides_)))


def test_more_bits_than_columns_are_allowed(digits, tmp_path):
    X = digits[:, 20:22]
    hasher = SpectralHashing(24).fit(X)
    hasher.save(tmp_path / "m")
    np.testing.assert_array_equal(quantal.load(tmp_path / "m").encode(X), hasher.encode(X))
    assert hasher.transform(X).shape == (len(X), 24)


def test_nothing_is_drawn(digits):
    first, second = (SpectralHashing(16, random_state=s).fit(digits).encode(digits) for s in (0, 1))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("offset", [-37.0, 1e6])
def test_an_offset_changes_no_bit(digits, offset):
    bits = SpectralHashing(16).fit(digits).transform(digits)
    moved = SpectralHashing(16).fit(digits + offset).transform(digits + offset)
    assert (bits == moved).mean() > 0.9999


def test_damaged_modes_are_refused_on_loading(digits):
    artifact = SpectralHashing(8).fit(digits).to_artifact()
    spoilt = {**artifact.tensors, "sides_": artifact.tensors["sides_"] + 64}
    with pytest.raises(FileFormatError, match="the modes are damaged"):
        SpectralHashing.from_artifact(Artifact(artifact.config, spoilt, artifact.manifest))


@pytest.mark.data
def test_mnist_recall_is_that_of_independent_runs(mnist_task):
    hasher = SpectralHashing(64).fit(mnist_task.gallery)
    assert mnist_task.recall(hasher) == pytest.approx(0.84, abs=0.01)

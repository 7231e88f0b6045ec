from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import fft

from quantal.features.gist_filters import (
    block_averages,
    centred_spectra,
    equalised,
    filter_bank,
    filters,
    frequencies,
    low_pass,
    margin,
    reflected,
)

WHOLE = (slice(None), slice(None))


def grating(down, across, side=64):
    y, x = np.mgrid[:side, :side] / side
    return np.cos(2 * np.pi * (down * y + across * x)).astype(np.float32)[None]


@pytest.mark.parametrize(("count", "number"), [(8, 0), (8, 3), (8, 5), (4, 2)])
def test_a_filter_peaks_at_its_own_frequency_with_the_value_one(count, number):
    [*_, transfer] = filter_bank([count], 512, 512)[: number + 1]
    rho, phi = frequencies(512, 512)
    peak = np.unravel_index(transfer.argmax(), transfer.shape)
    assert rho[peak] == pytest.approx(0.3, abs=0.003)
    turned = (phi[peak] + math.pi * number / count + math.pi) % (2 * math.pi) - math.pi
    assert turned == pytest.approx(0, abs=0.01)
    assert transfer.max() == pytest.approx(1, abs=0.002)


def test_scales_lie_a_factor_of_1_85_apart():
    rho, _ = frequencies(1024, 1024)
    peaks = [rho.ravel()[t.argmax()] for t in filter_bank([1, 1, 1, 1], 1024, 1024)]
    np.testing.assert_allclose(peaks, 0.3 / 1.85 ** np.arange(4), rtol=0.01)


@pytest.mark.parametrize(("down", "across"), [(0, 19), (13, -13), (6, 8), (-3, 0), (1, 2)])
def test_a_grating_gives_half_of_each_lobe_and_no_ripple_where_one_is_empty(down, across):
    bank = filter_bank((8, 8, 8, 8), 64, 64)
    spectra = centred_spectra(grating(down, across))
    for transfer, each in zip(bank, filters(bank, WHOLE), strict=True):
        there, opposite = transfer[down, across] / 2, transfer[-down, -across] / 2
        found = each.magnitude(spectra)[0]
        assert abs(found.max() - (there + opposite)) < 2e-5
        assert abs(found.min() - abs(there - opposite)) < 2e-5


def test_a_grating_is_strongest_in_the_filter_of_its_scale_and_direction():
    rho, direction = 0.3 / 1.85, np.pi * 3 / 8  # scale 1, orientation 3
    down, across = -rho * 128 * np.sin(direction), rho * 128 * np.cos(direction)
    spectra = centred_spectra(grating(round(down), round(across), side=128))
    means = [f.magnitude(spectra).mean() for f in filters(filter_bank((8, 8, 8), 128, 128), WHOLE)]
    assert np.argmax(means) == 8 + 3


def test_an_impulse_gives_the_energy_of_the_filter():
    impulse = np.zeros((1, 48, 40), np.float32)
    impulse[0, 11, 7] = 1
    bank = filter_bank((8, 4), 48, 40)
    for transfer, each in zip(bank, filters(bank, WHOLE), strict=True):
        energy = np.square(each.magnitude(centred_spectra(impulse)), dtype=np.float64).sum()
        expected = np.square(transfer, dtype=np.float64).mean()  # Parseval
        assert energy == pytest.approx(expected, rel=1e-5)


def test_the_matrix_products_are_the_inverse_transform_of_the_inner_part():
    planes = np.random.default_rng(0).normal(size=(3, 20, 25)).astype(np.float32)
    inner = slice(4, 17), slice(5, 20)
    bank = filter_bank((8, 8), 20, 25)
    for transfer, each in zip(bank, filters(bank, inner), strict=True):
        whole = np.abs(fft.ifft2(fft.fft2(planes) * transfer))
        found = each.magnitude(centred_spectra(planes))
        np.testing.assert_allclose(found, whole[:, *inner], atol=2e-5)


def test_the_low_pass_halves_at_its_cutoff_and_keeps_the_mean():
    gauss = low_pass(32, 32, 4 / 32)
    assert gauss.shape == (32, 17)
    assert (gauss[0, 0], gauss[4, 0], gauss[0, 4]) == (1, 0.5, 0.5)


def test_mirroring_by_half_a_side_makes_the_torus_continue_the_mirror_image():
    row = np.arange(5, dtype=np.float32)
    torus = reflected(np.tile(row, (1, 5, 1)), 32)[0, 0]
    assert torus.tolist() == [2, 1, 0, 0, 1, 2, 3, 4, 4, 3]
    assert margin(5, 32) == 3
    endless = np.r_[row, row[::-1], row, row[::-1], row]
    np.testing.assert_array_equal(np.tile(torus, 2)[3 : 3 + 10], endless[:10])
    assert reflected(np.zeros((1, 200, 100), np.float32), 32).shape == (1, 264, 164)


def test_local_contrast_is_taken_from_the_mean_of_the_channels():
    rng = np.random.default_rng(0)
    planes = rng.normal(size=(1, 3, 16, 16)).astype(np.float32)
    found = equalised(planes, 0.25)
    grey = equalised(planes.mean(axis=1, keepdims=True), 0.25)
    np.testing.assert_allclose(found.mean(axis=1), grey[:, 0], atol=1e-5)


def test_doubling_the_contrast_of_a_strong_picture_changes_little():
    planes = 1000 * np.random.default_rng(0).normal(size=(1, 1, 16, 16)).astype(np.float32)
    np.testing.assert_allclose(equalised(2 * planes, 0.25), equalised(planes, 0.25), rtol=1e-2)


@pytest.mark.parametrize("side", [4, 7, 30, 32])
def test_blocks_cover_every_pixel_once(side):
    rows, columns = block_averages((side, side), 4)
    assert (rows > 0).sum(axis=0).tolist() == [1] * side
    np.testing.assert_allclose(rows.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(rows, columns.T)
    assert np.ptp((rows > 0).sum(axis=1)) <= 1

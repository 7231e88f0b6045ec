"""The filters of the GIST descriptor as transfer functions, and how a picture passes them.

Everything here works on a torus: pictures were extended by `reflected` before, so that the wrap
from the right edge to the left, and from the bottom to the top, meets equal pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

FINEST = 0.3  # cycles a pixel
OCTAVE = 1.85  # from one scale's centre frequency to the next coarser one's
RADIAL = 3.5  # 10 * 0.35 of the reference
NOTHING = 1e-6  # of a transfer function whose peak is 1; smaller values are taken as zero
CONTRAST_FLOOR = 0.2  # of the logarithm of pixels from 0 to 255


def frequencies(height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (rho, phi), each (height, width): cycles a pixel and direction of every frequency.

    Args:
        height: Pixels of the torus; frequencies are in the order of the FFT.
        width: Likewise.
    """
    down, across = fft.fftfreq(height)[:, None], fft.fftfreq(width)[None, :]
    return np.hypot(down, across), np.arctan2(down, across)


def filter_bank(orientations: Sequence[int], height: int, width: int) -> NDArray[np.float32]:
    """Return the transfer functions of all scales and orientations.

    Filter j of the o of scale i is exp(-3.5 (rho / rho_i - 1)^2 - 2 pi (o / 8)^2 t^2) with
    rho_i = 0.3 / 1.85^i cycles a pixel and t = phi + pi j / o, brought to [-pi, pi]. It has one
    lobe, so its response to a real picture is complex and the magnitude is free of ripples.

    Args:
        orientations: Filters of each scale, the finest scale first.
        height: Pixels of the torus.
        width: Likewise.

    Returns:
        (sum(orientations), height, width) float32, scale by scale.

    Source: Oliva and Torralba 2001, and the authors' Matlab code for the constants.
    """
    rho, phi = frequencies(height, width)
    bank = []
    for scale, count in enumerate(orientations):
        radial = RADIAL * (rho / (FINEST / OCTAVE**scale) - 1) ** 2
        for number in range(count):
            turned = phi + np.pi * number / count
            turned -= 2 * np.pi * (turned > np.pi)
            bank.append(np.exp(-radial - 2 * np.pi * (count / 8) ** 2 * turned**2))
    return np.array(bank, dtype=np.float32)


def low_pass(height: int, width: int, cutoff: float) -> NDArray[np.float32]:
    """Return the upper half plane of a Gaussian transfer function, for real FFTs.

    Args:
        height: Pixels of the torus.
        width: Likewise.
        cutoff: Frequency in cycles a pixel that passes by half; 0 passes fully.

    Returns:
        (height, width // 2 + 1) float32.
    """
    rho, _ = frequencies(height, width)
    return np.exp2(-((rho[:, : width // 2 + 1] / cutoff) ** 2)).astype(np.float32)


def reflected(images: NDArray[np.float32], most: int) -> NDArray[np.float32]:
    """Extend pictures by their mirror image on all sides.

    Half a side each way is one period of the picture mirrored without end; more adds nothing.

    Args:
        images: (n, h, w).
        most: Pixels added on one side at most.

    Returns:
        (n, h + top + bottom, w + left + right); top and left are `margin` of h and w.
    """
    around = [(margin(side, most), min(side // 2, most)) for side in images.shape[1:]]
    return np.pad(images, [(0, 0), *around], mode="symmetric")


def margin(side: int, most: int) -> int:
    """Return how many pixels `reflected` adds before the first of ``side``."""
    return min(side - side // 2, most)


def equalised(planes: NDArray[np.float32], cutoff: float) -> NDArray[np.float32]:
    """Take the local mean off and divide by the local contrast, which all channels share.

    Args:
        planes: (n, channels, h, w) logarithms of pixels, on the torus.
        cutoff: What is local: waves longer than ``1 / cutoff`` pixels.

    Returns:
        As ``planes``.
    """
    size = planes.shape[2], planes.shape[3]
    gauss = low_pass(*size, cutoff)
    detail = planes - fft.irfft2(fft.rfft2(planes) * gauss, size)
    power = fft.irfft2(fft.rfft2(detail.mean(axis=1) ** 2) * gauss, size)
    contrast = np.sqrt(np.abs(power))[:, None]
    return np.asarray(detail / (np.float32(CONTRAST_FLOOR) + contrast), dtype=np.float32)


def block_averages(shape: tuple[int, int], blocks: int) -> tuple[NDArray[np.float32], ...]:
    """Return matrices that average a picture over a grid: rows @ picture @ columns.

    Args:
        shape: (h, w) of the picture.
        blocks: Blocks along each side; where they do not divide it their sizes differ by one.

    Returns:
        (blocks, h) and (w, blocks) float32, with rows and columns that sum to 1.
    """
    averages = []
    for side in shape:
        edges = np.arange(blocks + 1) * side // blocks
        member = np.searchsorted(edges, np.arange(side), side="right") - 1
        inside = np.equal.outer(np.arange(blocks), member).astype(np.float32)
        averages.append(inside / inside.sum(axis=1, keepdims=True))
    return averages[0], averages[1].T


@dataclass(frozen=True)
class Filter:
    """One filter, ready to be applied to the spectra of pictures of one size.

    A lobe covers part of the frequencies only, and only the picture's own pixels are wanted, so
    the inverse transform is two small matrix products: less work than an FFT of the torus.

    Attributes:
        place: Rows and columns of the centred spectrum where the filter is not zero.
        transfer: The filter there, (r, c).
        down: Waves of those rows over the picture's pixels, (h, r) complex, over the torus' height.
        across: Waves of those columns, (c, w) complex, over its width.
    """

    place: tuple[slice, slice]
    transfer: NDArray[np.float32]
    down: NDArray[np.complex64]
    across: NDArray[np.complex64]

    def magnitude(self, spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
        """Return |response| at every pixel: (n, H, W) centred spectra -> (n, h, w)."""
        lobe = spectra[:, self.place[0], self.place[1]] * self.transfer
        return np.asarray(np.abs(self.down @ (lobe @ self.across)), dtype=np.float32)


def centred_spectra(planes: NDArray[np.float32]) -> NDArray[np.complex64]:
    """Return Fourier transforms with the zero frequency in the middle: (n, H, W) -> (n, H, W).

    Args:
        planes: Real pictures on the torus.
    """
    return np.asarray(fft.fftshift(fft.fft2(planes), axes=(1, 2)), dtype=np.complex64)


def filters(bank: NDArray[np.float32], inner: tuple[slice, slice]) -> list[Filter]:
    """Prepare a `filter_bank` for the part of the torus that the pictures take.

    Args:
        bank: (filters, H, W), in the order of the FFT.
        inner: Where the pictures lie on the torus.
    """
    height, width = bank.shape[1:]
    numbers = [fft.fftshift(fft.fftfreq(side, 1 / side)) for side in (height, width)]
    y, x = np.arange(height)[inner[0]], np.arange(width)[inner[1]]
    made = []
    for transfer in fft.fftshift(bank, axes=(1, 2)):
        passes = transfer > NOTHING
        place = _extent(passes.any(axis=1)), _extent(passes.any(axis=0))
        down = np.exp(2j * np.pi * np.outer(y, numbers[0][place[0]]) / height) / height
        across = np.exp(2j * np.pi * np.outer(numbers[1][place[1]], x) / width) / width
        waves = down.astype(np.complex64), across.astype(np.complex64)
        made.append(Filter(place, np.ascontiguousarray(transfer[place]), *waves))
    return made


def _extent(passes: NDArray[np.bool_]) -> slice:
    found = np.flatnonzero(passes)
    return slice(int(found[0]), int(found[-1]) + 1) if len(found) else slice(0, 1)

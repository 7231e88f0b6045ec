from __future__ import annotations

import colorsys

import numpy as np
import pytest
import torch
from PIL import Image, ImageEnhance

from quantal.errors import DataError, ParameterError
from quantal.views import ColorJitter
from quantal.views.color_jitter import JitterDraws, shift_hue, to_grey

STRONG = ColorJitter(0.4, 0.4, 0.4, 0.125)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def levels(n: int, c: int) -> np.ndarray:
    """Smooth images, so that a wrong order shows, in whole levels of 0 to 255."""
    waves = np.linspace(0, 3, 12)
    grid = np.sin(waves[:, None] + np.arange(n * c)[:, None, None]) * np.cos(waves)
    return np.round(127.5 + 127.5 * grid).astype(np.uint8).reshape(n, c, 12, 12)


def pil_hue(image: Image.Image, turns: float) -> Image.Image:
    if image.mode == "L" or turns == 0:
        return image
    hue, saturation, value = image.convert("HSV").split()
    turned = (np.asarray(hue).astype(int) + int(turns * 255)) % 256
    channels = (Image.fromarray(turned.astype(np.uint8)), saturation, value)
    return Image.merge("HSV", channels).convert("RGB")


def pil_jitter(image: Image.Image, factors: list[float], scores: list[float]) -> Image.Image:
    """One image by Pillow's enhancers, in the order drawn."""
    changes = (
        lambda i, f: ImageEnhance.Brightness(i).enhance(f),
        lambda i, f: ImageEnhance.Contrast(i).enhance(f),
        lambda i, f: i if i.mode == "L" else ImageEnhance.Color(i).enhance(f),
        pil_hue,
    )
    for change in np.argsort(scores):
        image = changes[change](image, factors[change])
    return image


@pytest.mark.parametrize(
    ("channels", "hue", "largest", "mean"),
    [
        (1, 0.125, 3, 1.0),  # each of two changes rounds down to a level
        (3, 0.0, 4, 1.5),
        (3, 0.125, 14, 2.0),  # PIL keeps hue, saturation and value in 256 levels
    ],
)
def test_images_are_those_of_pil_up_to_its_rounding(channels, hue, largest, mean):
    n, view = 40, ColorJitter(0.4, 0.4, 0.4, hue)
    images, draws = levels(n, channels), view.draw(n, seeded())
    ours = view.apply(torch.from_numpy(images / 255).float(), draws).numpy() * 255
    off = []
    for image, factors, scores, mine in zip(
        images, draws.factors.tolist(), draws.scores, ours, strict=True
    ):
        picture = Image.fromarray(image[0] if channels == 1 else image.transpose(1, 2, 0))
        theirs = np.asarray(pil_jitter(picture, factors, scores.tolist()), dtype=float)
        off.append(np.abs(mine - theirs.reshape(12, 12, channels).transpose(2, 0, 1)))
    assert np.max(off) <= largest
    assert np.mean(off) <= mean


def test_no_strength_changes_nothing_and_draws_nothing():
    x, generator = torch.rand(3, 3, 4, 4), seeded()
    before = generator.get_state()
    assert ColorJitter()(x, generator) is x
    assert torch.equal(generator.get_state(), before)


def test_factors_fill_their_ranges_evenly_and_all_orders_come():
    factors, scores = ColorJitter(0.4, 1.5, 0.2, 0.125).draw(20_000, seeded())
    for column, (low, high) in enumerate([(0.6, 1.4), (0.0, 2.5), (0.8, 1.2), (-0.125, 0.125)]):
        values = (factors[:, column] - low) / (high - low)
        assert values.min() >= 0 and values.max() <= 1
        assert values.mean().item() == pytest.approx(1 / 2, abs=0.01)
        assert values.var().item() == pytest.approx(1 / 12, abs=0.003)
    orders, counts = scores.argsort(1).unique(dim=0, return_counts=True)
    assert len(orders) == 24
    assert counts.min() > 700 and counts.max() < 970  # 833 expected


def test_the_order_of_the_changes_matters_to_an_image():
    x = torch.tensor([0.2, 0.9]).view(1, 1, 1, 2).repeat(2, 1, 1, 1)
    factors = torch.tensor([1.4, 0.5, 1.0, 0.0]).repeat(2, 1)
    scores = torch.tensor([[0.1, 0.2, 0.3, 0.4], [0.2, 0.1, 0.3, 0.4]])
    changed = ColorJitter(0.4, 0.5).apply(x, JitterDraws(factors, scores))
    # Brightness first: (0.28, 1), then half way to 0.64. Contrast first: (0.375, 0.725) x 1.4.
    expected = torch.tensor([[0.46, 0.82], [0.525, 1.0]])
    torch.testing.assert_close(changed.view(2, 2), expected)


def test_hue_turns_as_in_the_standard_library():
    x, turns = torch.rand(6, 3, 2, 2, generator=seeded()).double(), torch.linspace(-0.5, 0.5, 6)
    x[0, :, 0, 0] = 0.25  # a grey has no hue
    turned = shift_hue(x, turns.double())
    for image, shift, ours in zip(x, turns.tolist(), turned, strict=True):
        for colour, mine in zip(
            image.flatten(1).T.tolist(), ours.flatten(1).T.tolist(), strict=True
        ):
            hue, saturation, value = colorsys.rgb_to_hsv(*colour)
            theirs = colorsys.hsv_to_rgb((hue + shift) % 1, saturation, value)
            assert mine == pytest.approx(theirs, abs=1e-7)


def test_a_third_of_a_turn_swaps_the_channels():
    x = torch.rand(1, 3, 5, 5, generator=seeded())
    torch.testing.assert_close(shift_hue(x, torch.tensor([1 / 3])), x[:, [2, 0, 1]])


def test_grey_weights_are_those_of_itu_r_601():
    red, green, blue = to_grey(torch.eye(3).view(3, 3, 1, 1)).flatten().tolist()
    assert (red, green, blue) == pytest.approx((0.299, 0.587, 0.114))


def test_one_seed_gives_one_jitter_and_leaves_global_randomness_alone():
    x, before = torch.rand(4, 3, 5, 5, generator=seeded(1)), torch.get_rng_state()
    kept = x.clone()
    first, second, third = (STRONG(x, seeded(s)) for s in (3, 3, 4))
    assert torch.equal(first, second) and not torch.equal(first, third)
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(x, kept)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
@pytest.mark.parametrize("channels", [1, 3])
def test_the_precision_of_the_batch_is_kept_and_changes_little(dtype, channels):
    x = torch.rand(6, channels, 4, 4, generator=seeded()).to(torch.bfloat16)
    changed = STRONG(x.to(dtype), seeded())
    assert changed.dtype == dtype
    torch.testing.assert_close(changed.float(), STRONG(x.float(), seeded()), atol=0.01, rtol=0)


@pytest.mark.parametrize("shape", [(2, 2, 4, 4), (2, 16), (2, 4, 4)])
def test_other_channels_are_refused(shape):
    with pytest.raises(DataError, match=r"\(B, 1, h, w\) or \(B, 3, h, w\), got \(2, "):
        STRONG(torch.zeros(shape), seeded())


@pytest.mark.parametrize("wrong", [255.0, -1.0, float("nan")])
def test_values_that_a_clamp_would_spoil_are_refused(wrong):
    with pytest.raises(DataError, match=r"values in \[0, 1\], got values from .*divide by 255"):
        STRONG(torch.full((1, 1, 2, 2), wrong), seeded())


def test_an_empty_batch_stays_empty():
    assert STRONG(torch.zeros(0, 3, 4, 4), seeded()).shape == (0, 3, 4, 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"brightness": -0.1}, r"brightness must be a number in \[0, inf\), got -0.1"),
        ({"hue": 0.6}, r"hue must be a number in \[0, 0\.5\], got 0.6"),
    ],
)
def test_strengths_out_of_range_are_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        ColorJitter(**change)

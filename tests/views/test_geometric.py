from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits

from quantal.errors import DataError, ParameterError
from quantal.views import ColorJitter, GeometricView, geometric_views
from quantal.views.geometric import numbered

MNIST = geometric_views("mnist", (28, 28))
LEVEL = 1 / 255


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def levels(n: int, c: int, side: int) -> np.ndarray:
    """Real digits enlarged to ``side``, each channel another one: (n, c, side, side) uint8."""
    digits = (load_digits().images[: n * c] * 15).astype(np.uint8)
    large = [np.asarray(Image.fromarray(d).resize((side, side))) for d in digits]
    return np.stack(large).reshape(n, c, side, side)


def pil_view(image: Image.Image, view: GeometricView, draws, i: int) -> Image.Image:
    """Image ``i`` of a batch, one transformation of Pillow after the other, without the jitter."""
    if draws.degrees is not None and draws.degrees[i] != 0:
        image = image.rotate(float(draws.degrees[i]), Image.Resampling.NEAREST)
    crop = view.crops[0 if draws.which is None else int(draws.which[i])]
    spare = image.height - crop
    top = left = round(spare / 2)
    if draws.down is not None and (draws.central is None or not draws.central[i]):
        top, left = (int(share[i] * (spare + 1)) for share in (draws.down, draws.right))
    image = image.crop((left, top, left + crop, top + crop))
    resampling = Image.Resampling[view.interpolation.upper()]
    image = image.resize((view.output, view.output), resampling)
    if draws.flipped is not None and draws.flipped[i]:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return image.convert("L") if view.grey else image


@pytest.mark.parametrize(
    ("kind", "name", "tolerance"),
    [
        ("mnist", "first", 1.01 * LEVEL),
        ("mnist", "second", 1.01 * LEVEL),
        ("mnist", "evaluation", 1.01 * LEVEL),
        ("cifar10", "first", 1.51 * LEVEL),  # half a level more for the grey
        ("cifar10", "second", 1.51 * LEVEL),
        ("cifar10-peng", "second", 0.51 * LEVEL),
        ("svhn", "evaluation", 1.51 * LEVEL),
        ("svhn", "second", 1.51 * LEVEL),
    ],
)
def test_views_of_the_papers_are_those_of_pil_up_to_its_rounding(kind, name, tolerance):
    channels, side = (1, 28) if kind == "mnist" else (3, 32)
    view = getattr(geometric_views(kind, (side, side)), name)
    images, draws = levels(30, channels, side), view.draw(30, seeded())._replace(jitter=None)
    ours = view.apply(torch.from_numpy(images / 255).float(), draws)
    for i, image in enumerate(images):
        picture = Image.fromarray(image[0] if channels == 1 else image.transpose(1, 2, 0))
        theirs = np.asarray(pil_view(picture, view, draws, i)) / 255
        assert np.abs(ours[i, 0].numpy() - theirs).max() <= tolerance


def test_the_jitter_comes_after_the_resize_and_before_the_grey():
    view = geometric_views("svhn", (32, 32)).second
    x, draws = torch.from_numpy(levels(9, 3, 32) / 255).float(), view.draw(9, seeded())
    plain = GeometricView(crops=view.crops, output=32, rotation=25)
    resized = plain.apply(x, draws._replace(jitter=None))
    jittered = view.jitter.apply(resized, draws.jitter)
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    expected = (weights * jittered).sum(1, keepdim=True)
    torch.testing.assert_close(view.apply(x, draws), expected)


def test_a_crop_of_the_whole_image_at_its_own_size_is_the_image():
    x = torch.rand(4, 2, 7, 9, generator=seeded())
    assert torch.equal(GeometricView(crops=((7, 9),), output=(7, 9), center_share=1)(x), x)


def test_draws_have_the_probabilities_asked_for():
    view = GeometricView(
        crops=(16, 20, 24),
        output=24,
        center_share=0.25,
        rotation=25,
        rotation_probability=0.5,
        flip_probability=0.1,
    )
    draws, n = view.draw(20_000, seeded()), 20_000
    turned = draws.degrees[draws.degrees != 0]
    assert len(turned) / n == pytest.approx(0.5, abs=0.01)
    assert turned.abs().max() <= 25
    assert turned.std().item() == pytest.approx(50 / 12**0.5, rel=0.02)
    assert draws.flipped.float().mean().item() == pytest.approx(0.1, abs=0.01)
    assert draws.central.float().mean().item() == pytest.approx(0.25, abs=0.01)
    assert draws.which.bincount().div(n).tolist() == pytest.approx([1 / 3] * 3, abs=0.015)


def test_every_place_inside_the_image_is_equally_likely():
    x = torch.arange(30.0).view(1, 1, 5, 6).expand(12_000, 1, 5, 6) / 30
    corners = GeometricView(crops=((3, 2),), output=(3, 2))(x, seeded())[:, 0, 0, 0]
    places, counts = (corners * 30).round().int().unique(return_counts=True)
    assert places.tolist() == [6 * row + column for row in range(3) for column in range(5)]
    assert counts.min() > 700 and counts.max() < 900  # 800 expected


def test_halves_are_rounded_to_even_at_the_centre_as_in_torchvision():
    x = torch.arange(8.0).view(1, 1, 1, 8).expand(1, 1, 8, 8) / 8
    for side, first in [(7, 0), (5, 2), (3, 2)]:
        cut = GeometricView(crops=(side,), output=side, center_share=1)(x)
        assert cut[0, 0, 0, 0] * 8 == first


def test_the_largest_number_below_one_is_not_one_place_too_far():
    highest = torch.tensor([1 - 2**-24])
    for count in (1, 3, 97, 4096):
        assert numbered(highest, count) == count - 1


def test_a_view_that_is_not_random_draws_nothing_and_needs_no_generator():
    x, generator = torch.rand(3, 1, 28, 28, generator=seeded()), seeded()
    before = generator.get_state()
    assert torch.equal(MNIST.evaluation(x, generator), MNIST.evaluation(x))
    assert torch.equal(generator.get_state(), before)
    with pytest.raises(ParameterError, match=r"random and needs a torch\.Generator, got None"):
        MNIST.second(x)


def test_one_seed_gives_one_batch_and_leaves_global_randomness_alone():
    x, before = torch.rand(6, 1, 28, 28, generator=seeded(1)), torch.get_rng_state()
    kept = x.clone()
    first, second, third = (MNIST.second(x, seeded(s)) for s in (3, 3, 4))
    assert torch.equal(first, second) and not torch.equal(first, third)
    assert torch.equal(torch.get_rng_state(), before) and torch.equal(x, kept)


def test_copies_of_one_image_get_different_views():
    x = torch.rand(1, 1, 28, 28, generator=seeded()).repeat(20, 1, 1, 1)
    assert len(torch.unique(MNIST.second(x, seeded()), dim=0)) == 20


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_precision_of_the_batch_is_kept_and_changes_little(dtype):
    x = torch.rand(6, 3, 32, 32, generator=seeded()).to(torch.bfloat16)
    view = geometric_views("svhn", (32, 32)).second
    changed = view(x.to(dtype), seeded())
    assert changed.dtype == dtype
    torch.testing.assert_close(changed.float(), view(x.float(), seeded()), atol=0.03, rtol=0)


def test_an_empty_batch_gives_an_empty_batch():
    assert MNIST.second(torch.zeros(0, 1, 28, 28), seeded()).shape == (0, 1, 24, 24)


def test_other_batches_are_refused():
    with pytest.raises(DataError, match=r"images \(B, c, h, w\).*float32 of shape \(2, 784\)"):
        MNIST.first(torch.zeros(2, 784), seeded())
    with pytest.raises(DataError, match=r"floating-point images.*got torch\.uint8"):
        MNIST.first(torch.zeros(2, 1, 28, 28, dtype=torch.uint8), seeded())
    with pytest.raises(DataError, match=r"crop of 20 x 20 does not fit in images of 18 x 28"):
        MNIST.first(torch.zeros(2, 1, 18, 28), seeded())
    with pytest.raises(DataError, match=r"grey=True.*\(B, 3, h, w\), got \(2, 2, 32, 32\)"):
        geometric_views("svhn", (32, 32)).first(torch.zeros(2, 2, 32, 32))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"crops": ()}, r"crops must be a tuple of sides or of \(height, width\).*got \(\)"),
        ({"crops": 20}, "crops must be a tuple.*got 20"),
        ({"crops": (0,)}, r"a side of crops must be an integer in \[1, inf\), got 0"),
        ({"crops": ((1, 2, 3),)}, r"A size must be a side or \(height, width\), got \(1, 2, 3\)"),
        ({"output": 2.5}, r"a side of output must be an integer in \[1, inf\), got 2\.5"),
        ({"center_share": 1.5}, r"center_share must be a number in \[0, 1\], got 1\.5"),
        ({"rotation": 200}, r"rotation must be a number in \[0, 180\], got 200"),
        ({"rotation_probability": -1}, "rotation_probability must be"),
        ({"flip_probability": 2}, "flip_probability must be"),
        ({"interpolation": "biliner"}, r"interpolation must be one of.*Did you mean 'bilinear'"),
        ({"jitter": 0.4}, r"jitter must be a ColorJitter, such as .*got 0\.4"),
    ],
)
def test_parameters_out_of_range_are_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        GeometricView(**{"crops": (20,), "output": 24, **change})


def test_views_are_values():
    view = GeometricView(crops=(20,), output=24, jitter=ColorJitter(0.1))
    assert view == GeometricView(crops=(20,), output=24, jitter=ColorJitter(0.1))
    assert hash(view) == hash(GeometricView(crops=(20,), output=24, jitter=ColorJitter(0.1)))

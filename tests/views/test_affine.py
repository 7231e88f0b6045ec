from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage.transform import AffineTransform, warp
from sklearn.datasets import load_digits
from torch import Tensor

from quantal.errors import DataError, ParameterError
from quantal.views import AffineDistortion
from quantal.views.affine import border_median

STILL = {"scale": (1.0, 1.0), "translation": 0.0, "rotation": 0.0, "shear": 0.0}


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def digits(n: int = 20) -> Tensor:
    return torch.from_numpy(load_digits().images[:n] / 8 - 1).float()


def translation_matrix(x: float, y: float) -> np.ndarray:
    return np.array([[1.0, 0, x], [0, 1, y], [0, 0, 1]])


def slow_distortion(image: np.ndarray, u: np.ndarray, view: AffineDistortion, fill: float):
    """One image by scikit-image, from seven uniforms, composed as a product of 3 x 3 matrices."""
    low, high = view.scale
    scale = np.diag([low + (high - low) * u[0], low + (high - low) * u[1], 1.0])
    shift = translation_matrix(*(view.translation * (2 * u[2:4] - 1)))
    rotation = AffineTransform(rotation=math.radians(view.rotation) * (2 * u[4] - 1)).params
    shear = np.eye(3)
    shear[0, 1], shear[1, 0] = view.shear * (2 * u[5:7] - 1)
    centre = translation_matrix((image.shape[1] - 1) / 2, (image.shape[0] - 1) / 2)
    forward = centre @ rotation @ shear @ scale @ shift @ np.linalg.inv(centre)
    return warp(image, np.linalg.inv(forward), order=1, mode="constant", cval=fill)


@pytest.mark.parametrize("shape", [(8, 8), (8, 5), (3, 7)])
@pytest.mark.parametrize("strength", [1, 4])
def test_each_image_is_distorted_as_scikit_image_would(shape, strength):
    images = torch.rand(30, *shape, generator=seeded(1), dtype=torch.float64)
    view = AffineDistortion(
        shape, translation=0.4 * strength, rotation=10 * strength, shear=0.3, fill=0.25
    )
    uniforms = torch.rand(7, 30, generator=seeded()).double().numpy()
    expected = [
        slow_distortion(image, u, view, 0.25)
        for image, u in zip(images.numpy(), uniforms.T, strict=True)
    ]
    np.testing.assert_allclose(view(images, seeded()).numpy(), np.stack(expected), atol=1e-5)


def test_no_distortion_returns_the_images():
    x = digits()
    torch.testing.assert_close(AffineDistortion((8, 8), **STILL)(x, seeded()), x)


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_quarter_turn_about_the_centre_is_rot90(monkeypatch, sign):
    turn = torch.tensor([[0.0, -sign, 0.0], [sign, 0.0, 0.0]]).expand(20, 2, 3)
    monkeypatch.setattr(AffineDistortion, "matrices", lambda self, n, generator: turn)
    moved = AffineDistortion((8, 8))(digits(), seeded())
    torch.testing.assert_close(moved, torch.rot90(digits(), -sign, (1, 2)))  # y points down


@pytest.mark.parametrize("size", [7, 8])
def test_a_half_turn_about_the_centre_flips_both_axes(monkeypatch, size):
    half = torch.tensor([[-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]).expand(4, 2, 3)
    monkeypatch.setattr(AffineDistortion, "matrices", lambda self, n, generator: half)
    x = torch.rand(4, size, size + 1, generator=seeded())
    torch.testing.assert_close(AffineDistortion((size, size + 1))(x, seeded()), x.flip(1, 2))


def test_translation_is_in_pixels_to_the_right_and_down(monkeypatch):
    shift = torch.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]]).expand(20, 2, 3)
    monkeypatch.setattr(AffineDistortion, "matrices", lambda self, n, generator: shift)
    x, moved = digits(), AffineDistortion((8, 8), fill=9.0)(digits(), seeded())
    torch.testing.assert_close(moved[:, 1:, 2:], x[:, :-1, :-2])
    assert (moved[:, 0] == 9).all() and (moved[:, :, :2] == 9).all()


def test_translation_follows_the_shorter_side_unless_it_is_given():
    wide = AffineDistortion((42, 63)).matrices(4000, seeded())[:, :, 2]
    given = AffineDistortion((42, 63), translation=0.4).matrices(4000, seeded())[:, :, 2]
    assert 3.9 < wide.abs().max() <= 4.0
    assert 0.39 < given.abs().max() <= 0.4


def test_scale_above_one_enlarges_the_drawing():
    x = torch.zeros(1, 9, 9)
    x[0, 3:6, 3:6] = 1
    larger = AffineDistortion((9, 9), **{**STILL, "scale": (2.0, 2.0)})(x, seeded())
    assert larger.sum() == pytest.approx(4 * 9, rel=0.15)


def test_the_seven_numbers_stay_in_the_ranges_of_the_paper():
    matrices = AffineDistortion((21, 21)).matrices(4000, seeded()).double()
    a, t = matrices[:, :, :2], matrices[:, :, 2]
    assert t.abs().max() <= 2.0 and t.abs().max() > 1.99
    lengths = a.norm(dim=1)  # columns: s * sqrt(1 + rho^2)
    assert lengths.min() >= 0.8 - 1e-6 and lengths.max() <= 1.2 * math.sqrt(1.09)
    only_turned = AffineDistortion((21, 21), **{**STILL, "rotation": 10.0}).matrices(4000, seeded())
    angle = torch.atan2(only_turned[:, 1, 0], only_turned[:, 0, 0]).rad2deg()
    assert angle.abs().max() <= 10.0001 and angle.abs().max() > 9.9
    assert abs(angle.mean()) < 0.3


@pytest.mark.parametrize("shape", [(20, 64), (20, 8, 8), (20, 1, 8, 8)])
def test_flat_rows_and_images_give_the_same_pixels(shape):
    view = AffineDistortion((8, 8))
    moved = view(digits().reshape(shape), seeded())
    assert moved.shape == shape
    torch.testing.assert_close(moved.reshape(20, 8, 8), view(digits(), seeded()))


def test_the_channels_of_an_image_move_together():
    x = digits()[:, None].repeat(1, 3, 1, 1)
    moved = AffineDistortion((8, 8))(x, seeded())
    torch.testing.assert_close(moved[:, 0], moved[:, 2])
    flat = AffineDistortion((3, 8, 8))(x.reshape(20, 192), seeded())
    torch.testing.assert_close(flat.reshape(x.shape), moved)


def test_the_background_fills_what_comes_from_outside():
    x = torch.stack([torch.full((8, 8), -1.0), torch.full((8, 8), 7.0)])
    x[:, 3:5, 3:5] = 0.5
    moved = AffineDistortion((8, 8), rotation=180, translation=2)(x, seeded())
    assert (moved[0, 0] == -1).all() and (moved[1, 0] == 7).all()


def test_the_border_median_ignores_what_is_inside_or_rare():
    x = torch.zeros(1, 2, 5, 5)
    x[:, 1] = 3
    x[:, :, 1:4, 1:4], x[:, :, 0, 0] = 100, 50
    torch.testing.assert_close(border_median(x).flatten(), torch.tensor([0.0, 3.0]))


def test_one_seed_gives_one_distortion_and_leaves_global_randomness_alone():
    view, before = AffineDistortion((8, 8)), torch.get_rng_state()
    assert torch.equal(view(digits(), seeded(3)), view(digits(), seeded(3)))
    assert not torch.equal(view(digits(), seeded(3)), view(digits(), seeded(4)))
    assert torch.equal(torch.get_rng_state(), before)


def test_images_of_one_batch_are_distorted_differently_and_the_input_is_kept():
    x = digits(1).repeat(5, 1, 1)
    kept = x.clone()
    moved = AffineDistortion((8, 8))(x, seeded())
    assert len(torch.unique(moved, dim=0)) == 5
    assert torch.equal(x, kept)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_precision_of_the_batch_is_kept_and_changes_little(dtype):
    view = AffineDistortion((8, 8))
    moved = view(digits().to(dtype), seeded())
    assert moved.dtype == dtype
    torch.testing.assert_close(moved.float(), view(digits(), seeded()), atol=0.02, rtol=0)


def test_an_image_of_one_pixel_is_its_own_distortion():
    x = torch.tensor([[3.0]])
    torch.testing.assert_close(AffineDistortion((1, 1))(x, seeded()), x)


def test_batches_of_another_shape_are_refused():
    view = AffineDistortion((8, 8))
    for shape in [(20, 65), (20, 8, 7), (8,), (2, 2, 2, 8, 8)]:
        with pytest.raises(DataError, match=r"needs \(B, 64\), \(B, 8, 8\) or.*got \("):
            view(torch.zeros(shape), seeded())
    with pytest.raises(DataError, match=r"got \(2, 1, 8, 8\)"):
        AffineDistortion((3, 8, 8))(torch.zeros(2, 1, 8, 8), seeded())


def test_whole_numbers_are_refused():
    with pytest.raises(DataError, match=r"floating-point images, got torch\.uint8"):
        AffineDistortion((8, 8))(torch.zeros(2, 64, dtype=torch.uint8), seeded())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_shape": (8,)}, r"image_shape must be \(height, width\).*got \(8,\)"),
        ({"image_shape": (8, 0)}, "positive sides"),
        ({"scale": (0.0, 1.0)}, r"scale\[0\] must be a number in \(0"),
        ({"scale": (1.2, 0.8)}, r"scale\[1\] must be a number in \[1\.2"),
        ({"translation": -1.0}, "translation must be"),
        ({"rotation": 200.0}, r"rotation must be a number in \[0, 180\], got 200"),
        ({"shear": 1.0}, r"shear must be a number in \[0, 0\.99\]"),
    ],
)
def test_parameters_out_of_range_are_refused(change, message):
    with pytest.raises(ParameterError, match=message):
        AffineDistortion(**{"image_shape": (8, 8), **change})

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from skimage.color import hed2rgb, rgb2hed, rgb2yiq

from histcode_training.contrastive.augment.augment import PLAIN, Augmentation, as_float, draw_views
from histcode_training.contrastive.augment.blur import Blur, blur
from histcode_training.contrastive.augment.colour import Jitter, change_colours
from histcode_training.contrastive.augment.config import AugmentationConfig
from histcode_training.contrastive.augment.geometry import Crops, crop_matrices, cut, draw_crops
from histcode_training.contrastive.augment.stain import StainJitter, change_stains, hed_from_rgb, rgb_from_hed
from histcode_training.errors import RecipeError
from histcode_training.field_features import turn_tile


@pytest.fixture
def pictures() -> np.ndarray:
    """(4, 24, 24, 3) RGB of 0..1, as tissue may be."""
    random = np.random.default_rng(0)
    stains = random.uniform(0, 0.12, (4, 24, 24, 3)) * [1, 1, 0.2]
    return np.asarray(hed2rgb(stains))


def tensor(pictures: np.ndarray) -> torch.Tensor:
    return torch.tensor(pictures, dtype=torch.float32).permute(0, 3, 1, 2).contiguous()


def test_stains_are_those_of_scikit_image(pictures: np.ndarray) -> None:
    ours = hed_from_rgb(tensor(pictures)).clamp(min=0).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(ours, rgb2hed(pictures), atol=1e-5)
    back = rgb_from_hed(tensor(rgb2hed(pictures))).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(back, hed2rgb(rgb2hed(pictures)), atol=1e-5)


def test_changed_stains_are_factor_and_offset(pictures: np.ndarray) -> None:
    scale, shift = np.array([1.2, 0.8, 1.1]), np.array([0.01, 0.02, 0.005])
    jitter = StainJitter(scale=torch.tensor(scale).repeat(4, 1), shift=torch.tensor(shift).repeat(4, 1))
    ours = change_stains(tensor(pictures), jitter).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(ours, hed2rgb(rgb2hed(pictures) * scale + shift), atol=2e-4)


def test_no_change_of_stains_changes_nothing() -> None:
    x = torch.rand(2, 3, 8, 8)
    jitter = StainJitter(scale=torch.ones(2, 3), shift=torch.zeros(2, 3))
    torch.testing.assert_close(change_stains(x, jitter), x, atol=1e-5, rtol=0)


def one_jitter(**changes: float) -> Jitter:
    values = {"brightness": 1.0, "contrast": 1.0, "saturation": 1.0, "hue": 0.0} | changes
    return Jitter(**{name: torch.full((4,), value) for name, value in values.items()})


def test_colours_change_as_named(pictures: np.ndarray) -> None:
    x = tensor(pictures)
    torch.testing.assert_close(change_colours(x, one_jitter()), x, atol=1e-6, rtol=0)
    torch.testing.assert_close(change_colours(x, one_jitter(brightness=1.3)), 1.3 * x, atol=1e-6, rtol=0)
    yiq = rgb2yiq(pictures)
    grey = change_colours(x, one_jitter(saturation=0.0)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(grey, np.repeat(yiq[..., :1], 3, axis=-1), atol=1e-5)
    mean = yiq[..., 0].mean(axis=(1, 2))[:, None, None, None]
    flat = change_colours(x, one_jitter(contrast=0.5)).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(flat, 0.5 * pictures + 0.5 * mean, atol=1e-5)
    turned = rgb2yiq(change_colours(x, one_jitter(hue=0.4)).permute(0, 2, 3, 1).numpy())
    np.testing.assert_allclose(turned[..., 0], yiq[..., 0], atol=1e-4)
    chroma = np.hypot(yiq[..., 1], yiq[..., 2])
    np.testing.assert_allclose(np.hypot(turned[..., 1], turned[..., 2]), chroma, atol=1e-4)


@pytest.mark.parametrize("element", range(8))
def test_crops_are_turned_exactly(element: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (1, 10, 10, 3), np.uint8)
    crops = Crops(
        size=torch.full((1, 2), 0.6), place=torch.tensor([[0.25, 0.75]]), element=torch.tensor([element])
    )
    found = (cut(as_float(torch.tensor(pixels)), crop_matrices(crops), 6) * 255).permute(0, 2, 3, 1)
    inside = pixels[0, 3:9, 1:7]
    np.testing.assert_allclose(found[0].numpy(), turn_tile(inside, element), atol=1e-3)


def test_crops_respect_extent_and_ranges() -> None:
    config = AugmentationConfig(crop_area=(0.5, 1.5), crop_aspect=(1.0, 1.0))
    extent = torch.tensor([128.0, 192.0] * 200)
    crops = draw_crops(extent, 128, config, torch.Generator().manual_seed(0))
    px = crops.size[:, 0] * extent
    assert float(px[0::2].max()) <= 128
    assert 128 < float(px[1::2].max()) <= 128 * 1.5**0.5 + 1e-3
    assert float(px.min()) >= 128 * 0.5**0.5 - 1e-3
    assert sorted(crops.element.unique().tolist()) == list(range(8))


def test_blur_is_scipys_where_chosen() -> None:
    x = torch.rand(3, 3, 20, 20)
    blurs = Blur(is_blurred=torch.tensor([True, False, True]), sigma_px=torch.tensor([1.0, 1.0, 0.5]))
    found = blur(x.clone(), blurs, widest_px=1.5)
    assert torch.equal(found[1], x[1])
    for k, sigma in ((0, 1.0), (2, 0.5)):
        wanted = gaussian_filter(x[k].numpy(), (0, sigma, sigma), mode="mirror", radius=(0, 5, 5))
        np.testing.assert_allclose(found[k].numpy(), wanted, atol=1e-5)


def test_parts_of_a_batch_are_rows_of_the_whole() -> None:
    augmentation = Augmentation(AugmentationConfig(), tile_px=16, mean=(0.5,) * 3, std=(0.5,) * 3)
    pixels = as_float(torch.randint(256, (6, 24, 24, 3), dtype=torch.uint8))
    views = augmentation.draw(torch.full((6,), 24.0), torch.Generator().manual_seed(3))
    whole = augmentation.apply(pixels, views)
    part = augmentation.apply(pixels[2:5], views.rows(slice(2, 5)))
    torch.testing.assert_close(part, whole[2:5])
    assert float(whole.min()) >= -1
    assert float(whole.max()) <= 1
    again = draw_views(torch.full((6,), 24.0), 16, AugmentationConfig(), torch.Generator().manual_seed(3))
    assert torch.equal(again.crops.size, views.crops.size)


def test_plain_views_are_the_pixels() -> None:
    augmentation = Augmentation(replace(PLAIN, is_turned=False), tile_px=8, mean=(0.0,) * 3, std=(1.0,) * 3)
    pixels = as_float(torch.randint(256, (2, 8, 8, 3), dtype=torch.uint8))
    views = augmentation.draw(torch.full((2,), 8.0), torch.Generator().manual_seed(0))
    torch.testing.assert_close(augmentation.apply(pixels, views), pixels, atol=1e-5, rtol=0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"crop_area": (1.5, 0.3)},
        {"blur_px": (0.0, 1.0)},
        {"hue": 0.7},
        {"grey_share": 2.0},
        {"stain_scale": 1.0},
    ],
)
def test_impossible_ranges_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="augmentation"):
        AugmentationConfig(**wrong)

"""How two views of a tile may differ, as a recipe's table ``[augmentation]``."""

from __future__ import annotations

from dataclasses import dataclass

from histcode_training.errors import RecipeError

Range = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class AugmentationConfig:
    """Ranges and probabilities; everything is drawn for each tile and view by itself."""

    crop_area: Range = (0.3, 1.5)
    """Area of the crop in units of the encoder's tile: below 1 enlarges, above 1 reduces the tissue."""
    crop_aspect: Range = (0.8, 1.25)
    """Width of the crop over its height."""
    is_turned: bool = True
    """Whether crops are flipped and turned by quarters: the eight symmetries of the square."""
    colour_share: float = 0.8
    """Share of the views whose colours change as the next four say."""
    brightness: float = 0.3
    """Factor from 1 less this to 1 plus this."""
    contrast: float = 0.3
    """The same about the tile's mean grey."""
    saturation: float = 0.3
    """The same of the distance from grey."""
    hue: float = 0.05
    """Turn of the hue, as a share of the circle, either way."""
    stain_share: float = 0.8
    """Share of the views whose stains change as the next two say."""
    stain_scale: float = 0.25
    """Amount of each stain (haematoxylin, eosin, the rest): factor from 1 less this to 1 plus this."""
    stain_shift: float = 0.01
    """Offset of each stain either way, in the units of `skimage.color.rgb2hed`."""
    blur_share: float = 0.3
    """Share of the views that are blurred."""
    blur_px: Range = (0.2, 1.2)
    """Standard deviation of the blur in pixels of the view."""
    grey_share: float = 0.1
    """Share of the views without colour."""

    def __post_init__(self) -> None:
        for name in ("crop_area", "crop_aspect", "blur_px"):
            low, high = getattr(self, name)
            if not 0 < low <= high:
                raise RecipeError(f"augmentation: {name} runs from {low} to {high}, and is no range above 0.")
        for name in (
            "colour_share",
            "stain_share",
            "blur_share",
            "grey_share",
            "brightness",
            "contrast",
            "saturation",
        ):
            if not 0 <= getattr(self, name) <= 1:
                raise RecipeError(f"augmentation: {name} is {getattr(self, name)}, not from 0 to 1.")
        if not 0 <= self.hue <= 0.5 or not 0 <= self.stain_scale < 1 or not 0 <= self.stain_shift <= 1:
            raise RecipeError(
                "augmentation: hue is from 0 to 0.5, stain_scale from 0 to below 1, stain_shift from 0 to 1."
            )

"""From tiles as they were read to a view of each, normalised for the network.

What a view looks like is drawn first, for the whole batch, on the processor; then it is applied, on the
device. So the views follow from the seed and the step alone, whatever the device, and a process that has a
part of the batch applies its rows of what all have drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TypeVar

import torch
from torch import Tensor

from histcode_training.contrastive.augment.blur import Blur, blur, draw_blur
from histcode_training.contrastive.augment.colour import Jitter, change_colours, draw_jitter
from histcode_training.contrastive.augment.config import AugmentationConfig
from histcode_training.contrastive.augment.geometry import Crops, crop_matrices, cut, draw_crops
from histcode_training.contrastive.augment.stain import StainJitter, change_stains, draw_stains

PLAIN = AugmentationConfig(
    crop_area=(1.0, 1.0),
    crop_aspect=(1.0, 1.0),
    colour_share=0.0,
    stain_share=0.0,
    blur_share=0.0,
    grey_share=0.0,
)
"""What the finished encoder sees, wherever in what was read."""

Drawn = TypeVar("Drawn", Crops, Jitter, StainJitter, Blur)


@dataclass(frozen=True, kw_only=True, eq=False)
class Views:
    """What was drawn for one view of each tile of a batch."""

    crops: Crops
    """Where it lies."""
    jitter: Jitter
    """Its colours."""
    stains: StainJitter
    """Its stains."""
    blurs: Blur
    """Its blur."""

    def rows(self, part: slice) -> Views:
        """Return what was drawn for a part of the batch."""
        return Views(
            crops=_rows(self.crops, part),
            jitter=_rows(self.jitter, part),
            stains=_rows(self.stains, part),
            blurs=_rows(self.blurs, part),
        )


def draw_views(
    extent_px: Tensor, tile_px: int, config: AugmentationConfig, generator: torch.Generator
) -> Views:
    """Draw one view of each tile.

    Parameters
    ----------
    extent_px : Tensor
        (n,) width of the tiles as they were read, in pixels at the encoder's resolution.
    tile_px : int
        Width of the encoder's tile.
    config : AugmentationConfig
        Ranges and shares.
    generator : torch.Generator
        The chance, on the processor.
    """
    n = len(extent_px)
    return Views(
        crops=draw_crops(extent_px, tile_px, config, generator),
        jitter=draw_jitter(n, config, generator),
        stains=draw_stains(n, config, generator),
        blurs=draw_blur(n, config, generator),
    )


class Augmentation:
    """Applies what was drawn.

    Parameters
    ----------
    config : AugmentationConfig
        Ranges and shares.
    tile_px : int
        Width and height of the views.
    mean, std : tuple of float
        Normalisation of RGB of 0..1, as in the encoder's record.
    """

    def __init__(
        self,
        config: AugmentationConfig,
        *,
        tile_px: int,
        mean: tuple[float, float, float],
        std: tuple[float, float, float],
    ) -> None:
        self._config = config
        self._tile_px = tile_px
        self._normalisation = mean, std
        self._mean = torch.tensor(mean)[:, None, None]
        self._std = torch.tensor(std)[:, None, None]

    def plain(self) -> Augmentation:
        """Return one that leaves colours and size as they are; place and turn are still drawn."""
        mean, std = self._normalisation
        return Augmentation(PLAIN, tile_px=self._tile_px, mean=mean, std=std)

    def draw(self, extent_px: Tensor, generator: torch.Generator) -> Views:
        """Draw one view of each tile; see `draw_views`."""
        return draw_views(extent_px, self._tile_px, self._config, generator)

    @torch.no_grad()
    def apply(self, tiles: Tensor, views: Views) -> Tensor:
        """Make the views.

        Parameters
        ----------
        tiles : Tensor
            (n, 3, read_px, read_px) RGB of 0..1, on the device that computes.
        views : Views
            What was drawn for them.

        Returns
        -------
        Tensor
            (n, 3, tile_px, tile_px), normalised, channels last in memory.
        """
        x = cut(tiles, crop_matrices(views.crops), self._tile_px)
        x = change_stains(x, views.stains)
        x = change_colours(x, views.jitter)
        x = blur(x.clamp_(0, 1), views.blurs, widest_px=self._config.blur_px[1])
        x = x.sub_(self._mean.to(x.device)).div_(self._std.to(x.device))
        return x.contiguous(memory_format=torch.channels_last)


def as_float(tiles: Tensor) -> Tensor:
    """Turn uint8 RGB (n, h, w, 3) into (n, 3, h, w) of 0..1."""
    return tiles.permute(0, 3, 1, 2).float().div_(255)


def _rows(drawn: Drawn, part: slice) -> Drawn:
    return type(drawn)(**{field.name: getattr(drawn, field.name)[part] for field in fields(drawn)})

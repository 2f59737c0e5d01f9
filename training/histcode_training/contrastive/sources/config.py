"""Where tiles come from, as tables ``[tiles]`` and ``[[source]]`` of a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from histcode_training.errors import RecipeError
from histcode_training.recipe import TileGeometry

SourceKind = Literal["tiles", "fields", "sections", "slides"]
"""Pictures that are tiles, fields of view to cut into tiles, sections with spots, or whole slides."""


@dataclass(frozen=True, kw_only=True)
class TilesConfig:
    """Size and resolution of the tiles."""

    tile_px: int
    """Width and height of what the encoder sees, in pixels."""
    mpp: float
    """Micrometres per pixel of it."""
    read_px: int
    """Width and height of what is read and kept at that resolution: more than the encoder sees, so that crops
    and zooms have real pixels."""

    def __post_init__(self) -> None:
        if self.tile_px < 8 or not self.mpp > 0:
            raise RecipeError(f"tiles: {self.tile_px} px at {self.mpp} um/px is no tile.")
        if self.read_px < self.tile_px:
            raise RecipeError(
                f"tiles: read_px is {self.read_px}, less than tile_px, {self.tile_px}.",
                advice="Read 1 to 1.5 times what the encoder sees.",
            )

    @property
    def geometry(self) -> TileGeometry:
        """What the encoder sees."""
        return TileGeometry(tile_px=self.tile_px, mpp=self.mpp)


@dataclass(frozen=True, kw_only=True)
class SourceConfig:
    """One source of tiles."""

    name: str
    """Short name, for messages and the log."""
    kind: SourceKind
    """What it is."""
    licence: str
    """Who made it and under which licence, for the encoder's card."""
    table: str = ""
    """Kinds "tiles" and "fields": CSV or Parquet inside the data folder; files are named beside it."""
    file: str = "file"
    """Column of the file."""
    group: str = "slide"
    """Column of the slide, or of what else belongs together."""
    folder: str = ""
    """Kind "sections": folder inside the data folder, with a folder a section."""
    sections: tuple[str, ...] = ()
    """Names of the sections."""
    files: tuple[str, ...] = ()
    """Kind "slides": paths or patterns inside the data folder."""
    mpp: float | None = None
    """Micrometres per pixel where the files do not say it; kind "tiles" needs none."""
    overlap: float = 0.0
    """Least share of the width that neighbouring tiles, as they are read, have in common."""
    min_tissue: float = 0.25
    """Least share of tissue in a tile as it is read."""
    extent_px: int = 0
    """Kind "tiles": how wide a whole picture is in the encoder's pixels; 0 stands for tile_px, which is how
    such pictures are encoded elsewhere."""
    split: str = ""
    """File with the names of held-out slides or groups, beside the recipe."""
    exclude: tuple[str, ...] = ()
    """More of them."""
    weight: float = 1.0
    """How often a tile is seen in an epoch, on average."""
    max_tiles: int = 0
    """Most tiles of one slide, spread evenly over it; 0 takes all."""
    max_slides: int = 0
    """Most slides, spread evenly over their names; 0 takes all."""

    def __post_init__(self) -> None:
        needed = {"tiles": "table", "fields": "table", "sections": "folder", "slides": "files"}[self.kind]
        if not getattr(self, needed):
            raise RecipeError(f"source {self.name!r}: {needed} is missing.", advice=f"{self.kind} need it.")
        if self.kind == "sections" and not self.sections:
            raise RecipeError(f"source {self.name!r}: sections is missing.", advice="Name at least one.")
        if self.kind in ("fields", "sections") and self.mpp is None:
            raise RecipeError(
                f"source {self.name!r}: mpp is missing.", advice="Pictures do not say their resolution."
            )
        if self.mpp is not None and not self.mpp > 0:
            raise RecipeError(f"source {self.name!r}: mpp is {self.mpp}, and must be above 0.")
        if not 0 <= self.overlap < 1 or not 0 <= self.min_tissue <= 1:
            raise RecipeError(f"source {self.name!r}: overlap and min_tissue are shares.")
        if not 0 < self.weight <= 100:
            raise RecipeError(f"source {self.name!r}: weight is {self.weight}, not from above 0 to 100.")
        if min(self.max_tiles, self.max_slides, self.extent_px) < 0:
            raise RecipeError(f"source {self.name!r}: max_tiles, max_slides and extent_px are not negative.")

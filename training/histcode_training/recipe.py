"""Recipes: every choice of a training run in one TOML file, read into frozen values."""

from __future__ import annotations

import tomllib
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from histcode_training.errors import RecipeError

Value = TypeVar("Value")

RECIPES = Path(__file__).resolve().parents[1] / "recipes"
"""Folder of the recipes in a checkout; an installed package has none and needs ``--recipe``."""


@dataclass(frozen=True, kw_only=True)
class TissueClass:
    """One class: its label in the cohort, its output in the head, its region in QuPath."""

    label: str
    """As the table of the cohort says it."""
    name: str
    """Name of the head's output, without blanks."""
    shown: str
    """As people read it."""
    region: str
    """Class of the regions in QuPath."""
    colour: tuple[int, int, int]
    """Colour of the class as red, green, blue, 0 to 255."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """Who made the data, and under which licence."""

    title: str
    """Title of the data set."""
    authors: str
    """Its authors."""
    publisher: str
    """Where and when it was published."""
    doi: str
    """Digital object identifier, without the resolver."""
    licence: str
    """Short name of the licence."""
    licence_url: str
    """Its text."""


@dataclass(frozen=True, kw_only=True)
class Companion:
    """A real slide that ships beside the sample, copied as it is."""

    file: str
    """Inside the data folder."""
    attribution: str
    """Source, licence and why it is there, in Markdown."""


@dataclass(frozen=True, kw_only=True)
class SampleConfig:
    """How the sample slide is laid out and written."""

    columns: int = 4
    """Fields in a row."""
    gap_px: int = 192
    """Glass around each field in pixels."""
    levels: int = 4
    """Levels of the pyramid, each half of the one before."""
    whole_px: int = 1
    """The slide's width and height are a multiple of this, so that whole tiles cover it."""
    jpeg_quality: int = 88
    """Quality of the JPEG tiles, 1 to 100."""
    seed: int = 0
    """Seed of the order of the fields."""
    companions: tuple[Companion, ...] = ()
    """Other slides to copy."""


@dataclass(frozen=True, kw_only=True)
class TileGeometry:
    """Size and resolution of the tiles that the encoder sees."""

    tile_px: int
    """Width and height in pixels."""
    mpp: float
    """Micrometres per pixel."""

    @property
    def label(self) -> str:
        """As tables show it."""
        return f"{self.tile_px} px at {self.mpp:.4g} um/px"


@dataclass(frozen=True, kw_only=True)
class ViewConfig:
    """Which views of a training field become features."""

    overlap: float = 0.5
    """Share of a tile's width that neighbours have in common, in training."""
    turns: int = 2
    """Views of each tile: the tile itself, and so many less one flipped or turned at random."""


@dataclass(frozen=True, kw_only=True)
class HeadConfig:
    """Shape of the head and how it is trained."""

    hidden_dim: int = 128
    """Length of the tile embedding."""
    attention_dim: int = 64
    """Width of the gate."""
    dropout: float = 0.25
    """Share dropped after the embedding and in the gate."""
    feature_dropout: float = 0.1
    """Share of the features dropped."""
    learning_rate: float = 3e-4
    """Step of Adam."""
    weight_decay: float = 1e-3
    """Decoupled decay of the weights."""
    epochs: int = 40
    """Most epochs."""
    patience: int = 10
    """Epochs without a better validation loss after which training stops."""
    bags_per_epoch: int = 64
    """Random bags an epoch."""
    bags_per_step: int = 8
    """Bags whose gradients make one step."""
    max_fields: int = 4
    """Most fields in one bag; their labels are united."""
    min_tiles: int = 5
    """Fewest tiles of a field in a bag."""
    max_tiles: int = 64
    """Most tiles of a field in a bag."""
    folds: int = 4
    """Folds of the cross-validation by slide."""
    seeds: int = 5
    """Seeds of the cross-validation."""


@dataclass(frozen=True, kw_only=True)
class ModelText:
    """What the model's card says apart from what was measured."""

    name: str
    """Identifier of the model."""
    version: str
    """Its version."""
    description: str
    """One sentence for the list of models."""
    head: str
    """Name of the head, without blanks."""
    head_label: str
    """The head as people read it."""
    domain: str
    """Stain, organ and resolution it was trained on."""
    licence: str
    """Licence of the head's weights; the encoder has its own."""
    intended_use: str
    """What it is for."""
    limits: str
    """What it may not be used for, and what nobody tested."""
    organs: tuple[str, ...] = ()
    """Organs or tissues that it learned from, in lower case, for programs to compare."""
    stains: tuple[str, ...] = ()
    """Stains that it learned from, for programs to compare."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One training run."""

    name: str
    """Identifier."""
    table: str
    """Table of the cohort, inside the data folder."""
    split: str
    """File of the held-out slides, beside the recipe."""
    mpp: float
    """Micrometres per pixel of the fields."""
    classes: tuple[TissueClass, ...]
    """Classes, in the order of the head's outputs."""
    source: Source
    """Where the cohort comes from."""
    tiles: TileGeometry
    """Tiles of the model."""
    model: ModelText
    """Name and words of the model."""
    compared_tiles: tuple[TileGeometry, ...] = ()
    """Geometries to compare by cross-validation."""
    views: ViewConfig = ViewConfig()
    """Views in training."""
    head: HeadConfig = HeadConfig()
    """The head."""
    sample: SampleConfig = SampleConfig()
    """The sample slide."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the cohort, in the order of the classes."""
        return tuple(tissue.label for tissue in self.classes)


def read_recipe(path: Path) -> Recipe:
    """Read a recipe.

    Parameters
    ----------
    path : Path
        The TOML file; its split file lies beside it.

    Raises
    ------
    RecipeError
        If the file is missing or not TOML, or an entry is missing, unknown or of a wrong type.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecipeError(
            f"The recipe {path} cannot be read: {error}.",
            advice="Give a TOML file with --recipe; those of a checkout are in training/recipes.",
        ) from error
    return build(Recipe, content, path.name)


def build(kind: type[Value], content: Any, where: str) -> Value:
    """Turn a TOML table into a dataclass, refusing what does not fit.

    Parameters
    ----------
    kind : type
        A dataclass whose fields are numbers, strings, dataclasses, or tuples of these.
    content : dict
        The table.
    where : str
        Name of the table, for messages.

    Raises
    ------
    RecipeError
        If an entry is missing, unknown or of a wrong type.
    """
    if not isinstance(content, dict):
        raise RecipeError(
            f"{where}: a table is needed, not {content!r}.", advice="See the recipes that exist."
        )
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(content) - set(known))
    if unknown:
        raise RecipeError(
            f"{where}: there is no entry {unknown[0]!r}.", advice=f"Known are {', '.join(known)}."
        )
    missing = [n for n, f in known.items() if n not in content and f.default is f.default_factory is MISSING]
    if missing:
        raise RecipeError(f"{where}: the entry {missing[0]!r} is missing.", advice="Add it.")
    hints = get_type_hints(kind)
    return kind(**{name: _convert(hints[name], content[name], f"{where}, {name}") for name in content})


def _convert(hint: Any, value: Any, where: str) -> Any:
    if is_dataclass(hint) and isinstance(hint, type):
        return build(hint, value, where)
    if get_origin(hint) is tuple:
        items = get_args(hint)
        if not isinstance(value, list) or (items[-1] is not Ellipsis and len(value) != len(items)):
            wanted = "a list" if items[-1] is Ellipsis else f"a list of {len(items)}"
            raise RecipeError(f"{where}: {wanted} is needed, not {value!r}.", advice="Correct the recipe.")
        return tuple(
            _convert(items[0], item, f"{where} {number}") for number, item in enumerate(value, start=1)
        )
    if get_origin(hint) in (Union, UnionType):
        return _convert(next(option for option in get_args(hint) if option is not type(None)), value, where)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise RecipeError(
                f"{where}: {value!r} is unknown.", advice=f"Known are {', '.join(map(str, get_args(hint)))}."
            )
        return value
    allowed = (int, float) if hint is float else (hint,)
    if not isinstance(value, allowed) or (isinstance(value, bool) and hint is not bool):
        raise RecipeError(f"{where}: {hint.__name__} is needed, not {value!r}.", advice="Correct the recipe.")
    return float(value) if hint is float else value

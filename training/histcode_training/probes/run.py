"""Probe every encoder on every part, on the same tiles and the same draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from histcode_training.probes.encoders import JudgedEncoder
from histcode_training.probes.figures import Figure, class_figures, correlation_figures
from histcode_training.probes.health import Purity, effective_rank, slide_purity
from histcode_training.probes.linear import predict_classes, predict_quantities
from histcode_training.probes.material import ClassTiles, Sources, SpotTiles
from histcode_training.probes.recipe import ProbeRecipe
from histcode_training.threads import one_thread
from napari_histcode.comparison.resampling import blocks_at, draws_of
from napari_histcode.models.card import EncoderRecord

Say = Callable[[str], None]
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One probe of one encoder on one part of the material."""

    probe: str
    """The probe, as the recipe names it."""
    name: str
    """What was tested: "held out", or folds over all."""
    is_deciding: bool
    """Whether it is the held-out part, from which nothing learned."""
    main: str
    """Name of the figure that counts."""
    units: str
    """What the bootstrap draws, with their number."""
    tested: str
    """What was tested, with its number: "892 tiles"."""
    penalties: tuple[float, ...]
    """Chosen penalty of each fit."""
    figures: dict[str, Figure]
    """By name."""


@dataclass(frozen=True, kw_only=True)
class Health:
    """What an encoder's features look like."""

    effective_rank: dict[str, float]
    """Probe to effective rank of the features of all its tiles."""
    purity: Purity | None
    """Slide purity on the fields; None without fields."""


@dataclass(frozen=True, kw_only=True, eq=False)
class EncoderResult:
    """Everything that was measured of one encoder."""

    name: str
    """As tables show it."""
    record: EncoderRecord
    """What it is, with its digest."""
    parts: tuple[Part, ...]
    """All probes, in the order of the recipe."""
    health: Health
    """Of its features."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbeResults:
    """The whole judgement."""

    encoders: tuple[EncoderResult, ...]
    """The reference first."""
    seed: int
    """Of the draws and of the untrained twin."""

    @property
    def reference(self) -> EncoderResult:
        """The encoder that others are compared with."""
        return self.encoders[0]


def run_probes(
    sources: Sources,
    recipe: ProbeRecipe,
    encoders: Sequence[JudgedEncoder],
    *,
    cache: Path | None = None,
    seed: int = 0,
    say: Say,
) -> ProbeResults:
    """Judge encoders.

    Parameters
    ----------
    sources : Sources
        What is probed.
    recipe : ProbeRecipe
        How.
    encoders : sequence of JudgedEncoder
        The first is the reference.
    cache : Path, optional
        Folder where features are kept from run to run, by the encoder's digest.
    seed : int
        Of the draws.
    say : callable
        Told what is being done.

    Raises
    ------
    HistCodeError
        If tiles cannot be read, or a part lacks a class.
    """
    found = []
    for one in encoders:
        say(f"{one.name}: encoding and probing")
        found.append(_judge(sources, recipe, one, cache=cache, seed=seed))
        for part in found[-1].parts:
            say(f"  {part.probe}, {part.name}: {part.main} {part.figures[part.main].estimate}")
    return ProbeResults(encoders=tuple(found), seed=seed)


def _judge(
    sources: Sources, recipe: ProbeRecipe, judged: JudgedEncoder, *, cache: Path | None, seed: int
) -> EncoderResult:
    parts: list[Part] = []
    ranks: dict[str, float] = {}
    purity = None
    with one_thread():
        if sources.fields is not None:
            tiles = sources.fields.encode(judged.encoder, cache)
            name = sources.fields.config.name
            ranks[name] = effective_rank(tiles.features)
            purity = slide_purity(tiles.features, tiles.class_of, tiles.group_of, tiles.unit_of)
            parts += _field_parts(tiles, recipe, seed)
        if sources.groups is not None:
            tiles = sources.groups.encode(judged.encoder, cache)
            ranks[sources.groups.config.name] = effective_rank(tiles.features)
            parts.append(_group_part(tiles, recipe, seed))
        if sources.spots is not None:
            spots = sources.spots.encode(judged.encoder, cache)
            ranks[sources.spots.config.name] = effective_rank(np.concatenate(spots.features))
            parts += _spot_parts(spots, recipe, seed)
    return EncoderResult(
        name=judged.name,
        record=judged.encoder.record,
        parts=tuple(parts),
        health=Health(effective_rank=ranks, purity=purity),
    )


def _field_parts(tiles: ClassTiles, recipe: ProbeRecipe, seed: int) -> list[Part]:
    config = _known(recipe.fields)
    folds = np.unique(tiles.fold_of)
    rounds = [tiles.fold_of == fold for fold in folds]
    return [
        _class_part(
            tiles, recipe, [tiles.is_held_out], seed,
            probe=config.name, name="held-out slides", main="balanced accuracy", shown=config.shown,
            drawn=(tiles.unit_of, "fields"), is_deciding=True,
        ),
        _class_part(
            tiles, recipe, rounds, seed,
            probe=config.name, name=f"{len(folds)} folds over all slides", main="balanced accuracy",
            shown=config.shown, drawn=(tiles.group_of, "slides"), is_deciding=False,
        ),
    ]  # fmt: skip


def _group_part(tiles: ClassTiles, recipe: ProbeRecipe, seed: int) -> Part:
    config = _known(recipe.groups)
    return _class_part(
        tiles, recipe, [tiles.is_held_out], seed,
        probe=config.name, name="held-out groups", main="accuracy", shown=config.shown,
        drawn=(tiles.group_of, "groups"), is_deciding=True,
    )  # fmt: skip


def _class_part(
    tiles: ClassTiles,
    recipe: ProbeRecipe,
    rounds: Sequence[NDArray[np.bool_]],
    seed: int,
    *,
    probe: str,
    name: str,
    main: str,
    shown: Sequence[str],
    drawn: tuple[NDArray[np.intp], str],
    is_deciding: bool,
) -> Part:
    """Learn from what a round does not test, predict what it tests, and measure all rounds together."""
    rows, parts, fold_of, penalties = [], [], [], []
    for number, is_test in enumerate(rounds):
        learn = ~is_test
        found = predict_classes(
            tiles.features[learn], tiles.class_of[learn], tiles.group_of[learn].tolist(),
            tiles.features[is_test], recipe.linear,
        )  # fmt: skip
        rows.append(np.flatnonzero(is_test))
        parts.append(found.values)
        fold_of.append(np.full(len(found.values), number, np.intp))
        penalties.append(found.penalty)
    chosen = np.concatenate(rows)
    unit_of, units = drawn
    _, drawn_of = np.unique(unit_of[chosen], return_inverse=True)
    draws = draws_of(drawn_of, n_resamples=recipe.n_resamples, seed=seed)
    return Part(
        probe=probe,
        name=name,
        is_deciding=is_deciding,
        main=main,
        units=f"{draws.n_blocks} {units}",
        tested=f"{len(chosen)} tiles",
        penalties=tuple(penalties),
        figures=class_figures(
            np.concatenate(parts), tiles.class_of[chosen], np.concatenate(fold_of), draws, shown
        ),
    )


def _spot_parts(spots: SpotTiles, recipe: ProbeRecipe, seed: int) -> list[Part]:
    config = _known(recipe.spots)
    one = [number for number, cells in enumerate(spots.cells) if cells.section.name == config.held_out]
    every = list(range(len(spots.cells)))
    return [
        _spot_part(spots, recipe, one, seed, name=f"held-out section {config.held_out}", is_deciding=True),
        _spot_part(spots, recipe, every, seed, name="each section held out once", is_deciding=False),
    ]


def _spot_part(
    spots: SpotTiles, recipe: ProbeRecipe, tested: Sequence[int], seed: int, *, name: str, is_deciding: bool
) -> Part:
    config = _known(recipe.spots)
    predicted, penalties, draws = [], [], []
    for k in tested:
        rest = [j for j in range(len(spots.cells)) if j != k]
        found = predict_quantities(
            [spots.features[j] for j in rest], [spots.cells[j].values for j in rest], spots.features[k],
            recipe.linear,
        )  # fmt: skip
        predicted.append(found.values)
        penalties.append(found.penalty)
        blocks = blocks_at(spots.cells[k].section.xy_um, config.block_um)
        draws.append(draws_of(blocks, n_resamples=recipe.n_resamples, seed=seed + k))
    measured = [spots.cells[k].values for k in tested]
    return Part(
        probe=config.name,
        name=name,
        is_deciding=is_deciding,
        main="mean Pearson",
        units=f"{sum(one.n_blocks for one in draws)} blocks of {config.block_um:g} um",
        tested=f"{sum(len(one) for one in measured)} spots",
        penalties=tuple(penalties),
        figures=correlation_figures(predicted, measured, draws, spots.cells[0].names),
    )


def _known(config: Value | None) -> Value:
    """Return a probe's configuration; only called where its source was read."""
    if config is None:
        raise ValueError("This probe is not in the recipe.")
    return config

"""How faithful are the maps? Tiles are taken away by a map's ranking, and the head is asked again.

If a map says which tiles made the prediction, the prediction falls at once when its most relevant tiles go
(MoRF), and holds for long when its least relevant ones go (LeRF). The area between the two curves, the
symmetric relevance gain SRG = AUPC_LeRF - AUPC_MoRF, is 0 for a random ranking (arXiv 2401.06654; for bags of
tiles: xMIL, NeurIPS 2024, arXiv 2406.04280). Features are taken away, never pixels. No annotations are
needed: it is the model that is asked, not the pathologist.

The end of both curves is the empty bag, of which a head says its bias. (xMIL shows the head one tile of zero
features instead; the last point belongs to both curves, so that SRG is the same.)
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from napari_histcode.models.activation import activate
from napari_histcode.models.card import Activation
from napari_histcode.progress import CancelToken, Progress, ProgressCallback, ignore_progress
from napari_histcode.scores.explanation import BagExplanation, ExplainedHead
from napari_histcode.scores.faithfulness_config import FaithfulnessConfig
from napari_histcode.scores.faithfulness_curve import FaithfulnessCurve
from napari_histcode.scores.maps import effective_number
from napari_histcode.scores.random_orders import RandomOrders, draw_random_orders
from napari_histcode.scores.rank_orders import rank_orders
from napari_histcode.scores.score import maps_of, predictions_of
from napari_histcode.scores.scores import MapKind, TileMap
from napari_histcode.scores.subsets import AskNested, Record, ask_sums, make_cuts
from napari_histcode.slide.record import SlideRecord


@dataclass(frozen=True, kw_only=True, eq=False)
class MapFaithfulness:
    """How faithful one map is to one output."""

    name: str
    """Name of the map."""
    label: str
    """The map as shown."""
    kind: MapKind
    """What the map shows."""
    curve: FaithfulnessCurve
    """Deletion and insertion, with their areas and the SRG."""
    sufficiency: tuple[float, ...]
    """Recorded output with only the most relevant tiles, for each share of the configuration."""
    necessity: tuple[float, ...]
    """Recorded output without the most relevant tiles, for each share of the configuration."""
    p: float
    """Share of random rankings whose SRG is at least as great; never 0."""
    n_orders: int = 1
    """Orders whose curves were averaged; above 1 where ties had to be broken."""

    @property
    def srg(self) -> float:
        """Symmetric relevance gain."""
        return self.curve.srg


@dataclass(frozen=True, kw_only=True, eq=False)
class OutputFaithfulness:
    """How faithful the maps of one output are on one slide."""

    head: str
    """Name of the head."""
    output: str
    """Name of the class or gene."""
    label: str
    """The class or gene as shown."""
    quantity: str
    """What is recorded: "probability", "log-odds", "log2 fold change" ..."""
    value: float
    """Recorded output of all tiles: where every curve begins."""
    empty: float
    """Recorded output of no tile, the head's bias: where every curve ends."""
    is_flagged: bool
    """Whether the head does not predict the class (probability at most 1/2): its maps then explain a "no"."""
    maps: tuple[MapFaithfulness, ...]
    """One a map."""
    random: RandomOrders
    """What rankings by chance do."""
    effective_tiles: float
    """Effective number of tiles that share the attention."""

    def map(self, kind: MapKind) -> MapFaithfulness:
        """Return the map of that kind; ``KeyError`` if there is none."""
        for one in self.maps:
            if one.kind == kind:
                return one
        raise KeyError(kind)


@dataclass(frozen=True, kw_only=True, eq=False)
class Faithfulness:
    """How faithful the maps of a slide are."""

    slide: SlideRecord
    """The slide."""
    n_tiles: int
    """Its tiles."""
    outputs: tuple[OutputFaithfulness, ...]
    """One an output that was asked for."""
    model_name: str
    """Name of the model."""
    model_version: str
    """Its version."""
    model_digest: str
    """SHA-256 of its weights file."""
    config: FaithfulnessConfig
    """How it was measured."""

    def output(self, head: str, output: str) -> OutputFaithfulness:
        """Return one output's part; ``KeyError`` if it was not measured."""
        for one in self.outputs:
            if (one.head, one.output) == (head, output):
                return one
        raise KeyError(f"{head}.{output}")


def measure_faithfulness(
    explanation: BagExplanation,
    config: FaithfulnessConfig | None = None,
    *,
    heads: Collection[str] | None = None,
    outputs: Collection[str] | None = None,
    further: Sequence[TileMap] = (),
    progress: ProgressCallback = ignore_progress,
    cancel: CancelToken | None = None,
) -> Faithfulness:
    """Measure how faithful every map is to its output.

    Parameters
    ----------
    explanation : BagExplanation
        From `explain_bag`; at least one tile.
    config : FaithfulnessConfig, optional
        How to measure.
    heads, outputs : collection of str, optional
        Names of the heads and of the outputs to look at; all of them if not given.
    further : sequence of TileMap
        Maps beside the exact ones, such as integrated gradients; each counts for its own head and output.
    progress : callable
        Called with a `Progress` after every output.
    cancel : CancelToken, optional
        Stops before the next output.

    Raises
    ------
    ValueError
        If there is no tile, or a map has not one finite value a tile.
    """
    config, cancel = config or FaithfulnessConfig(), cancel or CancelToken()
    if not len(explanation):
        raise ValueError("A bag without tiles has no faithfulness.")
    chosen = {
        head.name: [
            column
            for column, output in enumerate(head.record.outputs)
            if (heads is None or head.name in heads) and (outputs is None or output.name in outputs)
        ]
        for head in explanation.heads
    }
    total = sum(len(columns) for columns in chosen.values())
    measured: list[OutputFaithfulness] = []
    for head in explanation.heads:
        for one in _measure_head(head, chosen[head.name], config, further, cancel):
            measured.append(one)
            progress(
                Progress(stage="measuring faithfulness", done=len(measured), total=total, unit="outputs")
            )
    return Faithfulness(
        slide=explanation.grid.slide,
        n_tiles=len(explanation),
        outputs=tuple(measured),
        model_name=explanation.model_name,
        model_version=explanation.model_version,
        model_digest=explanation.model_digest,
        config=config,
    )


def measure_map(
    tile_map: TileMap, ask: AskNested, record: Record, random: RandomOrders, config: FaithfulnessConfig
) -> MapFaithfulness:
    """Measure one map, whatever the head is that is asked.

    Parameters
    ----------
    tile_map : TileMap
        One finite value a tile; the highest is the most relevant.
    ask : callable
        `ask_sums` of a head that is linear after its attention, or `ask_again` of any other.
    record : callable
        From the raw outputs that ``ask`` gives to the recorded quantity.
    random : RandomOrders
        What rankings by chance do.
    config : FaithfulnessConfig
        How to measure.
    """
    n_tiles = len(tile_map.values)
    cuts = make_cuts(n_tiles, config.n_steps, config.top_shares)
    orders = rank_orders(tile_map, cuts, n_draws=config.n_tie_draws, seed=config.seed)
    found = ask(orders, cuts)
    curve = FaithfulnessCurve(
        share=cuts / n_tiles,
        most_first=record(found.rest).mean(axis=0),
        least_first=record(found.first).mean(axis=0)[::-1].copy(),
    )
    return MapFaithfulness(
        name=tile_map.name,
        label=tile_map.label,
        kind=tile_map.kind,
        curve=curve,
        sufficiency=tuple(curve.with_only(share) for share in config.top_shares),
        necessity=tuple(curve.without(share) for share in config.top_shares),
        p=random.p(curve.srg),
        n_orders=len(orders),
    )


def _measure_head(
    head: ExplainedHead,
    columns: Sequence[int],
    config: FaithfulnessConfig,
    further: Sequence[TileMap],
    cancel: CancelToken,
) -> Iterator[OutputFaithfulness]:
    """Measure outputs of one head; random orders are drawn once for all of them."""
    if not columns:
        return
    cancel.raise_if_cancelled()
    activation = "identity" if config.quantity == "raw" else head.record.activation
    is_coupled = activation == "softmax"  # then one output's probability takes all outputs
    places = columns if is_coupled else range(len(columns))
    records = [partial(_recorded, activation=activation, place=place) for place in places]
    every = ask_sums(head.parts, None if is_coupled else columns)
    band = draw_random_orders(every, records, len(head.parts.attention), config)
    for column, record, random in zip(columns, records, band, strict=True):
        cancel.raise_if_cancelled()
        ask = every if is_coupled else ask_sums(head.parts, [column])
        alone = record if is_coupled else partial(_recorded, activation=activation, place=0)
        yield _measure_output(head, column, config, further, ask, alone, random)


def _measure_output(
    head: ExplainedHead,
    column: int,
    config: FaithfulnessConfig,
    further: Sequence[TileMap],
    ask: AskNested,
    record: Record,
    random: RandomOrders,
) -> OutputFaithfulness:
    output, prediction = head.record.outputs[column], list(predictions_of(head))[column]
    own = {f"{head.name}.attention", *(f"{head.name}.{output.name}.{kind}" for kind in _EXACT_KINDS)}
    maps = [*maps_of(head, own), *(m for m in further if (m.head, m.output) == (head.name, output.name))]
    n_tiles = len(head.parts.attention)
    for tile_map in maps:
        if len(tile_map.values) != n_tiles:
            raise ValueError(f"Map {tile_map.name!r} has {len(tile_map.values)} values for {n_tiles} tiles.")
    measured = tuple(measure_map(tile_map, ask, record, random, config) for tile_map in maps)
    is_raw = config.quantity == "raw"
    return OutputFaithfulness(
        head=head.name,
        output=output.name,
        label=output.label,
        quantity=output.quantity if is_raw else prediction.quantity,
        value=prediction.raw if is_raw else prediction.value,
        empty=float(measured[0].curve.most_first[-1]),
        is_flagged=head.record.activation != "identity" and prediction.value <= 0.5,
        maps=measured,
        random=random,
        effective_tiles=effective_number(head.parts.attention),
    )


def _recorded(outputs: NDArray[np.float64], *, activation: Activation, place: int) -> NDArray[np.float64]:
    return np.asarray(activate(outputs, activation)[..., place])


_EXACT_KINDS: tuple[MapKind, ...] = ("single_tile", "contribution", "leave_one_out")

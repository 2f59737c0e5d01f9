"""A judgement of encoders as a page of Markdown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from histcode_training.probes.figures import Figure, is_outside
from histcode_training.probes.recipe import ProbeRecipe
from histcode_training.probes.run import Part, ProbeResults

TITLE = "Encoders under frozen linear probes"


def probes_page(results: ProbeResults, recipe: ProbeRecipe, *, command: str) -> str:
    """Write all results.

    Parameters
    ----------
    results : ProbeResults
        What was measured.
    recipe : ProbeRecipe
        How.
    command : str
        The command line that made it.
    """
    sections = [
        f"# {TITLE}",
        f"Made by\n\n    {command}",
        _protocol(results, recipe),
        f"## In short, on what was held out\n\n{summary_table(results)}",
        *(_probe(results, number) for number in range(len(results.reference.parts))),
        _health(results),
        _encoders(results),
    ]
    return "\n\n".join(sections) + "\n"


def _protocol(results: ProbeResults, recipe: ProbeRecipe) -> str:
    notes = "".join(f"\n- {' '.join(note.split())}" for note in recipe.notes)
    linear = recipe.linear
    return f"""What is an encoder worth to somebody who only puts a linear layer on it? Its weights stay as
they are; the same tiles, {recipe.tiles.label}, go through every encoder.

- **Probes.** Features standardised by the part that is learned from; logistic regression for classes, which
  weigh the same, and ridge regression for proportions. The penalty is chosen inside that part, by
  {linear.inner_folds} folds by slide or group, or by predicting each section from the others; the same list
  of penalties and the same procedure for every encoder.
- **Intervals** are 95 %, from drawing what the tables name {recipe.n_resamples} times with replacement. The
  difference to {results.reference.name} is taken on the same draws: a difference whose interval holds no 0 is
  in bold. They say what other tiles of the kind might give, not what probes learned from other tiles would.
- **Baselines.** The network with random weights, and six numbers a tile: mean and standard deviation of each
  colour.{notes}"""


def summary_table(results: ProbeResults) -> str:
    """Return the table of what was held out: every encoder's main figures, and how they differ."""
    parts = [number for number, part in enumerate(results.reference.parts) if part.is_deciding]
    header = ["encoder"]
    for number in parts:
        part = results.reference.parts[number]
        header += [f"{part.probe}, {part.main}", "difference"]
    rows = []
    for one in results.encoders:
        row = [one.name]
        for number in parts:
            own, other = one.parts[number], results.reference.parts[number]
            row += [_cell(own), "" if one is results.reference else _difference(own, other, own.main)]
        rows.append(row)
    return _table(header, rows)


def _probe(results: ProbeResults, number: int) -> str:
    part = results.reference.parts[number]
    others = [name for name in part.figures if name != part.main]
    rows = []
    for one in results.encoders:
        own = one.parts[number]
        difference = "" if one is results.reference else _difference(own, part, own.main)
        rest = [str(own.figures[name].estimate) for name in others]
        rows.append([one.name, _cell(own), difference, *rest, ", ".join(f"{p:g}" for p in own.penalties)])
    title = f"{part.probe}: {part.name}"
    table = _table(["encoder", part.main, f"less {results.reference.name}'s", *others, "penalty"], rows)
    return (
        f"## {title[0].upper()}{title[1:]}\n\n{table}\n\n"
        f"{part.tested} are tested; intervals from drawing {part.units}."
    )


def _health(results: ProbeResults) -> str:
    probes = list(results.reference.health.effective_rank)
    has_purity = results.reference.health.purity is not None
    header = ["encoder", "length", *(f"effective rank, {name}" for name in probes)]
    header += ["slide purity", "by chance"] if has_purity else []
    rows = []
    for one in results.encoders:
        ranks = [f"{one.health.effective_rank[name]:.1f}" for name in probes]
        row = [one.name, one.record.feature_dim, *ranks]
        if one.health.purity is not None:
            row += [_number(one.health.purity.value), _number(one.health.purity.chance)]
        rows.append(row)
    text = "Effective rank: how many directions carry the features; a collapsed encoder has about one."
    purity = results.reference.health.purity
    if purity is not None:
        text += (
            " Slide purity is the share of tiles whose nearest tile of their class in another field is of "
            "the same slide: where it is far above chance, features remember stain and scanner. "
            f"{purity.n_tiles} tiles have such neighbours in their slide and in others."
        )
    return f"## Feature health\n\n{_table(header, rows)}\n\n{text}"


def _encoders(results: ProbeResults) -> str:
    rows = [(one.name, one.record.name, one.record.digest[:16]) for one in results.encoders]
    return f"## Encoders\n\n{_table(['encoder', 'weights', 'digest'], rows)}"


def _cell(part: Part) -> str:
    return str(part.figures[part.main].estimate)


def _difference(own: Part, other: Part, name: str) -> str:
    figure: Figure = own.figures[name]
    estimate = figure.less(other.figures[name])
    if not estimate.is_defined:
        return str(estimate)
    text = f"{estimate.value:+.3f}"
    if math.isfinite(estimate.low):
        text += f" [{estimate.low:+.3f}, {estimate.high:+.3f}]"
    return f"**{text}**" if is_outside(estimate) else text


def _number(value: float) -> str:
    return f"{value:.3f}" if math.isfinite(value) else ""


def _table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(str(cell) for cell in line)} |" for line in lines)

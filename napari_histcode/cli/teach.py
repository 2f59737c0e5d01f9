"""``histcode teach``: from regions of two or more classes to a head in a model folder."""

from __future__ import annotations

import argparse

from napari_histcode.cli.main import RESEARCH_USE
from napari_histcode.cli.progress_bar import ProgressBar
from napari_histcode.cli.result_inputs import read_regions, require_bag
from napari_histcode.export.provenance import provenance_of
from napari_histcode.export.read_result import read_analysis, read_overview
from napari_histcode.export.tile_map import export_tile_map
from napari_histcode.models.model_file import load_model
from napari_histcode.scores.scores import SlideScores
from napari_histcode.teaching.marks import marks_of_regions
from napari_histcode.teaching.save import results, save_taught, training_data
from napari_histcode.teaching.scaling import measure_scaling
from napari_histcode.teaching.teach import Taught, teach
from napari_histcode.teaching.uncertain import margins, most_uncertain


def run_teach(options: argparse.Namespace) -> int:
    """Teach, say how good it is, and write what was asked for."""
    scores = read_analysis(options.result)
    bag = require_bag(options.result, scores)
    regions = read_regions(options.annotations, scores, slide_path=options.slide, origin=options.origin)
    marks = marks_of_regions(bag.grid, regions.areas, options.classes)
    scaling = measure_scaling(bag.features, name=bag.grid.slide.alias)
    with ProgressBar(scores.grid.slide.alias) as bar:
        taught = teach(bag, marks, strength=options.strength, scaling=scaling, progress=bar)
    print(taught_text(taught))
    if options.next:
        print(
            next_text(taught, [int(tile) for tile in most_uncertain(taught, options.next, scaling=scaling)])
        )
    if options.maps is not None:
        _write_maps(taught, scores, options)
    if options.out is not None:
        model = load_model(options.model or scores.model_name)
        card = save_taught(taught, model, options.out, name=options.name, with_heads=not options.only)
        print(f"\nModel {card.name}: {options.out}")
    return 0


def taught_text(taught: Taught) -> str:
    """Describe what was learned, and what to expect of it, in a few lines."""
    marks, quality = taught.marks, taught.learned.quality
    lines = [training_data(taught)]
    lines += [
        f"  {name:<20} {n:>6} tiles in {marks.group_counts[name]} separate places"
        for name, n in marks.counts.items()
    ]
    lines.append(f"  strength of the regularisation {taught.learned.strength:g}")
    if quality.is_defined:
        lines.append(
            f"  cross-validated over {quality.n_groups} places in {quality.n_folds} folds (95 % interval)"
        )
        lines += [f"    AUROC {name:<18} {estimate}" for name, estimate in quality.auroc.items()]
        lines.append(f"    balanced accuracy        {quality.balanced_accuracy}")
    lines += [f"  {note}" for note in taught.learned.notes]
    return "\n".join([*lines, f"  {RESEARCH_USE}"])


def next_text(taught: Taught, tiles: list[int]) -> str:
    """List the tiles to mark next: centre in level-0 pixels and the two likeliest classes."""
    if not tiles:
        return "\nEvery tile has a mark: there is none to mark next."
    margin = margins(taught.probabilities)
    lines = ["\nMost uncertain tiles, to mark next (centre in level-0 pixels)"]
    for tile in tiles:
        x, y = taught.bag.grid.centre_px0[tile]
        order = taught.probabilities[tile].argsort()[::-1]
        first, second = (taught.marks.classes[c] for c in order[:2])
        lines.append(f"  {x:>8.0f} {y:>8.0f}   {first} or {second} (margin {margin[tile]:.2f})")
    return "\n".join(lines)


def _write_maps(taught: Taught, scores: SlideScores, options: argparse.Namespace) -> None:
    provenance = {**provenance_of(scores), "taught": results(taught)}
    overview = read_overview(options.result)
    for tile_map in taught.maps:
        for path in export_tile_map(
            scores, tile_map, overview, options.maps, provenance=provenance, limits=(0.0, 1.0)
        ):
            print(path)

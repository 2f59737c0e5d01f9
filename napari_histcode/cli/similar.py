"""``histcode similar``: tiles that look alike, on a slide or in a folder of results."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_histcode.cli.main import fail
from napari_histcode.cli.progress_bar import ProgressBar
from napari_histcode.cli.result_inputs import open_slide_of, read_regions, require_bag
from napari_histcode.cli.similar_options import INDEX_WORD
from napari_histcode.errors import HistCodeError
from napari_histcode.export.provenance import provenance_of
from napari_histcode.export.read_result import read_analysis, read_overview
from napari_histcode.export.similar_tiles import export_contact_sheet, export_hits
from napari_histcode.export.tile_map import export_tile_map
from napari_histcode.features.bag import FeatureBag
from napari_histcode.scores.scores import SlideScores, TileMap
from napari_histcode.similarity.feature_space import make_space
from napari_histcode.similarity.hit import Hit
from napari_histcode.similarity.index import open_index
from napari_histcode.similarity.index_build import update_index
from napari_histcode.similarity.manifest import INDEX_FOLDER, MANIFEST_FILE
from napari_histcode.similarity.query import TileQuery, query_tiles, tile_under, tiles_of_region
from napari_histcode.similarity.search import search
from napari_histcode.similarity.sources import find_feature_files
from napari_histcode.similarity.within import rank_within, similarity_map
from napari_histcode.tiling.lookup import with_neighbours
from napari_histcode.tiling.read import read_footprint

HITS_FILE = "similar.csv"
SHEET_FILE = "similar.png"

_SHOWN = 20


def run_similar(options: argparse.Namespace) -> int:
    """Build an index, or search."""
    if options.result == INDEX_WORD and options.folder is not None:
        return _build(options.folder)
    if options.folder is not None:
        raise HistCodeError(
            f"{options.folder} is one folder too many.",
            advice="To build an index: histcode similar index FOLDER",
        )
    if not options.tile and options.region is None:
        raise HistCodeError("There is nothing to search for.", advice="Give --tile X,Y or --region FILE.")
    result = Path(options.result)
    scores = read_analysis(result)
    bag = require_bag(result, scores)
    with ProgressBar(scores.grid.slide.alias) as bar:
        space = make_space(bag, centring=options.centring, progress=bar)
    query = query_tiles(space, _tiles(bag, scores, options))
    found = similarity_map(space, query)
    if options.index is not None:
        hits = _search_index(bag, query, options)
    else:
        hits = rank_within(space, query, found.values, top=options.top, is_apart=options.apart)
    print(hits_text(hits))
    if options.out is not None:
        _write(scores, found, hits, query, options)
    return 0


def _build(folder: Path) -> int:
    with ProgressBar("index") as bar:
        update = update_index(folder / INDEX_FOLDER, find_feature_files(folder), progress=bar)
    n_slides = len(update.index.parts)
    print(f"{len(update.index):,} tiles of {n_slides} slides: {folder / INDEX_FOLDER}")
    print(f"  {len(update.added)} added, {len(update.kept)} kept, {len(update.dropped)} dropped")
    for path, error in update.refused:
        print(f"\n{path.parent} was left out:", file=sys.stderr)
        fail(error)
    return 1 if update.refused else 0


def _tiles(bag: FeatureBag, scores: SlideScores, options: argparse.Namespace) -> NDArray[np.intp]:
    tiles = [tile_under(bag.grid, point) for point in options.tile or ()]
    if options.region is not None:
        regions = read_regions(options.region, scores)
        tiles.extend(tiles_of_region(bag.grid, [area.geometry for area in regions.areas]))
    return np.unique(np.asarray(tiles, np.intp))


def _search_index(bag: FeatureBag, query: TileQuery, options: argparse.Namespace) -> tuple[Hit, ...]:
    folder = options.index
    index = open_index(folder if (folder / MANIFEST_FILE).is_file() else folder / INDEX_FOLDER)
    own = with_neighbours(bag.grid, query.tiles) if options.apart else query.tiles
    return search(
        index,
        index.query(bag, query.tiles),
        top=options.top,
        leave_out=index.positions(bag, own),
        is_apart=options.apart,
    )


def hits_text(hits: Sequence[Hit]) -> str:
    """Lay out the first hits in aligned lines."""
    lines = [f"{'rank':>4}  similarity  {'slide':<15}  {'x':>8}  {'y':>8}"]
    lines += [
        f"{hit.rank:>4}  {hit.similarity:>10.3f}  {hit.alias:<15}  {x:>8.0f}  {y:>8.0f}"
        for hit in hits[:_SHOWN]
        for x, y in [hit.xy_px0]
    ]
    if len(hits) > _SHOWN:
        lines.append(f"      and {len(hits) - _SHOWN} more")
    return "\n".join(lines)


def _write(
    scores: SlideScores,
    found: TileMap,
    hits: Sequence[Hit],
    query: TileQuery,
    options: argparse.Namespace,
) -> None:
    provenance: dict[str, Any] = {
        **provenance_of(scores),
        "similarity": {
            "query_places": scores.grid.index[query.tiles].tolist(),
            "searched": "index" if options.index is not None else "slide",
            "centring": options.centring,
            "top": options.top,
            "apart": options.apart,
        },
    }
    written = [export_hits(hits, options.out / HITS_FILE, provenance=provenance)]
    written += export_tile_map(
        scores, found, read_overview(Path(options.result)), options.out, provenance=provenance
    )
    if options.slide:
        pictures = _read_pictures(hits, scores, options.slide)
        title = f"{found.label} of {scores.grid.slide.alias}"
        sheet = options.out / SHEET_FILE
        written.append(export_contact_sheet(hits, pictures, sheet, title=title, provenance=provenance))
        if len(pictures) < len(hits):
            print(f"The slides of {len(hits) - len(pictures)} tiles were not given: no pictures of them.")
    for path in written:
        print(path)


def _read_pictures(
    hits: Sequence[Hit], scores: SlideScores, slides: Sequence[Path]
) -> dict[int, NDArray[np.uint8]]:
    """Read the found tiles of the slides at hand: rank to picture."""
    pictures = {}
    for path in slides:
        with open_slide_of(path, scores) as slide:
            for hit in hits:
                if hit.slide_digest == slide.record.digest:
                    pictures[hit.rank] = read_footprint(
                        slide, hit.xy_px0, hit.size_px0, scores.encoder.tile_px
                    )
    return pictures

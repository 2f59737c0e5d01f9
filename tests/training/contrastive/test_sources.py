from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from histcode_training.contrastive.feed import take
from histcode_training.contrastive.recipe import EncoderRecipe, read_encoder_recipe
from histcode_training.contrastive.sources.config import SourceConfig, TilesConfig
from histcode_training.contrastive.sources.items import check_held_out, find_items
from histcode_training.contrastive.sources.pool import TilePool, gather_pool
from histcode_training.errors import CohortError, RecipeError, SplitError
from histcode_training.recipe import RECIPES

from .material import SOURCE, TILES, tiny_recipe, with_source, write_tiles


def pool_of(recipe: EncoderRecipe, data: Path) -> TilePool:
    return gather_pool(recipe, data, data, data / "cache", say=lambda text: None)


@pytest.fixture
def tissue(tmp_path: Path) -> Path:
    """A field of tissue on glass, 256 px wide, in every layout there is."""
    random = np.random.default_rng(0)
    field = np.full((256, 256, 3), 244, np.uint8)
    field[40:240, 20:230] = np.clip(random.normal((190, 90, 160), 20, (200, 210, 3)), 0, 255)
    for folder in ("fields", "sections/A", "sections/B", "slides"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("fields/a.png", "fields/b.png", "slides/one.png"):
        Image.fromarray(field).save(tmp_path / file)
    for name in "AB":
        Image.fromarray(field).save(tmp_path / "sections" / name / "section.jpg")
    (tmp_path / "fields/fields.csv").write_text("file,slide\na.png,s1\nb.png,s1\n", encoding="utf-8")
    return tmp_path


def test_folder_of_tiles(tmp_path: Path) -> None:
    write_tiles(tmp_path)
    pool = pool_of(tiny_recipe(), tmp_path)
    assert len(pool) == 24
    assert pool.n_slides == 4
    assert np.bincount(pool.slide_of).tolist() == [6] * 4
    assert pool.extent_px.tolist() == [TILES.tile_px] * 24
    positions = np.array([23, 0, 7])
    for tile, name in zip(pool.read(positions), ("3-5", "0-0", "1-1"), strict=True):
        assert np.array_equal(tile, np.asarray(Image.open(tmp_path / f"{name}.png")))


def test_fields_sections_and_slides_are_cut_with_room(tissue: Path) -> None:
    tiles = TilesConfig(tile_px=32, mpp=2.0, read_px=48)
    common = {"kind": "fields", "licence": "CC0", "mpp": 1.0}
    sources = (
        SourceConfig(**common | {"name": "f", "table": "fields/fields.csv"}),
        SourceConfig(
            **common | {"name": "c", "kind": "sections", "folder": "sections", "sections": ("A", "B")},
            exclude=("B",),
        ),
        SourceConfig(**common | {"name": "s", "kind": "slides", "files": ("slides/*.png",)}, max_tiles=5),
    )
    pool = pool_of(replace(tiny_recipe(), source=sources, tiles=tiles), tissue)
    lengths = [len(part) for part in pool.parts]
    assert lengths == [18, 9, 5]  # 96 um in 256 um: three by three
    assert pool.n_slides == 3
    assert set(pool.extent_px.tolist()) == {48.0}
    assert pool.parts[0].shape[1:] == (48, 48, 3)


def test_tiles_are_cut_once_and_anew_when_damaged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write_tiles(tmp_path)
    first = pool_of(tiny_recipe(), tmp_path)
    (stored,) = (tmp_path / "cache").glob("*.tiles")
    made = stored.stat().st_mtime_ns
    assert pool_of(tiny_recipe(), tmp_path).digest == first.digest
    assert stored.stat().st_mtime_ns == made
    before = first.read(np.arange(24)).copy()
    stored.write_bytes(b"short")
    again = pool_of(tiny_recipe(), tmp_path)
    assert np.array_equal(again.read(np.arange(24)), before)
    assert "not whole" in caplog.text
    other = pool_of(replace(tiny_recipe(), tiles=replace(TILES, read_px=36)), tmp_path)
    assert other.digest != first.digest


def test_held_out_groups_are_not_learned_from(tmp_path: Path) -> None:
    write_tiles(tmp_path)
    (tmp_path / "split.toml").write_text('held_out = ["g1"]\n', encoding="utf-8")
    recipe = with_source(tiny_recipe(), split="split.toml", exclude=("g3",))
    assert len(pool_of(recipe, tmp_path)) == 12
    with pytest.raises(SplitError, match="no slide 'g9'"):
        pool_of(with_source(tiny_recipe(), exclude=("g9",)), tmp_path)


def test_a_held_out_slide_cannot_come_in_through_another_source(tissue: Path) -> None:
    guarded = SourceConfig(
        name="c",
        kind="sections",
        licence="CC0",
        folder="sections",
        sections=("A", "B"),
        exclude=("B",),
        mpp=1.0,
    )
    open_door = SourceConfig(
        name="s", kind="slides", licence="CC0", files=("sections/B/section.jpg",), mpp=1.0
    )
    items = [find_items(source, tissue, tissue) for source in (guarded, open_door)]
    with pytest.raises(SplitError, match="'section' of source 's' is held out by source 'c'"):
        check_held_out(items)
    check_held_out(items[:1])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"group": "patient"}, "no column 'patient'"),
        ({"table": "none.csv"}, "none.csv"),
        ({"exclude": ("g0", "g1", "g2", "g3")}, "no slide to learn from"),
    ],
)
def test_faulty_tables_are_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    write_tiles(tmp_path)
    with pytest.raises(CohortError, match=message):
        find_items(replace(SOURCE, **changes), tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("line", "message"),
    [("0-0.png,g0", "listed twice"), ("x.png,g0", "no file 'x.png'"), ("0-1.png,", "row 3, column 'group'")],
)
def test_faulty_rows_are_refused(tmp_path: Path, line: str, message: str) -> None:
    write_tiles(tmp_path)
    (tmp_path / "tiles.csv").write_text(f"file,group\n0-0.png,g0\n{line}\n", encoding="utf-8")
    with pytest.raises(CohortError, match=message):
        find_items(SOURCE, tmp_path, tmp_path)


def test_unreadable_pictures_and_empty_sources_are_refused(tmp_path: Path) -> None:
    write_tiles(tmp_path)
    (tmp_path / "1-2.png").write_bytes(b"no picture")
    with pytest.raises(CohortError, match=r"1-2.png cannot be read"):
        pool_of(tiny_recipe(), tmp_path)
    assert not list((tmp_path / "cache").glob("*"))
    Image.new("RGB", (256, 256), (244, 244, 244)).save(tmp_path / "glass.png")
    glass = SourceConfig(name="glass", kind="slides", licence="CC0", files=("glass.png",), mpp=1.0)
    with pytest.raises(CohortError, match="'glass' has no tile of 40 um"):
        pool_of(tiny_recipe(source=glass), tmp_path)
    with pytest.raises(CohortError, match="no file"):
        pool_of(tiny_recipe(source=replace(glass, files=("none.png",))), tmp_path)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "tiles"},
        {"kind": "fields", "table": "t.csv"},
        {"kind": "sections", "folder": "f", "mpp": 1.0},
        {"kind": "slides", "files": ("a",), "overlap": 1.0},
        {"kind": "slides", "files": ("a",), "mpp": -1.0},
        {"kind": "slides", "files": ("a",), "weight": 0.0},
    ],
)
def test_impossible_sources_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RecipeError, match="source 'x'"):
        SourceConfig(name="x", licence="CC0", **wrong)


def test_take_reads_over_the_borders_of_parts() -> None:
    whole = torch.arange(30).view(15, 2)
    positions = torch.tensor([14, 0, 4, 5, 9, 5])
    assert torch.equal(take(whole.split([5, 0, 4, 6]), positions), whole[positions])


def test_real_material_keeps_held_out_parts_out(shared_data: Path) -> None:
    recipe = read_encoder_recipe(RECIPES / "encoder_adco.toml")
    found = {source.name: find_items(source, shared_data, RECIPES) for source in recipe.source}
    check_held_out(list(found.values()))
    assert {item.name for item in found["her2st"].training} == {"C3", "C4", "C5"}
    assert len(found["osteosarcoma"].held_out) == 6
    assert len(found["lung"].held_out) == 147
    assert len(found["lung"].training) == 447

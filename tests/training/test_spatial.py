from __future__ import annotations

import gzip
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from histcode_training.cli import main
from histcode_training.errors import CohortError, RecipeError
from histcode_training.mil.config import TrainingConfig
from histcode_training.recipe import RECIPES
from histcode_training.spatial.combine import combine_arm, combine_outputs
from histcode_training.spatial.experiment import SpatialOptions, run_experiment
from histcode_training.spatial.folds import UNITS, ridge_map, run_fold
from histcode_training.spatial.measure import measure_maps, section_truth
from histcode_training.spatial.outputs import (
    Expression,
    Output,
    candidate_genes,
    choose_outputs,
    region_expression,
    spot_expression,
)
from histcode_training.spatial.page import spatial_page
from histcode_training.spatial.recipe import (
    OutputRule,
    RegionConfig,
    SpatialRecipe,
    quick,
    read_spatial_recipe,
)
from histcode_training.spatial.regions import draw_regions, neighbours_of
from histcode_training.spatial.section import Section, SectionFeatures, read_section
from napari_histcode.comparison.association import pearson
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import load_model, save_model
from tests.training.encoders import changed_imagenet_encoder

GENES = ("ERBB2", "TP53", "CD3D", "CD3E", "CD6", "MS4A1", "FILLER")
RULE = OutputRule(n_genes=2, min_detected=0.2, min_member_detected=0.05, signatures=("t_cells", "b_cells"))


def make_section(name="S1", *, side=12, seed=0) -> Section:
    """ERBB2 and T-cell genes fall from left to right in smooth waves; TP53 is flat."""
    random = np.random.default_rng(seed)
    column, row = (a.ravel() for a in np.meshgrid(np.arange(side), np.arange(side)))
    wave = np.sin(column / 2 + seed) + np.cos(row / 3)
    rates = np.stack([60 * np.exp(wave), np.full(len(wave), 20.0), *[8 * np.exp(-wave)] * 3,
                      np.full(len(wave), 0.01), np.full(len(wave), 900.0)], axis=1)  # fmt: skip
    array = np.stack([column, row], axis=1)
    return Section(
        name=name, image=None, mpp=1.0, spots=tuple(f"{c}x{r}" for c, r in array), array=array,
        xy_px0=array * 176.0, genes=GENES, counts=random.poisson(rates).astype(np.float32),
    )  # fmt: skip


def make_features(section: Section, *, seed=0) -> SectionFeatures:
    """Features that show the wave, in noise."""
    random = np.random.default_rng([seed, *section.name.encode()])
    wave = spot_expression(section, ["ERBB2"]).values[:, 0]
    plain = random.normal(0, 0.3, (len(section), 6)).astype(np.float32)
    plain[:, 0] += (wave - wave.mean()).astype(np.float32)
    return SectionFeatures(
        section=section, views=(plain, plain.copy()), haematoxylin=random.random(len(section))
    )


def make_recipe(**changes) -> SpatialRecipe:
    recipe = read_spatial_recipe(RECIPES / "her2st_genes.toml")
    training = TrainingConfig(hidden_dim=8, attention_dim=4, dropout=0.0, feature_dropout=0.0,
                              learning_rate=1e-2, epochs=30, patience=30, stop_by="correlation")  # fmt: skip
    return replace(
        recipe, sections=("S1", "S2", "S3"), model_held_out="S1", training=training, outputs=RULE, seeds=2,
        regions=RegionConfig(min_spots=6, max_spots=20, per_section=30, turns=1), n_resamples=50, n_shifts=59,
        compared_tiles=(), compared_regions=(), **changes,
    )  # fmt: skip


@pytest.fixture(scope="module")
def fold():
    features = {name: make_features(make_section(name, seed=k)) for k, name in enumerate(("S1", "S2", "S3"))}
    return features, run_fold(features, "S1", make_recipe())


def connected(array, region):
    near = neighbours_of(array[region])
    graph = csr_array((len(region), len(region)), dtype=int).tolil()
    for i, others in enumerate(near):
        graph[i, others] = 1
    return connected_components(graph.tocsr())[0] == 1


@pytest.mark.parametrize("kind", ["overlapping", "disjoint"])
def test_regions_are_connected_and_of_the_asked_size(kind):
    array = make_section().array
    config = RegionConfig(kind=kind, min_spots=5, max_spots=20, per_section=25)

    regions = draw_regions(array, config, np.random.default_rng(0))

    assert all(connected(array, region) for region in regions)
    assert max(map(len, regions)) <= 20
    if kind == "overlapping":
        assert len(regions) == 25
        assert min(map(len, regions)) >= 5
    else:
        np.testing.assert_array_equal(np.sort(np.concatenate(regions)), np.arange(len(array)))


def test_the_expression_of_a_region_is_that_of_its_counts_added_up():
    section = make_section()
    region = np.array([0, 5, 7])
    counts = section.counts[region].sum(axis=0)

    found = region_expression(section, [region], ["ERBB2", "ABSENT"])

    np.testing.assert_allclose(found.values, [[np.log1p(1e4 * counts[0] / counts.sum()), 0]])


def test_outputs_are_chosen_on_the_training_sections_and_signatures_name_what_is_missing():
    sections = [make_section(f"S{k}", seed=k) for k in range(2)]
    genes = candidate_genes(RULE)
    regions = [np.arange(k, k + 9) for k in range(0, 120, 9)]
    expression = region_expression(sections[0], regions, genes)

    outputs = choose_outputs(sections, expression, RULE)

    assert [o.name for o in outputs] == ["ERBB2", "TP53", "t_cells"]  # two genes make no signature of B cells
    t_cells = outputs[-1]
    assert t_cells.members == ("CD6", "CD3D", "CD3E")
    assert t_cells.missing == ("CD3G", "SH2D1A", "TRAT1")
    np.testing.assert_allclose(expression.of(t_cells).mean(), 0, atol=1e-9)
    with pytest.raises(CohortError, match="detected often enough"):
        choose_outputs(sections, expression, replace(RULE, min_detected=2.0, signatures=()))


def test_a_signature_is_the_mean_of_z_scores():
    expression = Expression(genes=("A", "B"), values=np.array([[1.0, 10.0], [3.0, 30.0]]))
    output = Output(name="s", label="s", members=("A", "B"), mean=(2.0, 20.0), std=(1.0, 5.0))

    np.testing.assert_allclose(expression.of(output), [(-1 - 2) / 2, (1 + 2) / 2])


def test_a_head_that_saw_regions_alone_paints_the_spots(fold):
    features, maps = fold
    names = [output.name for output in maps.outputs]
    truth = section_truth(
        features["S1"].section, names, maps.measured, block_um=500, n_resamples=50, n_shifts=59, seed=0
    )
    measures = {arm: measure_maps(truth, found, in_units=arm in UNITS) for arm, found in maps.maps.items()}

    wave, signature = names.index("ERBB2"), names.index("t_cells")
    assert measures["gated attention"].pearson[wave] > 0.7
    assert measures["gated attention"].pearson[signature] > 0.5
    assert abs(measures["gated attention"].pearson[names.index("TP53")]) < 0.4
    assert measures["spot-supervised ridge"].pearson[wave] > 0.7
    assert abs(measures["haematoxylin density"].pearson[wave]) < 0.4
    assert np.isnan(measures["training mean"].pearson).all()
    rows = {row.name: row for row in combine_outputs([measures["gated attention"]])}
    assert rows["ERBB2"].p <= 0.05
    assert rows["ERBB2"].pearson.low > 0.4
    arm = combine_arm("gated attention", [measures["gated attention"]], names, [measures["training mean"]])
    assert arm.seed_low <= arm.pearson.value <= arm.seed_high
    assert arm.rmse_ratio < 1


def test_the_null_of_a_smooth_map_is_wider_than_that_of_single_spots():
    section = make_section(side=14)
    random = np.random.default_rng(3)
    other = np.sin(section.array[:, 1] / 2.5) + np.cos(section.array[:, 0] / 2.2)
    wave = spot_expression(section, ["ERBB2"]).values
    truth = section_truth(section, ["ERBB2"], wave, block_um=700, n_resamples=0, n_shifts=199, seed=0)

    smooth = measure_maps(truth, [other[:, None]], in_units=False)
    rough = measure_maps(truth, [random.permutation(other)[:, None]], in_units=False)

    assert np.nanstd(smooth.null) > 1.5 * np.nanstd(rough.null)


def test_ridge_is_scikit_learns():
    from sklearn.linear_model import Ridge

    from histcode_training.spatial.folds import RIDGE_ALPHAS, _ridge

    random = np.random.default_rng(0)
    x, y, new = random.normal(size=(30, 50)), random.normal(size=(30, 2)), random.normal(size=(5, 50))
    mean, std = x.mean(axis=0), x.std(axis=0)

    for alpha, found in zip(RIDGE_ALPHAS, _ridge(x, y, new), strict=True):
        expected = Ridge(alpha=alpha).fit((x - mean) / std, y).predict((new - mean) / std)
        np.testing.assert_allclose(found, expected, atol=1e-8)
    guess = ridge_map([x[:15], x[15:]], [x[:15, :1], x[15:, :1]], new)
    assert pearson(guess[:, 0], new[:, 0]) > 0.5


def write_section(folder, name, *, seed=0):
    section = make_section(name, side=6, seed=seed)
    place = folder / name
    place.mkdir(parents=True)
    random = np.random.default_rng(seed)
    Image.fromarray(random.integers(120, 255, (300, 300, 3), dtype=np.uint8)).save(place / "section.jpg")
    lines = [
        f"{s},{20 + 50 * c},{20 + 50 * r}" for s, (c, r) in zip(section.spots, section.array, strict=True)
    ]
    (place / "spots.csv").write_text("spot,pixel_x,pixel_y\n" + "\n".join(lines) + "\n")
    rows = [
        "\t".join([s, *(f"{v:.0f}" for v in c)]) for s, c in zip(section.spots, section.counts, strict=True)
    ]
    with gzip.open(place / "counts.tsv.gz", "wt") as file:
        file.write("\t" + "\t".join(GENES) + "\n" + "\n".join(rows) + "\n")


def write_recipe(tmp_path):
    """Write three sections and the real recipe, cut down to them."""
    for k, name in enumerate(("S1", "S2", "S3")):
        write_section(tmp_path / "her2st", name, seed=k)
    text = (RECIPES / "her2st_genes.toml").read_text()
    for old, new in (
        ('["C2", "C3", "C4", "C5"]', '["S1", "S2", "S3"]'),
        ('model_held_out = "C2"', 'model_held_out = "S1"'),
        ("tile_px = 128", "tile_px = 32"),
        ('"b_cells", "cytotoxic", "cd3", "plasma_cells"', ""),
        ("min_spots = 8\nmax_spots = 32", "min_spots = 3\nmax_spots = 6"),
    ):
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "recipe.toml").write_text(text)
    return tmp_path / "recipe.toml"


def test_the_command_makes_a_model_whose_card_has_evidence_for_every_output(tmp_path, capsys):
    write_recipe(tmp_path)

    status = main(["genes", str(tmp_path / "recipe.toml"), "--data", str(tmp_path), "--quick",
                   "--model", str(tmp_path / "model"), "--page", str(tmp_path / "page.md")])  # fmt: skip

    assert status == 0
    model = load_model(tmp_path / "model")
    (head,) = model.card.heads
    assert head.activation == "identity"
    for output in head.outputs:
        assert output.quantity in ("log1p of counts per 10,000", "mean z-score of log1p expression")
        assert {"what", "r", "low", "high", "n"} <= set(output.evidence)
        assert output.evidence["training"]["sd"] > 0
        assert output.evidence["n"] == 36
        assert output.is_signed == ("z-score" in output.quantity)
    assert model.card.results["held_out"] == "S1"
    page = (tmp_path / "page.md").read_text()
    for word in (
        "untrained twin",
        "attention as expression",
        "spot-supervised ridge",
        "haematoxylin",
        "--quick",
    ):
        assert word in page
    assert "nan" not in page
    assert "S1 held out" in capsys.readouterr().out


def test_another_encoder_is_compared_with_imagenets(tmp_path, capsys):
    recipe = quick(read_spatial_recipe(write_recipe(tmp_path)))
    recipe = replace(recipe, compared_regions=(), compared_tiles=())
    encoder = changed_imagenet_encoder(recipe.tiles)

    result = run_experiment(tmp_path, recipe, SpatialOptions(encoder=encoder), model=None, say=print)

    assert result.encoder == encoder.record.name
    assert [run.label for run in result.compared] == ["ImageNet encoder, 32 px at 1 um/px"]
    page = spatial_page(result, recipe, command="genes")
    assert f"**Encoder.** {encoder.record.name}, on tiles of 32 px" in page
    assert "ImageNet encoder, 32 px at 1 um/px | gated attention" in page


def test_the_encoder_of_a_model_is_taken(tmp_path, capsys):
    recipe = write_recipe(tmp_path)
    encoder = changed_imagenet_encoder(read_spatial_recipe(recipe).tiles)
    save_model(build_model(encoder, name="other"), tmp_path / "other")

    status = main(["genes", str(recipe), "--data", str(tmp_path), "--quick", "--model-only",
                   "--encoder", str(tmp_path / "other"), "--model", str(tmp_path / "model")])  # fmt: skip

    assert status == 0
    assert load_model(tmp_path / "model").encoder.record.digest == encoder.record.digest
    assert "--model-only --quick --encoder other" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("spots.csv", "spot,pixel_x\n0x0,1\n", "no column 'pixel_y'"),
        ("spots.csv", "spot,pixel_x,pixel_y\n0x0,1,1\n0x0,2,2\n", "spot '0x0' twice"),
        ("spots.csv", "spot,pixel_x,pixel_y\n99x99,1,1\n", "No spot"),
    ],
)
def test_bad_sections_are_refused(tmp_path, file, text, message):
    write_section(tmp_path, "S1")
    (tmp_path / "S1" / file).write_text(text)

    with pytest.raises(CohortError, match=message):
        read_section(tmp_path / "S1", mpp=1.0)
    with pytest.raises(CohortError, match="cannot be read"):
        read_section(tmp_path / "S9", mpp=1.0)


def test_impossible_recipes_are_refused():
    with pytest.raises(RecipeError, match="at least three"):
        replace(make_recipe(), sections=("S1", "S2"))
    with pytest.raises(RecipeError, match="none of the sections"):
        replace(make_recipe(), model_held_out="S7")
    with pytest.raises(RecipeError, match="no range"):
        RegionConfig(min_spots=9, max_spots=3)


def test_real_sections_read(shared_data):
    section = read_section(shared_data / "her2st" / "C3", mpp=0.69)

    assert len(section) == 180
    assert section.counts.shape[1] > 15_000
    assert section.xy_um.max() < 9915 * 0.69

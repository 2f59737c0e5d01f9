from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_histcode.errors import ModelFileError, ModelMismatchError
from napari_histcode.models.card import DomainRecord
from napari_histcode.models.library import STATISTICS_NAME, WEIGHTS_NAME, read_card
from napari_histcode.models.model_file import add_statistics, load_model, save_model
from napari_histcode.models.statistics import (
    FeatureStatistics,
    digest_of,
    read_statistics,
    statistics_bytes,
)
from tests.models.synthetic import make_model


def make_statistics(feature_dim=256, k=8, seed=0, **changes):
    random = np.random.default_rng(seed)
    directions, _ = np.linalg.qr(random.normal(size=(feature_dim, k)))
    values = {
        "mean": random.normal(size=feature_dim).astype(np.float32),
        "scale": random.uniform(0.5, 2, feature_dim).astype(np.float32),
        "components": np.ascontiguousarray(directions.T, np.float32),
        "levels": np.linspace(0, 1, 11, dtype=np.float32),
        "distances": np.linspace(0.3, 0.9, 11, dtype=np.float32),
        "group_shares": np.array([0, 0.05, 0.2], np.float32),
        "n_tiles": 99,
    }
    return FeatureStatistics(**(values | changes))


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("statistics") / "small"
    save_model(replace(make_model(), statistics=make_statistics()), folder)
    return folder


def test_the_distance_is_the_sine_of_the_angle_to_the_directions():
    statistics = make_statistics()
    inside = statistics.mean + statistics.scale * (
        np.array([3, -2, 0, 0, 0, 0, 0, 1]) @ statistics.components
    )
    outside = np.random.default_rng(1).normal(size=256)
    outside -= statistics.components.T @ (statistics.components @ outside)
    at = {"inside": inside, "outside": statistics.mean + statistics.scale * outside, "mean": statistics.mean}
    length = np.linalg.norm(outside)
    both = statistics.mean + statistics.scale * (outside + length * statistics.components[0])
    found = statistics.distance(np.stack([*at.values(), both]).astype(np.float32))
    assert found.tolist() == pytest.approx([0, 1, 0, 2**-0.5], abs=2e-3)


@settings(max_examples=25)
@given(factor=st.floats(0.05, 20), seed=st.integers(0, 99))
def test_the_distance_does_not_depend_on_the_strength_of_the_answer(factor, seed):
    statistics = make_statistics()
    away = np.random.default_rng(seed).normal(size=(5, 256))
    near, far = (statistics.mean + by * away for by in (1.0, factor))
    np.testing.assert_allclose(statistics.distance(near), statistics.distance(far), atol=2e-3)


def test_chunks_change_nothing():
    statistics = make_statistics()
    features = np.random.default_rng(2).normal(size=(9000, 256)).astype(np.float32)
    alone = [statistics.distance(features[i : i + 1])[0] for i in (0, 4095, 4096, 8999)]
    assert statistics.distance(features)[[0, 4095, 4096, 8999]].tolist() == pytest.approx(alone, abs=1e-5)


def test_percentiles_and_thresholds_are_inverse():
    statistics = make_statistics()
    assert statistics.percentile(np.array([0.1, 0.6, 0.95])).tolist() == pytest.approx([0, 0.5, 1])
    assert statistics.threshold(0.5) == pytest.approx(0.6)
    assert statistics.threshold() == pytest.approx(0.87)


@pytest.mark.parametrize("features", [np.zeros((3, 255)), np.zeros(256), np.full((2, 256), np.nan)])
def test_features_that_do_not_fit_are_refused(features):
    with pytest.raises(ModelMismatchError):
        make_statistics().distance(features)


@pytest.mark.parametrize(
    "changes",
    [
        {"mean": np.zeros(255, np.float32)},
        {"scale": np.zeros(256, np.float32)},
        {"distances": np.linspace(1, 0, 11, dtype=np.float32)},
        {"levels": np.zeros(11, np.float32)},
        {"components": np.full((8, 256), np.nan, np.float32)},
    ],
)
def test_statistics_that_make_no_sense_are_refused(changes):
    with pytest.raises(ValueError):  # noqa: PT011 - each says something else
        make_statistics(**changes)


def test_they_travel_with_the_model(saved):
    model, statistics = load_model(saved), make_statistics()
    assert model.statistics is not None
    assert model.statistics.n_tiles == 99
    np.testing.assert_array_equal(model.statistics.mean, statistics.mean)
    features = np.random.default_rng(3).normal(size=(50, 256)).astype(np.float32)
    np.testing.assert_allclose(model.statistics.distance(features), statistics.distance(features), atol=1e-3)
    assert model.to("cpu").statistics is model.statistics


def test_a_model_without_them_says_so(tmp_path):
    save_model(make_model(), tmp_path / "small")
    assert load_model(tmp_path / "small").statistics is None
    assert not (tmp_path / "small" / STATISTICS_NAME).exists()


def test_adding_them_leaves_the_weights_as_they_are(tmp_path):
    folder = tmp_path / "small"
    before = save_model(make_model(), folder)
    weights = (folder / WEIGHTS_NAME).read_bytes()
    domain = DomainRecord(organs=("bone",), stains=("H&E",), mpp_range=(0.5, 1.0))
    heads = tuple(replace(head, trained_on=domain) for head in before.heads)

    card = add_statistics(folder, make_statistics(), heads=heads)

    assert (folder / WEIGHTS_NAME).read_bytes() == weights
    assert card.weights_digest == before.weights_digest
    model = load_model(folder)
    assert model.card == card == read_card(folder)
    assert model.heads[0].record.trained_on == domain
    assert model.statistics is not None


def test_what_belongs_to_another_model_is_not_added(tmp_path):
    folder = tmp_path / "small"
    card = save_model(make_model(), folder)
    with pytest.raises(ModelFileError, match="of 9 features"):
        add_statistics(folder, make_statistics(9, 2))
    with pytest.raises(ModelFileError, match="not of the heads"):
        add_statistics(folder, make_statistics(), heads=card.heads[:1])
    assert read_card(folder) == card


def test_a_missing_damaged_or_exchanged_file_is_refused(saved, tmp_path):
    for spoil, said in (
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_bytes(path.read_bytes()[:-1]), "digest"),
        (lambda path: path.write_bytes(statistics_bytes(make_statistics(seed=9))), "digest"),
    ):
        folder = shutil.copytree(saved, tmp_path / said.replace(" ", ""), dirs_exist_ok=True)
        spoil(folder / STATISTICS_NAME)
        with pytest.raises(ModelFileError, match=said):
            load_model(folder)


def test_a_file_of_something_else_is_refused(tmp_path):
    path = tmp_path / STATISTICS_NAME
    for content in (b"", b"nothing of the kind", (8).to_bytes(8, "little") + b'{"a":{}}'):
        path.write_bytes(content)
        with pytest.raises(ModelFileError, match="no feature statistics"):
            read_statistics(path, digest=digest_of(content), feature_dim=256)
    content = statistics_bytes(make_statistics(9, 2))
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="9 features"):
        read_statistics(path, digest=digest_of(content), feature_dim=256)


def test_the_bundled_model_brings_statistics_and_a_domain():
    model = load_model("bundled")
    assert model.statistics is not None
    assert model.statistics.feature_dim == model.encoder.feature_dim
    assert model.statistics.n_groups == 22  # slides, photographs and sections that its heads learned from
    domain = model.card.heads[0].trained_on
    assert domain == DomainRecord(organs=("bone",), stains=("H&E",), mpp_range=(1.0, 1.0))

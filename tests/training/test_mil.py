from __future__ import annotations

from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch

from histcode_training.errors import CohortError, RecipeError
from histcode_training.mil.bag import MilBag, feature_statistics
from histcode_training.mil.config import TrainingConfig
from histcode_training.mil.feature_files import check_same_encoder, find_bag_file, read_bag_file
from histcode_training.mil.losses import bag_loss, class_weights
from histcode_training.mil.networks import InstanceClassifiers, TileScoreHead, new_network
from histcode_training.mil.run import ensemble
from histcode_training.mil.train import predict, train_network
from napari_histcode.errors import FeatureFileError, ModelMismatchError, NoTilesError
from napari_histcode.models.heads import AttentionHead
from tests.training.cohorts import write_features

QUICK = TrainingConfig(hidden_dim=16, attention_dim=8, dropout=0.0, feature_dropout=0.0, learning_rate=1e-2,
                       weight_decay=1e-3, epochs=40, patience=40, bags_per_step=6,
                       instance_tiles=3)  # fmt: skip
NAMES = ("red", "green", "blue")


def class_bags(n=24, *, n_tiles=9, seed=0):
    """A third of the tiles of each bag has its class's signal."""
    random = np.random.default_rng(seed)
    bags = []
    for i in range(n):
        features = random.normal(0, 0.3, (n_tiles, 8)).astype(np.float32)
        features[: max(1, n_tiles // 3), i % 3] += 4
        bags.append(MilBag(name=f"b{i}", features=features, target=np.eye(3, dtype=np.float32)[i % 3]))
    return bags


def gene_bags(n=30, *, seed=0, missing=()):
    """Target 0 is 3 x + 10 of the mean of feature 0; target 1 is -x of feature 1."""
    random = np.random.default_rng(seed)
    bags = []
    for i in range(n):
        level = random.normal(size=2)
        features = (random.normal(0, 0.1, (6, 8)) + np.r_[level, np.zeros(6)]).astype(np.float32)
        target = np.array([3 * features[:, 0].mean() + 10, -features[:, 1].mean()], np.float32)
        if i in missing:
            target[1] = np.nan
        bags.append(MilBag(name=f"g{i}", features=features, target=target))
    return bags


@pytest.mark.parametrize("pooling", ["gated_attention", "mean", "max", "top_k", "clam"])
@pytest.mark.parametrize("task", ["multi_class", "multi_label"])
def test_every_pooling_learns_classes(pooling, task):
    config = replace(QUICK, pooling=pooling, top_k=(1, 3))

    network = train_network(class_bags(), config, task, names=NAMES, seed=0).module

    fresh = class_bags(9, seed=7)
    answers = predict(network, fresh)
    assert [int(a.argmax()) for a in answers] == [int(b.target.argmax()) for b in fresh]


@pytest.mark.parametrize("pooling", ["gated_attention", "mean", "top_k"])
def test_quantities_come_back_in_their_own_units(pooling):
    config = replace(QUICK, pooling=pooling, epochs=80)

    network = train_network(gene_bags(), config, "regression", names=("A", "B"), seed=0).module

    fresh = gene_bags(12, seed=5)
    error = predict(network, fresh) - np.stack([bag.target for bag in fresh])
    assert np.sqrt(np.square(error).mean(axis=0))[0] < 1.2  # of a spread of 3 about 10
    assert np.sqrt(np.square(error).mean(axis=0))[1] < 0.4


def test_missing_targets_are_masked_and_the_others_still_learn():
    bags = gene_bags(missing=set(range(0, 30, 2)))

    network = train_network(
        bags, replace(QUICK, pooling="mean"), "regression", names=("A", "B"), seed=0
    ).module

    fresh = gene_bags(20, seed=5)
    r = np.corrcoef(predict(network, fresh)[:, 1], [bag.target[1] for bag in fresh])[0, 1]
    assert r > 0.8


def test_a_missing_target_has_no_gradient():
    outputs = torch.zeros(2, 2, requires_grad=True)
    target = torch.tensor([[1.0, torch.nan], [torch.nan, torch.nan]])

    for task in ("regression", "multi_label"):
        (gradient,) = torch.autograd.grad(bag_loss(outputs, target, task), outputs)
        assert gradient[0, 0] != 0
        assert not gradient[0, 1:].any()
        assert not gradient[1].any()
    assert bag_loss(outputs, torch.full((2, 2), torch.nan), "multi_class").item() == 0


def test_losses_are_torchs_own_where_everything_is_known():
    outputs, target = torch.randn(5, 3), torch.eye(3)[torch.tensor([0, 1, 2, 0, 1])]
    weights = torch.tensor([1.0, 2.0, 0.5])

    expected = torch.nn.functional.cross_entropy(outputs, target.argmax(dim=1), weight=weights)
    assert bag_loss(outputs, target, "multi_class", weights) == pytest.approx(expected.item(), rel=1e-6)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(outputs, target, pos_weight=weights)
    assert bag_loss(outputs, target, "multi_label", weights) == pytest.approx(expected.item(), rel=1e-6)


def test_class_weights_are_those_of_scikit_learn_and_a_class_without_example_is_refused():
    from sklearn.utils.class_weight import compute_class_weight

    labels = np.array([0, 0, 0, 1, 2, 2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)

    np.testing.assert_allclose(class_weights(np.eye(3)[labels], "multi_class", NAMES), expected, rtol=1e-6)
    np.testing.assert_allclose(class_weights(np.eye(3)[labels], "multi_label", NAMES), [1, 5, 2])
    with pytest.raises(CohortError, match="no example of 'blue'"):
        class_weights(np.eye(3)[[0, 1]], "multi_class", NAMES)
    with pytest.raises(CohortError, match="no counterexample of 'red'"):
        class_weights(np.ones((3, 1)), "binary", ("red",))


@pytest.mark.parametrize("pooling", ["gated_attention", "mean", "max", "top_k", "clam"])
def test_bags_of_one_tile_and_bags_smaller_than_k_train_and_predict(pooling):
    bags = class_bags(6, n_tiles=1) + class_bags(6, n_tiles=2)
    config = replace(QUICK, pooling=pooling, epochs=2, instance_tiles=8)

    answers = predict(train_network(bags, config, "multi_class", names=NAMES, seed=0).module, bags)

    assert np.isfinite(answers).all()


def test_top_k_is_the_mean_of_the_best_tiles_clamped_to_the_bag_and_padding_never_counts():
    torch.manual_seed(0)
    head = TileScoreHead(4, 2, hidden_dim=5, top_k=(1, 3, 50)).eval()
    features = torch.randn(6, 4)
    scores = head.output(torch.relu(head.embed(features))).sort(dim=0, descending=True).values

    expected = torch.stack([scores[:1].mean(0), scores[:3].mean(0), scores.mean(0)]).mean(0)
    torch.testing.assert_close(head(features).outputs, expected)
    padded = torch.cat([features, torch.full((3, 4), 1e6)])[None]
    mask = (torch.arange(9) < 6)[None]
    torch.testing.assert_close(head(padded, mask).outputs[0], expected)


def test_the_instance_loss_takes_the_ends_of_the_attention():
    torch.manual_seed(0)
    head = new_network(8, 3, QUICK)
    features, mask = torch.randn(1, 5, 8), torch.ones(1, 5, dtype=torch.bool)
    answer = head(features, mask)
    instances = InstanceClassifiers(QUICK.hidden_dim, 3, 8)

    loss = instances.loss(answer, mask, torch.tensor([[0.0, 1.0, torch.nan]]))

    order = answer.attention_logits[0].argsort(descending=True)
    chosen = torch.cat([order[:2], order[-2:]])  # half of five tiles, each end
    scores = instances.classifiers(answer.embedding[0, chosen])[:, 1]
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        scores, torch.tensor([1.0, 1.0, 0.0, 0.0])
    )
    torch.testing.assert_close(loss, expected)


def test_the_best_epoch_on_validation_is_kept():
    wrong = [replace(bag, target=np.roll(bag.target, 1)) for bag in class_bags(9, seed=3)]
    config = replace(QUICK, patience=3)

    trained = train_network(class_bags(), config, "multi_class", names=NAMES, seed=0, validation=wrong)

    assert trained.epoch == 1 + int(np.argmin(trained.validation_loss))
    assert len(trained.validation_loss) == trained.epoch + 3


def test_stopping_by_correlation_needs_quantities():
    config = replace(QUICK, stop_by="correlation", epochs=3)

    trained = train_network(
        gene_bags(), config, "regression", names=("A", "B"), seed=0, validation=gene_bags(9, seed=2)
    )
    assert all(0 <= loss <= 2 for loss in trained.validation_loss)
    with pytest.raises(RecipeError, match="stop_by"):
        train_network(class_bags(), config, "multi_class", names=NAMES, seed=0)


def test_the_same_seed_gives_the_same_head_and_leaves_torch_alone():
    before = torch.get_rng_state()
    config = replace(QUICK, epochs=2, dropout=0.3, feature_dropout=0.3)

    one, again, other = (
        predict(train_network(class_bags(), config, "multi_class", names=NAMES, seed=s).module, class_bags(3))
        for s in (4, 4, 5)
    )

    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    assert torch.equal(before, torch.get_rng_state())


def test_an_ensemble_is_the_mean_of_its_heads():
    networks = [
        train_network(class_bags(), replace(QUICK, epochs=1), "multi_class", names=NAMES, seed=s).module
        for s in (0, 1)
    ]

    expected = np.mean([predict(network, class_bags(3)) for network in networks], axis=0)
    np.testing.assert_allclose(ensemble(networks, class_bags(3)), expected, rtol=1e-6)


def test_heads_of_two_poolings_alone_fit_a_model_file():
    for pooling in ("gated_attention", "mean", "clam"):
        assert isinstance(new_network(8, 2, replace(QUICK, pooling=pooling)), AttentionHead)
    for pooling in ("max", "top_k"):
        assert isinstance(new_network(8, 2, replace(QUICK, pooling=pooling)), TileScoreHead)
    with pytest.raises(RecipeError, match="no pooling 'median'"):
        replace(QUICK, pooling="median")


def test_views_of_a_tile_are_drawn_tile_by_tile_and_statistics_count_them():
    features = np.zeros((50, 2), np.float32)
    bag = MilBag(name="b", features=features, target=np.zeros(1, np.float32), views=(features + 1,))

    drawn = bag.draw(np.random.default_rng(0), 20)

    assert drawn.shape == (20, 2)
    assert 0 < drawn[:, 0].mean() < 1
    mean, std = feature_statistics([bag], floor=0.05)
    np.testing.assert_allclose(mean, 0.5)
    np.testing.assert_allclose(std, 0.5)


def test_an_empty_bag_and_bags_of_two_encoders_are_refused():
    with pytest.raises(NoTilesError, match="'empty' has no tiles"):
        MilBag(name="empty", features=np.empty((0, 4), np.float32), target=np.zeros(1, np.float32))
    other = MilBag(name="other", features=np.zeros((2, 5), np.float32), target=np.zeros(3, np.float32))
    with pytest.raises(ModelMismatchError, match="features of length 5"):
        train_network([*class_bags(3), other], QUICK, "multi_class", names=NAMES, seed=0)


def test_feature_files_of_three_programs_are_read(tmp_path):
    features = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    write_features(tmp_path / "a.h5", features)
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["features"] = features[None]
    torch.save(torch.from_numpy(features), tmp_path / "c.pt")

    for name in "abc":
        np.testing.assert_array_equal(read_bag_file(find_bag_file(tmp_path, name)).features, features)
    assert read_bag_file(tmp_path / "a.h5").encoder == "planted"


def test_bad_feature_files_are_refused(tmp_path):
    write_features(tmp_path / "empty.h5", np.empty((0, 4)))
    write_features(tmp_path / "nan.h5", np.full((2, 4), np.nan))
    (tmp_path / "broken.h5").write_bytes(b"not hdf5")
    (tmp_path / "broken.pt").write_bytes(b"not torch")

    with pytest.raises(NoTilesError, match="holds no tile"):
        read_bag_file(tmp_path / "empty.h5")
    for name in ("nan.h5", "broken.h5", "broken.pt"):
        with pytest.raises(FeatureFileError, match=name):
            read_bag_file(tmp_path / name)
    with pytest.raises(FeatureFileError, match="no feature file of the slide 'z'"):
        find_bag_file(tmp_path, "z")


def test_features_of_another_encoder_are_refused(tmp_path):
    for name, encoder in (("a", "one"), ("b", "two")):
        write_features(tmp_path / f"{name}.h5", np.zeros((2, 4)), encoder=encoder)
    files = {name: read_bag_file(tmp_path / f"{name}.h5") for name in "ab"}

    with pytest.raises(ModelMismatchError, match="different encoders"):
        check_same_encoder(files)
    foreign = {"a": replace(files["a"], encoder_digest="ab" * 32)}
    with pytest.raises(ModelMismatchError, match="Encode the slide with the model's encoder"):
        check_same_encoder(foreign, digest="cd" * 32)

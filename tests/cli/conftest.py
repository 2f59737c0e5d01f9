"""A small slide and a small model that the command line can be driven with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch

from napari_histcode.cli import main
from napari_histcode.models.card import EncoderRecord, HeadRecord, OutputRecord
from napari_histcode.models.encoder import Encoder
from napari_histcode.models.factory import build_encoder_network
from napari_histcode.models.heads import build_head
from napari_histcode.models.model import build_model
from napari_histcode.models.model_file import save_model
from tests.array_slide import glass, with_tissue

MPP = 2.0


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """ResNet-18 with random weights for tiles of 64 px at 2 um/px, and one head."""
    torch.manual_seed(0)
    record = EncoderRecord(
        name="resnet18-random",
        architecture="resnet18",
        feature_dim=512,
        tile_px=64,
        mpp=MPP,
        mean=(0.5, 0.5, 0.5),
        std=(0.25, 0.25, 0.25),
    )
    encoder = Encoder(build_encoder_network("resnet18"), record, precision="float32")
    outputs = tuple(OutputRecord(name=name, label=name) for name in ("tumour", "necrosis"))
    head = HeadRecord(
        name="tissue",
        label="tissue",
        pooling="gated_attention",
        hidden_dim=16,
        attention_dim=8,
        activation="sigmoid",
        outputs=outputs,
    )
    folder = tmp_path_factory.mktemp("models") / "random"
    save_model(build_model(encoder, (build_head(head, 512),), name="random"), folder)
    return folder


@pytest.fixture(scope="session")
def slide_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiled TIFF of 700 x 500 px at 2 um/px with a piece of tissue; its name looks like a patient's."""
    pixels = with_tissue(glass(700, 500), 100, 100, 600, 400)
    noise = np.random.default_rng(0).integers(-20, 20, pixels.shape)
    path = tmp_path_factory.mktemp("slides") / "Jane_Doe_1970.tif"
    tifffile.imwrite(
        path,
        np.clip(pixels + noise, 0, 255).astype(np.uint8),
        tile=(256, 256),
        photometric="rgb",
        resolution=(1e4 / MPP, 1e4 / MPP),
        resolutionunit="CENTIMETER",
    )
    return path


@pytest.fixture(scope="session")
def analysed_pair(tmp_path_factory: pytest.TempPathFactory, slide_file: Path, model_folder: Path) -> Path:
    """A folder with the results of two slides; the second is the first one upside down."""
    other = tmp_path_factory.mktemp("other") / "John_Doe.tif"
    tifffile.imwrite(
        other,
        np.ascontiguousarray(tifffile.imread(slide_file)[::-1]),
        tile=(256, 256),
        photometric="rgb",
        resolution=(1e4 / MPP, 1e4 / MPP),
        resolutionunit="CENTIMETER",
    )
    folder = tmp_path_factory.mktemp("analysed")
    arguments = [str(slide_file), str(other), "--out", str(folder), "--model", str(model_folder)]
    assert main(["analyse", *arguments, "--device", "cpu"]) == 0
    return folder

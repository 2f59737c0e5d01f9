"""Encoders, attention heads and the model file. Torch only: no slide, no GUI.

Importing this package imports neither torch nor anything heavy; names are loaded when used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from napari_histcode.models.activation import activate
    from napari_histcode.models.card import EncoderRecord, HeadRecord, ModelCard, OutputRecord
    from napari_histcode.models.devices import choose_device, list_devices
    from napari_histcode.models.encoder import Encoder
    from napari_histcode.models.explanation import HeadExplanation
    from napari_histcode.models.factory import build_encoder_network
    from napari_histcode.models.heads import Head, build_head
    from napari_histcode.models.importers import (
        imagenet_encoder,
        import_encoder,
        import_head,
        load_foundation_encoder,
    )
    from napari_histcode.models.library import list_models, models_folder, read_card
    from napari_histcode.models.model import Model, build_model
    from napari_histcode.models.model_file import load_model, save_model

_HOMES = {
    "EncoderRecord": "card",
    "HeadRecord": "card",
    "ModelCard": "card",
    "OutputRecord": "card",
    "choose_device": "devices",
    "list_devices": "devices",
    "Encoder": "encoder",
    "build_encoder_network": "factory",
    "Head": "heads",
    "HeadExplanation": "explanation",
    "activate": "activation",
    "build_head": "heads",
    "imagenet_encoder": "importers",
    "import_encoder": "importers",
    "import_head": "importers",
    "load_foundation_encoder": "importers",
    "list_models": "library",
    "models_folder": "library",
    "read_card": "library",
    "Model": "model",
    "build_model": "model",
    "load_model": "model_file",
    "save_model": "model_file",
}

__all__ = [
    "Encoder",
    "EncoderRecord",
    "Head",
    "HeadExplanation",
    "HeadRecord",
    "Model",
    "ModelCard",
    "OutputRecord",
    "activate",
    "build_encoder_network",
    "build_head",
    "build_model",
    "choose_device",
    "imagenet_encoder",
    "import_encoder",
    "import_head",
    "list_devices",
    "list_models",
    "load_foundation_encoder",
    "load_model",
    "models_folder",
    "read_card",
    "save_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

from __future__ import annotations

import subprocess
import sys

import pytest

import napari_histcode.models as models


@pytest.mark.parametrize(
    "statement",
    [
        "import napari_histcode.models",
        "import napari_histcode.models.card",
        "from napari_histcode.models import ModelCard, list_models; list_models()",
        "import napari_histcode.models.foundation",
    ],
)
def test_cards_do_without_torch(statement):
    code = f"{statement}\nimport sys\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_foreign_libraries_wait_until_they_are_asked_for():
    code = (
        "import napari_histcode.models.importers, sys\n"
        "assert not {'timm', 'transformers', 'huggingface_hub'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", models.__all__)
def test_every_public_name_is_there(name):
    assert getattr(models, name) is not None
    assert name in dir(models)


def test_other_names_are_not():
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = models.no_such_name

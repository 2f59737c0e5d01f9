"""Well-known pathology encoders and how to run them; users bring the weights from their hub.

The facts are those of the model cards and of TRIDENT's loaders (github.com/mahmoodlab/TRIDENT).
Where a card says 20x, the resolution is 0.5 um/px. Nothing here is loaded or fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from napari_histcode.errors import ModelNotFoundError
from napari_histcode.models.card import EncoderRecord

Triple = tuple[float, float, float]

IMAGENET_MEAN: Triple = (0.485, 0.456, 0.406)
IMAGENET_STD: Triple = (0.229, 0.224, 0.225)
_HALF: Triple = (0.5, 0.5, 0.5)
_LUNIT_MEAN: Triple = (0.70322989, 0.53606487, 0.66096631)
_LUNIT_STD: Triple = (0.21716536, 0.26081574, 0.20723464)
_H_OPTIMUS_MEAN: Triple = (0.707223, 0.578729, 0.703617)
_H_OPTIMUS_STD: Triple = (0.211883, 0.230117, 0.177517)
_HIBOU_MEAN: Triple = (0.7068, 0.5755, 0.722)
_HIBOU_STD: Triple = (0.195, 0.2316, 0.1816)

_SWIGLU: dict[str, Any] = {"mlp_layer": "SwiGLUPacked", "act_layer": "silu"}


@dataclass(frozen=True, kw_only=True)
class FoundationEncoder:
    """An encoder that somebody else published."""

    record: EncoderRecord
    """What it is and what it takes."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the architecture that its files do not carry."""
    needs_remote_code: bool = False
    """Whether it only runs with Python code from its hub repository."""

    @property
    def name(self) -> str:
        """Short name."""
        return self.record.name


def find_foundation_encoder(name: str) -> FoundationEncoder:
    """Return the encoder of that name or hub id.

    Raises
    ------
    ModelNotFoundError
        If it is not in the table; the advice lists those that are.
    """
    for encoder in FOUNDATION_ENCODERS:
        if name in (encoder.record.name, encoder.record.hub_id):
            return encoder
    names = ", ".join(encoder.name for encoder in FOUNDATION_ENCODERS)
    raise ModelNotFoundError(
        f"There is no published encoder {name!r} in the table.", advice=f"Known: {names}."
    )


def _timm(
    name: str,
    hub_id: str,
    feature_dim: int,
    *,
    licence: str,
    is_gated: bool,
    mean: Triple = IMAGENET_MEAN,
    std: Triple = IMAGENET_STD,
    pooling: str = "class_token",
    **options: Any,
) -> FoundationEncoder:
    return FoundationEncoder(
        record=EncoderRecord(
            name=name,
            architecture=f"timm:{hub_id}",
            feature_dim=feature_dim,
            tile_px=224,
            mpp=0.5,
            mean=mean,
            std=std,
            pooling=pooling,
            hub_id=hub_id,
            licence=licence,
            is_gated=is_gated,
        ),
        options=options,
    )


def _transformers(
    name: str,
    hub_id: str,
    feature_dim: int,
    *,
    licence: str,
    mean: Triple = IMAGENET_MEAN,
    std: Triple = IMAGENET_STD,
    pooling: str = "class_token",
    needs_remote_code: bool = False,
    **options: Any,
) -> FoundationEncoder:
    return FoundationEncoder(
        record=EncoderRecord(
            name=name,
            architecture=f"transformers:{hub_id}",
            feature_dim=feature_dim,
            tile_px=224,
            mpp=0.5,
            mean=mean,
            std=std,
            pooling=pooling,
            hub_id=hub_id,
            licence=licence,
            is_gated=False,
        ),
        options=options,
        needs_remote_code=needs_remote_code,
    )


FOUNDATION_ENCODERS: tuple[FoundationEncoder, ...] = (
    _timm(
        "uni", "MahmoodLab/UNI", 1024, licence="CC-BY-NC-ND-4.0", is_gated=True,
        img_size=224, patch_size=16, init_values=1e-5, dynamic_img_size=True,
    ),
    _timm(
        "uni2-h", "MahmoodLab/UNI2-h", 1536, licence="CC-BY-NC-ND-4.0", is_gated=True,
        img_size=224, patch_size=14, depth=24, num_heads=24, init_values=1e-5, embed_dim=1536,
        mlp_ratio=2.66667 * 2, no_embed_class=True, reg_tokens=8, dynamic_img_size=True, **_SWIGLU,
    ),
    _timm(
        "virchow", "paige-ai/Virchow", 2560, licence="Apache-2.0", is_gated=True,
        pooling="class_token+mean", img_size=224, init_values=1e-5, mlp_ratio=5.3375, global_pool="",
        dynamic_img_size=True, **_SWIGLU,
    ),
    _timm(
        "virchow2", "paige-ai/Virchow2", 2560, licence="CC-BY-NC-ND-4.0", is_gated=True,
        pooling="class_token+mean", img_size=224, init_values=1e-5, mlp_ratio=5.3375, global_pool="",
        reg_tokens=4, dynamic_img_size=True, **_SWIGLU,
    ),
    _timm(
        "h-optimus-0", "bioptimus/H-optimus-0", 1536, licence="Apache-2.0", is_gated=True,
        mean=_H_OPTIMUS_MEAN, std=_H_OPTIMUS_STD,
        img_size=224, global_pool="token", init_values=1e-5, dynamic_img_size=True,
    ),
    _timm(
        "h-optimus-1", "bioptimus/H-optimus-1", 1536, licence="CC-BY-NC-ND-4.0", is_gated=True,
        mean=_H_OPTIMUS_MEAN, std=_H_OPTIMUS_STD,
        img_size=224, global_pool="token", init_values=1e-5, dynamic_img_size=True,
    ),
    _timm(
        "lunit-resnet50-bt", "1aurent/resnet50.lunit_bt", 2048, licence="Lunit non-commercial",
        is_gated=False, pooling="average", mean=_LUNIT_MEAN, std=_LUNIT_STD,
    ),
    _timm(
        "lunit-resnet50-swav", "1aurent/resnet50.lunit_swav", 2048, licence="Lunit non-commercial",
        is_gated=False, pooling="average", mean=_LUNIT_MEAN, std=_LUNIT_STD,
    ),
    _timm(
        "lunit-resnet50-mocov2", "1aurent/resnet50.lunit_mocov2", 2048, licence="Lunit non-commercial",
        is_gated=False, pooling="average", mean=_LUNIT_MEAN, std=_LUNIT_STD,
    ),
    _timm(
        "lunit-vits8-dino", "1aurent/vit_small_patch8_224.lunit_dino", 384,
        licence="Lunit non-commercial", is_gated=False, mean=_LUNIT_MEAN, std=_LUNIT_STD,
    ),
    _transformers("phikon", "owkin/phikon", 768, licence="Owkin non-commercial", add_pooling_layer=False),
    _transformers("phikon-v2", "owkin/phikon-v2", 1024, licence="Owkin non-commercial"),
    _transformers(
        "midnight-12k", "kaiko-ai/midnight", 3072, licence="MIT",
        pooling="class_token+mean", mean=_HALF, std=_HALF,
    ),
    _transformers(
        "hibou-b", "histai/hibou-b", 768, licence="Apache-2.0",
        pooling="pooler", mean=_HIBOU_MEAN, std=_HIBOU_STD, needs_remote_code=True,
    ),
    _transformers(
        "keep", "Astaxanthin/KEEP", 768, licence="MIT", pooling="encode_image", needs_remote_code=True,
    ),
)  # fmt: skip
"""The table; a hub id finds its row as well as the short name does."""

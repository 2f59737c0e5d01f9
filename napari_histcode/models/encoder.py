"""The encoder: uint8 RGB tiles in, float32 features out, refusing what does not fit."""

from __future__ import annotations

import copy
import logging
import threading
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_histcode.errors import DeviceError, ModelMismatchError, OutOfDeviceMemoryError
from napari_histcode.models.card import EncoderRecord
from napari_histcode.models.devices import choose_device
from napari_histcode.models.factory import is_own_architecture
from napari_histcode.models.fuse import fold_batch_norm
from napari_histcode.models.precision import (
    MIN_COSINE,
    Precision,
    PrecisionChoice,
    check_tiles,
    has_fast_bfloat16,
    lowest_cosine,
)
from napari_histcode.models.weights import digest_weights, network_weights
from napari_histcode.models.workers import map_over_cores

logger = logging.getLogger(__name__)

CPU_TILES = 2
"""Tiles that go through a network at once on one core, whatever the batch: their layers stay in the
cache, and memory stays bounded."""

_MEMORY_WORDS = ("out of memory", "not enough memory", "can't allocate memory", "DefaultCPUAllocator")


class Encoder:
    """A network with everything that decides what its features mean. Does not change once made.

    Parameters
    ----------
    network : nn.Module
        Maps normalised RGB (n, 3, tile_px, tile_px) to (n, feature_dim). The encoder takes it over:
        it is set to evaluation, and training it further would leave the encoder behind.
    record : EncoderRecord
        What it is; an empty digest is filled in from the weights.
    device : str or torch.device
        See `choose_device`.
    precision : {"auto", "float32", "bfloat16"}
        "auto" takes bfloat16 where the device has it in hardware and, on a fixed batch of
        tissue-like tiles, every feature vector agrees with float32 to a cosine of at least
        `precision.MIN_COSINE`.

    Raises
    ------
    DeviceError
        If the device is not there, or cannot do bfloat16 when asked to.
    """

    def __init__(
        self,
        network: nn.Module,
        record: EncoderRecord,
        *,
        device: str | torch.device = "cpu",
        precision: PrecisionChoice = "auto",
    ) -> None:
        self._device = choose_device(device)
        if precision == "bfloat16" and self._device.type == "mps":
            raise DeviceError("Apple GPUs compute in float32 here.", advice="Take precision 'auto'.")
        self._network = network.eval().requires_grad_(requires_grad=False).to(self._device)
        self._record = record
        if not record.digest:
            self._record = replace(record, digest=digest_weights(network_weights(self._network)))
        self._choice = precision
        self._precision: Precision | None = None if precision == "auto" else precision
        self._prepared: dict[Precision, nn.Module] = {}
        self._lock = threading.RLock()

    @property
    def record(self) -> EncoderRecord:
        """What decides the meaning of the features."""
        return self._record

    @property
    def network(self) -> nn.Module:
        """The network with its weights as they were given; not to be trained."""
        return self._network

    @property
    def feature_dim(self) -> int:
        """Length of a feature vector."""
        return self._record.feature_dim

    @property
    def mpp(self) -> float:
        """Micrometres per pixel of the tiles it takes."""
        return self._record.mpp

    @property
    def tile_px(self) -> int:
        """Width and height of the tiles it takes in pixels."""
        return self._record.tile_px

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return self._device

    @property
    def precision(self) -> Precision:
        """What it computes in; with "auto" the first call compares bfloat16 with float32."""
        with self._lock:
            if self._precision is None:
                self._precision = self._choose_precision()
            return self._precision

    def to(self, device: str | torch.device) -> Encoder:
        """Return this encoder on another device: itself where it is there already, else a copy."""
        target = choose_device(device)
        if target == self._device:
            return self
        return Encoder(copy.deepcopy(self._network), self._record, device=target, precision=self._choice)

    def encode(self, tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn tiles into features.

        Parameters
        ----------
        tiles : ndarray
            (n_tiles, tile_px, tile_px, 3) uint8 RGB at the encoder's mpp; n_tiles may be 0.

        Returns
        -------
        ndarray
            (n_tiles, feature_dim) float32.

        Raises
        ------
        ModelMismatchError
            If the tiles are of another type or shape.
        OutOfDeviceMemoryError
            If this many tiles at once do not fit into the device's memory.
        """
        self._check(tiles)
        if len(tiles) == 0:
            return np.zeros((0, self.feature_dim), np.float32)
        return self._run(tiles, self.precision)

    def _run(self, tiles: NDArray[np.uint8], precision: Precision) -> NDArray[np.float32]:
        network = self._network_for(precision)
        try:
            if self._device.type != "cpu":
                return self._forward(network, tiles, precision)
            parts = [tiles[i : i + CPU_TILES] for i in range(0, len(tiles), CPU_TILES)]
            return np.concatenate(map_over_cores(lambda part: self._forward(network, part, precision), parts))
        except (RuntimeError, MemoryError) as error:
            if not _is_out_of_memory(error):
                raise
            reason = (str(error).splitlines() or [type(error).__name__])[0]
        # raised outside the handler: the error's frames would keep the batch in memory
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        raise OutOfDeviceMemoryError(
            f"{len(tiles)} tiles at once do not fit into the memory of {self._device} ({reason}).",
            advice="Take a smaller batch, or another device.",
        )

    @torch.inference_mode()
    def _forward(
        self, network: nn.Module, tiles: NDArray[np.uint8], precision: Precision
    ) -> NDArray[np.float32]:
        x = self._normalise(tiles)  # (n, 3, tile_px, tile_px)
        is_bfloat16 = precision == "bfloat16"
        if is_own_architecture(self._record.architecture):
            features = network(x.bfloat16() if is_bfloat16 else x)
        else:
            with torch.autocast(self._device.type, torch.bfloat16, enabled=is_bfloat16):
                features = network(x)
        if features.shape != (len(tiles), self.feature_dim):
            raise ModelMismatchError(
                f"Encoder {self._record.name} gives features of shape {tuple(features.shape)}; "
                f"its record says ({len(tiles)}, {self.feature_dim})."
            )
        array: NDArray[np.float32] = features.float().cpu().numpy()
        return array

    def _normalise(self, tiles: NDArray[np.uint8]) -> Tensor:
        """Return (n, 3, tile_px, tile_px) normalised RGB on the device, channels last in memory."""
        if not (tiles.flags.writeable and tiles.flags.c_contiguous):
            tiles = tiles.copy()
        mean = torch.tensor(self._record.mean, device=self._device)
        std = torch.tensor(self._record.std, device=self._device)
        x = torch.from_numpy(tiles).to(self._device).float()  # (n, tile_px, tile_px, 3)
        return x.div_(255 * std).sub_(mean / std).permute(0, 3, 1, 2)

    def _network_for(self, precision: Precision) -> nn.Module:
        """Return the network as it runs in that precision, made once."""
        with self._lock:
            if precision not in self._prepared:
                self._prepared[precision] = self._prepare(precision)
            return self._prepared[precision]

    def _prepare(self, precision: Precision) -> nn.Module:
        if not is_own_architecture(self._record.architecture):
            return self._network  # autocast knows which layers of a foreign network bear bfloat16
        folded = fold_batch_norm(self._network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        prepared: nn.Module = folded.bfloat16() if precision == "bfloat16" else folded
        return prepared

    def _choose_precision(self) -> Precision:
        name = self._record.name
        if not has_fast_bfloat16(self._device):
            logger.info("Encoder %s computes in float32: %s has no fast bfloat16.", name, self._device)
            return "float32"
        tiles = check_tiles(self.tile_px)
        cosine = lowest_cosine(self._run(tiles, "bfloat16"), self._run(tiles, "float32"))
        agrees = cosine >= MIN_COSINE
        chosen: Precision = "bfloat16" if agrees else "float32"
        logger.info(
            "Encoder %s computes in %s: lowest cosine of bfloat16 with float32 features %.5f (limit %g).",
            name, chosen, cosine, MIN_COSINE,
        )  # fmt: skip
        self._prepared.pop("float32" if agrees else "bfloat16", None)
        return chosen

    def _check(self, tiles: NDArray[np.uint8]) -> None:
        size = self.tile_px
        if not isinstance(tiles, np.ndarray) or tiles.dtype != np.uint8:
            kind = getattr(tiles, "dtype", type(tiles).__name__)
            raise ModelMismatchError(
                f"Encoder {self._record.name} takes uint8 RGB tiles, not {kind}.",
                advice="Give pixels of 0 to 255 as they are on the slide; the encoder normalises them.",
            )
        if tiles.ndim != 4 or tiles.shape[1:] != (size, size, 3):
            raise ModelMismatchError(
                f"Encoder {self._record.name} takes tiles (n, {size}, {size}, 3), not {tiles.shape}.",
                advice=f"Read tiles of {size} x {size} px at {self.mpp:g} um/px.",
            )


def _is_out_of_memory(error: BaseException) -> bool:
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    return any(words in str(error) for words in _MEMORY_WORDS)

"""Arrays that are read without dask's cache, which napari shares among all that is computed.

napari reads for each viewer in a thread of that viewer, and keeps what dask has computed in one
``dask.cache.Cache`` for the process. That cache notes when a task begins in a dictionary that the end of any
other computation empties, so that two viewers that read at once make one of them fail with a ``KeyError``
(dask 2026.8). The second canvas therefore reads past it. Little is lost: slides keep their decoded tiles
themselves, a tile that both canvases want is decoded once, and nothing is kept twice.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class OwnReading:
    """An array, of dask or any other, with what napari wants of one.

    Parameters
    ----------
    array : array-like
        What is read, by slices.
    """

    def __init__(self, array: Any) -> None:
        self._array = array
        self.shape: tuple[int, ...] = tuple(array.shape)
        self.dtype = np.dtype(array.dtype)
        self.ndim = len(self.shape)
        self.size = int(np.prod(self.shape))

    def __getitem__(self, key: Any) -> NDArray[Any]:
        """Read a part, in the thread that asks."""
        part = self._array[key]
        if hasattr(part, "compute"):  # no callbacks, and so no cache
            part = part.compute(scheduler="synchronous", callbacks=())
        return np.asarray(part)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:  # noqa: FBT001 - numpy's
        return np.asarray(self[...], dtype=dtype)

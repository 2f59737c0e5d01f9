"""Bytes at any position of a file, for many threads at once.

Positional reads, not a memory map: a file that shrinks on a network drive then gives an error instead of
killing the process.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path


class FileBytes:
    """A file opened for positional reading.

    Parameters
    ----------
    path : Path
        The file.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb", buffering=0)
        self._lock = threading.Lock()  # only where the system lacks pread
        self.size = os.fstat(self._file.fileno()).st_size

    def read(self, offset: int, count: int) -> bytes:
        """Read exactly `count` bytes.

        Raises
        ------
        EOFError
            If the file ends before.
        """
        if offset < 0 or count < 0 or offset + count > self.size:
            raise EOFError(f"bytes {offset} to {offset + count} of a file of {self.size}")
        data = self._read_some(offset, count)
        while len(data) < count:  # a signal or a network drive may cut a read short
            more = self._read_some(offset + len(data), count - len(data))
            if not more:
                raise EOFError(f"the file ends before byte {offset + count}")
            data += more
        return data

    def _read_some(self, offset: int, count: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._file.fileno(), count, offset)
        with self._lock:  # pragma: no cover - Windows
            self._file.seek(offset)
            return self._file.read(count)

    def close(self) -> None:
        """Release the file."""
        self._file.close()

"""Memory that was freed goes back to the system, for as long as the window lives."""

from __future__ import annotations

import ctypes
import os
import platform

MAPPED_FROM_BYTES = 2**20
"""Blocks of this size or more, as of decoded tiles, are the system's again as soon as they are freed."""
KEPT_BYTES = 32 * 2**20
"""What a heap may keep at its end: with a quarter of it, encoding takes a third longer."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of glibc's malloc.h
_SAID_BY_THE_USER = ("MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_")


def give_back_freed_memory() -> bool:
    """Keep the C library from holding on to what this process has freed; True where it can be told.

    By itself glibc takes the first large block that is freed for a sign that more will follow, and from
    then on cuts such blocks, up to 32 MiB, out of heaps, one or more for each thread. Threads that read
    tiles, draw and compute come and go, and what they leave in their heaps is rarely given back: after four
    minutes of reading a large slide, two thirds of what the heaps held were in use by nobody.

    Where the user has said otherwise in the environment, and without glibc, nothing is changed. Source:
    mallopt(3).
    """
    is_said = any(name in os.environ for name in _SAID_BY_THE_USER)
    is_said |= "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "")
    if is_said or platform.libc_ver()[0] != "glibc":
        return False
    libc = ctypes.CDLL(None)
    return bool(
        libc.mallopt(_M_MMAP_THRESHOLD, MAPPED_FROM_BYTES) and libc.mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
    )

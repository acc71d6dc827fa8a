"""Signs of life: each child writes the time into memory that it shares with the supervisor."""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable

_SLOT = struct.Struct("d")


class Beats:
    """One slot a child. Made before forking; ``time.monotonic`` is the same clock in every process."""

    def __init__(self, slots: int) -> None:
        self._memory = mmap.mmap(-1, max(1, slots) * _SLOT.size)

    def beat(self, slot: int) -> None:
        """Say that the child of this slot is alive and well."""
        _SLOT.pack_into(self._memory, slot * _SLOT.size, time.monotonic())

    def beater(self, slot: int) -> Callable[[], None]:
        """What is handed to the child as its ``beat``."""
        return lambda: self.beat(slot)

    def silence(self, slot: int) -> float:
        """Seconds since the last beat."""
        (last,) = _SLOT.unpack_from(self._memory, slot * _SLOT.size)
        return time.monotonic() - float(last)

"""A zip written while it is sent: its memory stays small, and the same files give the same bytes."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.clock import STOCKHOLM
from shared.errors import IdeslussenError

_PLAIN_FILE: Final = 0o100644 << 16
_UNIX: Final = 3


class DamagedError(IdeslussenError):
    """The bytes of a file are not those that its checksum was made of: nothing of it may be handed on as whole."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the zip, with the checksum that its bytes must give."""

    path: str
    modified: datetime
    sha256: str
    pieces: Iterable[bytes]


def zipped(members: Iterable[Member]) -> Iterator[bytes]:
    """The zip's bytes, piece by piece.

    :raises DamagedError: a file is not what its checksum says; what was given so far is no zip.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload] # it writes and tells nothing
        for member in members:
            info = zipfile.ZipInfo(member.path, member.modified.astimezone(STOCKHOLM).timetuple()[:6])
            info.compress_type, info.external_attr, info.create_system = zipfile.ZIP_DEFLATED, _PLAIN_FILE, _UNIX
            found = hashlib.sha256()
            with archive.open(info, "w") as file:
                for piece in member.pieces:
                    found.update(piece)
                    file.write(piece)
                    yield from sink.taken()
            if found.hexdigest() != member.sha256:
                raise DamagedError(f"{member.path} is not what its checksum says")
            yield from sink.taken()
    yield from sink.taken()


class _Sink:
    """Takes what the zip writes, until somebody takes it away. That it cannot seek tells the zip not to go back."""

    def __init__(self) -> None:
        self._held = bytearray()

    def write(self, data: bytes) -> int:
        self._held += data
        return len(data)

    def flush(self) -> None:
        """Nothing waits."""

    def taken(self) -> Iterator[bytes]:
        if self._held:
            yield bytes(self._held)
            self._held.clear()

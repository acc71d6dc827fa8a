"""The files of an archive package, and names for them that no system of today or tomorrow stumbles over."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Final

LONGEST_STEM: Final = 60
"""Characters of a name before its ending."""
UNKNOWN: Final = "application/octet-stream"

_TYPE = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,99}\Z")
_ENDING = re.compile(r"\.([a-z0-9]{1,10})\Z")
_OTHER = re.compile(r"[^a-z0-9-]+")


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """One file of a package."""

    path: str
    """Below the package's own folder: a-z, 0-9, ``-``, ``_``, ``.`` and ``/``."""
    type: str
    """As a media type (RFC 6838)."""
    size: int
    """Bytes."""
    sha256: str
    """In hex."""
    created: datetime
    name: str = ""
    """What its sender called it, where that is another name."""


def numbered_name(number: int, name: str) -> str:
    """A name for the ``number``th file of a folder: ``ÅSIKT karta.PNG`` becomes ``01-asikt_karta.png``.

    The number makes it unique, whatever two senders call their files. What it was called stands in the record.
    """
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().strip()
    ending = _ENDING.search(bare)
    stem = _OTHER.sub("_", bare[: ending.start()] if ending else bare).strip("_-")[:LONGEST_STEM]
    return f"{number:02d}-{stem or 'fil'}{ending[0] if ending else ''}"


def media_type(written: str) -> str:
    """The same where it is one, else that of bytes that nobody knows."""
    return written if _TYPE.match(written) else UNKNOWN


def manifest(files: list[PackagedFile]) -> bytes:
    """The files' checksums as ``sha256sum -c`` reads them, by path."""
    return "".join(f"{file.sha256}  {file.path}\n" for file in sorted(files, key=lambda file: file.path)).encode()

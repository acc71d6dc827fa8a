"""Which picture some bytes are: only kinds that every browser shows and none can run (never SVG)."""

from __future__ import annotations

MAX_BYTES = 5 * 1024 * 1024
JPEG, PNG, WEBP = "image/jpeg", "image/png", "image/webp"


def kind_of(content: bytes) -> str | None:
    """The picture's media type by its first bytes, whatever it was called; None for anything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR":
        return PNG
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP" and content[12:15] == b"VP8":
        return WEBP
    return None

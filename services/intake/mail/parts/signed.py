"""What is inside a signature: OpenPGP cleartext and S/MIME's opaque form. No signature is verified here."""

from __future__ import annotations

from typing import NamedTuple

_PGP_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_PGP_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_PGP_SIGNATURE_END = "-----END PGP SIGNATURE-----"
PGP_ENCRYPTED = "-----BEGIN PGP MESSAGE-----"
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_ENVELOPED_DATA = (bytes.fromhex("2a864886f70d010703"), bytes.fromhex("2a864886f70d0109100117"))
_MAX_DEPTH = 16


def without_pgp_armour(text: str) -> str:
    """The words of a cleartext signature (RFC 9580 §7); text without one comes back as it is."""
    begin = text.find(_PGP_SIGNED)
    if begin < 0 or (begin > 0 and text[begin - 1] != "\n"):
        return text
    words = text.find("\n\n", begin)
    signature = text.find("\n" + _PGP_SIGNATURE, words)
    if words < 0 or signature < 0:
        return text
    end = text.find(_PGP_SIGNATURE_END, signature)
    rest = text[end + len(_PGP_SIGNATURE_END) :] if end >= 0 else ""
    lines = (line.removeprefix("- ") for line in text[words + 2 : signature].split("\n"))
    return text[:begin] + "\n".join(lines) + rest


class Cms(NamedTuple):
    """What a CMS object is (RFC 5652)."""

    is_encrypted: bool
    content: bytes | None
    """What was signed, or None where it is not inside."""


def open_cms(data: bytes) -> Cms | None:
    """Read application/pkcs7-mime; None where the bytes are none. Never raises."""
    try:
        start, end = _enter(data, 0, len(data), 0x30)
        kind_start, kind_end = _enter(data, start, end, 0x06)
        kind = data[kind_start:kind_end]
        if kind in _ENVELOPED_DATA:
            return Cms(is_encrypted=True, content=None)
        if kind != _SIGNED_DATA:
            return None
        start, end = _enter(data, kind_end, end, 0xA0)
        start, end = _enter(data, start, end, 0x30)
        position = _past(data, _past(data, start, end), end)  # version, digest algorithms
        start, end = _enter(data, position, end, 0x30)
        position = _past(data, start, end)  # content type
        if position >= end or data[position] != 0xA0:
            return Cms(is_encrypted=False, content=None)
        start, end = _enter(data, position, end, 0xA0)
        return Cms(is_encrypted=False, content=_octets(data, start, end))
    except (ValueError, IndexError):
        return None


def _header(data: bytes, position: int, end: int) -> tuple[int, int, int | None]:
    """Tag, where the value begins, and where it ends (None: indefinite, X.690 §8.1.3.6)."""
    tag, first = data[position], data[position + 1]
    start = position + 2
    if first == 0x80:
        return tag, start, None
    if first > 0x80:
        count = first & 0x7F
        if count > 4:
            raise ValueError("length too long")
        first = int.from_bytes(data[start : start + count], "big")
        start += count
    return tag, start, min(start + first, end)


def _enter(data: bytes, position: int, end: int, expected: int) -> tuple[int, int]:
    """The bounds of a value of the expected tag; one without a length reaches to the end of what holds it."""
    tag, start, stop = _header(data, position, end)
    if tag != expected:
        raise ValueError(f"tag {tag:#x} where {expected:#x} was expected")
    return start, end if stop is None else stop


def _past(data: bytes, position: int, end: int) -> int:
    """The position after a value; of indefinite ones, their end marks are counted."""
    depth = 0
    while position < end:
        if data[position : position + 2] == b"\x00\x00" and depth:
            depth -= 1
            position += 2
        else:
            _, start, stop = _header(data, position, end)
            depth += stop is None
            position = start if stop is None else stop
        if depth == 0:
            return position
        if depth > _MAX_DEPTH:
            break
    raise ValueError("no end")


def _octets(data: bytes, position: int, end: int) -> bytes:
    """An OCTET STRING, also in pieces (streaming signers write it so)."""
    tag, start, stop = _header(data, position, end)
    if tag == 0x04 and stop is not None:
        return data[start:stop]
    if tag != 0x24:
        raise ValueError("no octet string")
    pieces: list[bytes] = []
    position, end = start, end if stop is None else stop
    while position < end and data[position] in (0x04, 0x24):
        tag, start, stop = _header(data, position, end)
        if tag == 0x24 or stop is None:
            position = start  # pieces of pieces: go on inside
            continue
        pieces.append(data[start:stop])
        position = stop
    return b"".join(pieces)

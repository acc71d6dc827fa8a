"""Names of attachments made safe to show, to store beside, and to offer for download (CVE-2026-28289)."""

from __future__ import annotations

import unicodedata

MAX_BYTES = 200
"""In UTF-8: common file systems take 255, and a download may add to a name."""
_MAX_EXTENSION = 20
_WINDOWS_FORBIDS = str.maketrans(dict.fromkeys('<>:"|?*', "_"))
_WINDOWS_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", "clock$"} | {
    f"{port}{number}" for port in ("com", "lpt") for number in "0123456789¹²³"
}
# Controls, format signs (zero-width, bidi), surrogates, unassigned: nothing of a name that people see.
_UNSEEN = ("Cc", "Cf", "Cs", "Cn", "Zl", "Zp")
_EXTENSIONS = {
    "application/json": "json",
    "application/ms-tnef": "dat",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/pgp-signature": "asc",
    "application/pkcs7-signature": "p7s",
    "application/rtf": "rtf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/xml": "xml",
    "application/zip": "zip",
    "audio/mpeg": "mp3",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/heic": "heic",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/svg+xml": "svg",
    "image/tiff": "tiff",
    "image/webp": "webp",
    "message/rfc822": "eml",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/html": "html",
    "text/plain": "txt",
    "text/vcard": "vcf",
    "video/mp4": "mp4",
    "video/quicktime": "mov",
}


def safe(name: str, *, media_type: str = "", number: int = 1) -> str:
    """A name without path, unseen signs, leading dot or Windows' reserved words; never empty.

    Args:
        name: as the sender wrote it, decoded.
        media_type: gives a nameless file its extension.
        number: gives a nameless file its number, from 1.
    """
    name = unicodedata.normalize("NFC", name[:4096])
    name = "".join(" " if sign.isspace() else sign for sign in name)
    name = "".join(sign for sign in name if sign == " " or unicodedata.category(sign) not in _UNSEEN)
    name = name.replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    if len(name) > 2 and name[0] == name[-1] == "'":  # no quotation in a header field, but written as one
        name = name[1:-1]
    name = " ".join(name.translate(_WINDOWS_FORBIDS).split()).lstrip(". ").rstrip(". ")
    if not name:
        extension = _EXTENSIONS.get(media_type, "")
        return f"bilaga-{number}.{extension}" if extension else f"bilaga-{number}"
    if name.partition(".")[0].rstrip().lower() in _WINDOWS_DEVICES:
        name = f"_{name}"
    return _shortened(name)


def _shortened(name: str) -> str:
    """At most ``MAX_BYTES``, the extension kept."""
    if len(name.encode()) <= MAX_BYTES:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > _MAX_EXTENSION:
        stem, dot, extension = name, "", ""
    room = MAX_BYTES - len((dot + extension).encode())
    return stem.encode()[:room].decode("utf_8", "ignore").rstrip(". ") + dot + extension

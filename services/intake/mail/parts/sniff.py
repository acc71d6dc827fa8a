"""The media type of a file by its bytes, in its usual IANA name. Nothing is unpacked, nothing raises.

puremagic 1.30 was measured and left: it agrees in 22 of this table's 57 test cases, calls every zip a docx
and words that begin with "BM" a bitmap, and raises where it knows nothing. What is told apart here is what
people mail, and what a browser would run. Where the bytes say only "text", the declared type may say which.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from services.intake.mail.parts import charsets

OCTETS = "application/octet-stream"
TNEF = "application/vnd.ms-tnef"

# (offset, bytes, type); the first that fits counts.
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"8BPS\x00\x01", "image/vnd.adobe.photoshop"),
    (0, b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (0, b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    (0, b"\x00\x00\x01\x00", "image/vnd.microsoft.icon"),
    (0, b"\xd7\xcd\xc6\x9a", "image/wmf"),
    (40, b" EMF", "image/emf"),
    (0, b"AC10", "image/vnd.dwg"),
    (0, b"AT&TFORM", "image/vnd.djvu"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS", "application/postscript"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"BZh", "application/x-bzip2"),
    (0, b"\xfd7zXZ\x00", "application/x-xz"),
    (0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    (0, b"MSCF\x00\x00\x00\x00", "application/vnd.ms-cab-compressed"),
    (257, b"ustar", "application/x-tar"),
    (0, b"\x78\x9f\x3e\x22", TNEF),
    (0, b"\x7fELF", "application/x-elf"),
    (0, b"\xca\xfe\xba\xbe\x00", "application/java-vm"),
    (0, b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (0, b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (0, b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (0, b"\xffWPC", "application/vnd.wordperfect"),
    (0, b"\xe4R\\{\x8c\xd8\xa7M\xae\xb1Sx\xd0)\x96\xd3", "application/onenote"),
    (0, b"OggS", "audio/ogg"),
    (0, b"fLaC", "audio/flac"),
    (0, b"#!AMR", "audio/amr"),
    (0, b"MThd\x00\x00\x00\x06", "audio/midi"),
    (0, b"ID3\x02", "audio/mpeg"),
    (0, b"ID3\x03", "audio/mpeg"),
    (0, b"ID3\x04", "audio/mpeg"),
    (0, b"\xff\xfb", "audio/mpeg"),
    (0, b"\xff\xf3", "audio/mpeg"),
    (0, b"\xff\xf2", "audio/mpeg"),
    (0, b"\xff\xf1", "audio/aac"),
    (0, b"\xff\xf9", "audio/aac"),
    (0, b"0&\xb2u\x8ef\xcf\x11\xa6\xd9\x00\xaa\x00b\xcel", "video/x-ms-asf"),
    (0, b"\x00\x00\x01\xba", "video/mpeg"),
    (0, b"\x00\x00\x01\xb3", "video/mpeg"),
    (0, b"FLV\x01", "video/x-flv"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"OTTO\x00", "font/otf"),
    (0, b"\x00\x01\x00\x00\x00", "font/ttf"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
# ISO base media files by their brand (ISO/IEC 14496-12 §4.3).
_BRANDS = {
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic-sequence",
    b"mif1": "image/heif",
    b"msf1": "image/heif-sequence",
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"crx ": "image/x-canon-cr3",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
}
# Office files in a zip, by a name that its list of files holds (ECMA-376).
_OOXML = (
    (b"word/vbaProject.bin", "application/vnd.ms-word.document.macroEnabled.12"),
    (b"xl/vbaProject.bin", "application/vnd.ms-excel.sheet.macroEnabled.12"),
    (b"ppt/vbaProject.bin", "application/vnd.ms-powerpoint.presentation.macroEnabled.12"),
    (b"word/", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    (b"xl/", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    (b"ppt/", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
    (b"visio/", "application/vnd.visio"),
)
# Compound files ([MS-CFB]): the root's class, else the name of a stream.
_CFB_CLASSES = {
    "06090200": "application/msword",
    "00090200": "application/msword",
    "20080200": "application/vnd.ms-excel",
    "10080200": "application/vnd.ms-excel",
    "0b0d0200": "application/vnd.ms-outlook",
    "108d8164": "application/vnd.ms-powerpoint",
    "84100c00": "application/x-msi",
}
_CFB_STREAMS = (
    ("__properties_version1.0", "application/vnd.ms-outlook"),
    ("WordDocument", "application/msword"),
    ("PowerPoint Document", "application/vnd.ms-powerpoint"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
    ("VisioDocument", "application/vnd.visio"),
)
_PGP = (
    ("-----BEGIN PGP SIGNATURE", "application/pgp-signature"),
    ("-----BEGIN PGP MESSAGE", "application/pgp-encrypted"),
    ("-----BEGIN PGP PUBLIC KEY", "application/pgp-keys"),
)
_OID_PKCS7 = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07"
# Types that are text though their name does not say so: kept where the bytes are text and the mail says so.
_TEXTUAL = re.compile(
    r"text/.+|application/(?:[a-z0-9.-]+\+(?:xml|json)|json|xml|xml-dtd|javascript|ecmascript|sql|yaml|toml"
    r"|x-yaml|x-sh|x-httpd-php|x-tex|x-latex|x-ndjson|x-patch|x-subrip|pgp-signature|pgp-keys|pgp-encrypted"
    r"|x-x509-ca-cert|pkix-cert|x-pem-file|gpx\+xml)|message/.+|model/.+|image/svg\+xml|image/x-xpixmap"
)
_TEXT_BY_EXTENSION = {
    "css": "text/css",
    "csv": "text/csv",
    "ics": "text/calendar",
    "js": "text/javascript",
    "md": "text/markdown",
    "tsv": "text/tab-separated-values",
    "vcf": "text/vcard",
    "yaml": "application/yaml",
    "yml": "application/yaml",
}
_HTML = re.compile(
    r"(?:<\?xml[^>]{0,200}\?>)?\s{0,200}(?:<!--[^>]{0,400}-->\s{0,200})?"
    r"<(?:!doctype\s{1,9}html|html|head|body|script|iframe|title|meta|style)[\s>/]",
    re.IGNORECASE,
)
_XML_ROOT = re.compile(r"<(?![?!])(?:[A-Za-z0-9_.-]{1,40}:)?([A-Za-z_][A-Za-z0-9_.-]{0,60})")
_MAIL_FIELD = re.compile(
    r"(?:return-path|received|from|to|subject|date|message-id|mime-version|delivered-to|x-[a-z0-9-]{1,60}"
    r"|content-type|dkim-signature|cc|reply-to|authentication-results|arc-[a-z-]{1,60}):",
    re.IGNORECASE,
)
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\x0b\x0c\r\x1b") + b"\x7f"


def media_type(content: bytes, *, declared: str = "", name: str = "") -> str:
    """The type of a file; the declared one only where the bytes do not tell."""
    declared = declared.lower()
    return _binary_type(content, declared) or _text_type(content, declared, name) or declared or OCTETS


def _binary_type(content: bytes, declared: str) -> str | None:
    for offset, signature, kind in _SIGNATURES:
        if content.startswith(signature, offset):
            return kind
    for start, look in _CONTAINERS:
        if content.startswith(start):
            return look(content, declared)
    if content[4:8] == b"ftyp":
        return _iso_media_type(content)
    if content[:2] == b"BM" and int.from_bytes(content[2:6], "little") == len(content) and len(content) > 26:
        return "image/bmp"
    if (at := content.find(b"%PDF-", 0, 1024)) == 0 or (at > 0 and content[at - 1] in b"\r\n\0"):
        return "application/pdf"  # readers accept junk before it (ISO 32000 annex H)
    if content[:1] == b"\x30" and _OID_PKCS7 in content[:40]:
        return _pkcs7_type(content, declared)
    return None


def _riff_type(content: bytes, declared: str) -> str | None:
    return _RIFF.get(content[8:12])


def _matroska_type(content: bytes, declared: str) -> str:
    return "video/webm" if b"webm" in content[:64] else "video/matroska"


def _portable_executable(content: bytes, declared: str) -> str | None:
    at = int.from_bytes(content[60:64], "little")
    is_executable = len(content) > 64 and (content[at : at + 2] in (b"PE", b"NE", b"LE") or b"\0" in content[:64])
    return "application/vnd.microsoft.portable-executable" if is_executable else None


def _iso_media_type(content: bytes) -> str:
    brand = content[8:12]
    if brand in (b"mif1", b"msf1"):
        compatible = content[16 : min(int.from_bytes(content[:4], "big"), 256)]
        for wanted in (b"avif", b"heic", b"heix"):
            if wanted in compatible:
                return _BRANDS[wanted]
    if brand[:2] == b"3g":
        return "video/3gpp"
    return _BRANDS.get(brand, "video/mp4")


def _zip_type(content: bytes, declared: str) -> str:
    """A zip by the names in its list of files, or by the type that ODF and EPUB write first (ODF 1.3 §3.3)."""
    if content[30:38] == b"mimetype":
        length = int.from_bytes(content[18:22], "little")
        start = 38 + int.from_bytes(content[28:30], "little")
        end = start + length if 0 < length < 128 else max(content.find(b"PK", start, start + 128), start)
        written = content[start:end].decode("ascii", "ignore").strip()
        if written.startswith("application/"):
            return written
    names = _names_in_zip(content)
    if any(name == b"[Content_Types].xml" for name in names):
        for prefix, kind in _OOXML:
            if any(name.startswith(prefix) for name in names):
                return kind
    if b"AndroidManifest.xml" in names:
        return "application/vnd.android.package-archive"
    if b"META-INF/MANIFEST.MF" in names:
        return "application/java-archive"
    return "application/zip"


def _names_in_zip(content: bytes) -> list[bytes]:
    """Names from the central directory (APPNOTE 4.3.12), at most 2,000; of a cut zip, from what is there."""
    names: list[bytes] = []
    end = content.rfind(b"PK\x05\x06", max(len(content) - 66_000, 0))
    position = int.from_bytes(content[end + 16 : end + 20], "little") if end >= 0 else 0
    entry, name_at, lengths_at = (b"PK\x01\x02", 46, 28) if end >= 0 else (b"PK\x03\x04", 30, 26)
    while len(names) < 2000 and (position := content.find(entry, position)) >= 0:
        length = int.from_bytes(content[position + lengths_at : position + lengths_at + 2], "little")
        names.append(content[position + name_at : position + name_at + min(length, 300)])
        position += name_at
    return names


def _compound_type(content: bytes, declared: str) -> str:
    """An OLE compound file by its root's class, else by its streams' names ([MS-CFB] §2.6)."""
    sector = 1 << min(int.from_bytes(content[30:32], "little"), 16)
    root = (int.from_bytes(content[48:52], "little") + 1) * sector
    if kind := _CFB_CLASSES.get(content[root + 80 : root + 84].hex()):
        return kind
    directory = content[root : root + sector]
    for where in (directory, content):
        for stream, kind in _CFB_STREAMS:
            if stream.encode("utf_16_le") in where:
                return kind
    if "EncryptedPackage".encode("utf_16_le") in content and declared.startswith("application/vnd."):
        return declared  # an office file under a password: only its sender knows which
    return "application/x-ole-storage"


def _pkcs7_type(content: bytes, declared: str) -> str:
    if "pkcs7" in declared:
        return declared.replace("/x-pkcs7", "/pkcs7")
    return "application/pkcs7-mime"


_CONTAINERS: tuple[tuple[bytes, Callable[[bytes, str], str | None]], ...] = (
    (b"PK\x03\x04", _zip_type),
    (b"PK\x05\x06", _zip_type),
    (b"PK\x07\x08", _zip_type),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _compound_type),
    (b"RIFF", _riff_type),
    (b"\x1a\x45\xdf\xa3", _matroska_type),
    (b"MZ", _portable_executable),
)


def _text_type(content: bytes, declared: str, name: str) -> str | None:
    """Which text it is, or None where the bytes are no text (or there are none)."""
    if not content or not _is_text(content):
        return None
    head = charsets.decode(content[:4096]).lstrip("\ufeff \t\r\n")
    extension = name.rpartition(".")[2].lower()
    if head.startswith("BEGIN:VCALENDAR"):
        return "text/calendar"
    if head.startswith("BEGIN:VCARD"):
        return "text/vcard"
    for start, kind in _PGP:
        if head.startswith(start):
            return kind
    if head.startswith("<"):
        if (markup := _markup_type(head, declared)) is not None:
            return markup
    elif _is_mail(head):
        return "message/rfc822"
    if head[:1] in "{[" and (extension == "json" or "json" in declared or head[:2] in ('{"', "[{", "{\n", "{\r")):
        return declared if declared.endswith("+json") else "application/json"
    if _TEXTUAL.fullmatch(declared) and declared not in ("text/plain", "message/rfc822"):
        return "text/plain" if declared in ("text/html", "application/json") and extension == "txt" else declared
    return _TEXT_BY_EXTENSION.get(extension, "text/plain")


def _is_text(content: bytes) -> bool:
    """Whether the first 8,192 bytes are text in UTF-8, UTF-16 with its mark, or an eight-bit charset."""
    head = content[:8192]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return len(head) % 2 == 0 or len(content) > 8192
    return len(head.translate(None, _CONTROLS)) == len(head) and not _is_mostly_high(head)


def _is_mostly_high(head: bytes) -> bool:
    """Random bytes: over a third outside ASCII, and no UTF-8 (a sign may be cut at the end)."""
    beyond_ascii = len(head) - len(head.translate(None, bytes(range(128, 256))))
    if beyond_ascii * 3 < len(head):
        return False
    return "\ufffd" in head[:-4].decode("utf_8", "replace")[:-1]


def _markup_type(head: str, declared: str) -> str | None:
    """HTML, SVG or XML; None for a text that merely begins with a bracket."""
    if _HTML.match(head):
        return "application/xhtml+xml" if declared == "application/xhtml+xml" else "text/html"
    root = _XML_ROOT.search(head)
    if root is not None and root[1].lower() == "svg":
        return "image/svg+xml"
    if root is not None and root[1].lower() == "html":
        return "text/html"
    if head.startswith("<?xml"):
        return declared if declared.endswith(("+xml", "/xml")) else "application/xml"
    return None


def _is_mail(head: str) -> bool:
    """Whether it opens as a mail does: three of the usual fields in its first lines, one of them at once."""
    lines = head.splitlines()[:40]
    if not lines or not _MAIL_FIELD.match(lines[1] if lines[0].startswith("From ") and lines[1:] else lines[0]):
        return False
    header = lines[: lines.index("")] if "" in lines else lines
    return sum(_MAIL_FIELD.match(line) is not None for line in header) >= 3

"""Bytes and the charset a mail claims for them → text. Never raises, never runs a codec that is no charset.

The claim is a hint, not a fact: UTF-8 labelled us-ascii, Windows-1252 labelled ISO-8859-1 and names that
exist nowhere are ordinary mail. Valid UTF-8 with multi-byte sequences is taken as UTF-8 under any
single-byte label, since text in another charset is almost never valid UTF-8 by chance; the other
substitutions are those of the WHATWG Encoding standard (a superset in place of the labelled set). What has
no label and is no UTF-8 is Windows-1252: charset-normalizer 3.5 was measured on six Swedish sentences in it
and got none right (cp1250, hp_roman8, cp852).
"""

from __future__ import annotations

import codecs
import re
import unicodedata
from encodings.aliases import aliases

# Python codecs that turn text into text or bytes into bytes, run code paths of their own, or exist on
# one platform only: none of them is a charset of mail.
_NOT_CHARSETS = """
base64_codec bz2_codec hex_codec idna mbcs oem palmos punycode quopri_codec raw_unicode_escape rot_13
undefined unicode_escape unicode_internal uu_codec zlib_codec
"""
_NOT_ALIASED = """
cp720 cp737 cp856 cp874 cp875 cp1006 koi8_r koi8_t koi8_u mac_arabic mac_croatian mac_farsi mac_romanian
"""
_ALSO_CALLED = {
    "ansix341968": "ascii",
    "iso88596e": "iso8859_6",
    "iso88596i": "iso8859_6",
    "iso88598e": "iso8859_8",
    "iso88598i": "iso8859_8",
    "ksc5601": "cp949",
    "ksc56011989": "cp949",
    "cp949": "cp949",
    "cp936": "gb18030",
    "windows31j": "cp932",
    "mac": "mac_roman",
    "macce": "mac_latin2",
    "maccentraleurroman": "mac_latin2",
    "unicode": "utf_16",
    "unicode11utf7": "utf_7",
    "unicode11utf8": "utf_8",
    "utf8mb4": "utf_8",
    "sjis": "cp932",
}
_NOT_ALPHANUMERIC = re.compile(r"[^a-z0-9]+")
# Only names in here reach codecs.lookup: it caches every name it is asked for, for ever.
_CODECS = {
    **{_NOT_ALPHANUMERIC.sub("", codec): codec for codec in (*aliases.values(), *_NOT_ALIASED.split())},
    **{_NOT_ALPHANUMERIC.sub("", alias): codec for alias, codec in aliases.items()},
    **_ALSO_CALLED,
}
_CODECS = {name: codec for name, codec in _CODECS.items() if codec not in _NOT_CHARSETS.split()}
_CODE_PAGE = re.compile(r"(?:windows|win|cp|dos|ibm|oem|ms)(\d{3,4})")
# What is tried in place of a codec, in this order: supersets that real mail uses under the smaller label.
_TRY = {
    "big5": ("big5", "cp950", "big5hkscs"),
    "cp950": ("cp950", "big5hkscs"),
    "euc_jp": ("euc_jp", "euc_jis_2004"),
    "euc_kr": ("cp949",),
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "iso2022_jp": ("iso2022_jp", "iso2022_jp_ext", "iso2022_jp_2004"),
    "iso8859_9": ("cp1254",),
    "iso8859_11": ("cp874",),
    "johab": ("johab", "cp949"),
    "shift_jis": ("cp932", "shift_jis_2004"),
    "tis_620": ("cp874",),
}
_MULTI_BYTE = """
big5 big5hkscs cp932 cp949 cp950 euc_jis_2004 euc_jisx0213 euc_jp euc_kr gb18030 gb2312 gbk hz iso2022_jp
iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr johab shift_jis
shift_jis_2004 shift_jisx0213 utf_7
""".split()  # noqa: SIM905 (a word list reads better as words)
_WESTERN = frozenset(("ascii", "latin_1", "iso8859_1", "cp1252", "utf_8", "utf_8_sig"))
_BOMS = (
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF32_LE, "utf_32_le"),
    (codecs.BOM_UTF16_LE, "utf_16_le"),
    (codecs.BOM_UTF16_BE, "utf_16_be"),
)
# The 27 signs that Windows-1252 has where ISO-8859-1 has C1 control codes; the other five stay as they are.
_C1_TO_1252 = {
    byte: sign
    for byte in range(0x80, 0xA0)
    if (sign := bytes([byte]).decode("cp1252", "ignore"))
}  # fmt: skip
_META_CHARSET = re.compile(rb"charset\s{0,9}=\s{0,9}[\"']?\s{0,9}([A-Za-z0-9_.:-]{1,40})", re.ASCII)


def decode(data: bytes, declared: str | None = None) -> str:
    """Read bytes as text, by the declared charset where it holds, else by what the bytes say.

    Bytes that fit nothing become U+FFFD. A byte-order mark is obeyed and dropped.
    """
    for mark, marked in _BOMS:
        if data.startswith(mark):
            return data[len(mark) :].decode(marked, "replace")
    codec = _codec(declared)
    if codec in ("utf_16", "utf_16_be", "utf_16_le", "utf_32", "utf_32_be", "utf_32_le"):
        return _decode_wide(data, codec)
    if codec in _MULTI_BYTE:
        return _decode_multi_byte(data, codec)
    if codec is None or codec in _WESTERN:
        return _decode_western(data, codec)
    if (text := _as_utf8(data)) is not None:
        return text
    text = data.decode(_TRY.get(codec, (codec,))[0], "replace")
    # Windows-1258 writes tone marks after the letter (RFC 1766's Vietnamese); everybody else composes them.
    return unicodedata.normalize("NFC", text) if codec == "cp1258" else text


def is_known(declared: str) -> bool:
    """Whether the name is a charset that can be read."""
    return _codec(declared) is not None


def of_html(data: bytes) -> str | None:
    """The charset an HTML document names in its first 2,048 bytes, or None (WHATWG HTML §13.2.3.2)."""
    found = _META_CHARSET.search(data[:2048])
    return found[1].decode("ascii") if found else None


def _codec(declared: str | None) -> str | None:
    """Python's name for a charset; None for a missing, unknown or refused one."""
    if not declared or len(declared) > 60:
        return None
    name = declared.partition("*")[0].partition("(")[0].lower().strip(" \t\"'").removeprefix("charset=")
    squeezed = _NOT_ALPHANUMERIC.sub("", name)
    for candidate in (squeezed, squeezed.removeprefix("x"), squeezed.removeprefix("cs")):
        if code_page := _CODE_PAGE.fullmatch(candidate):
            candidate = f"cp{code_page[1]}"
        if codec := _CODECS.get(candidate):
            return codec
    return None


def _as_utf8(data: bytes) -> str | None:
    """The text where the bytes are UTF-8 beyond ASCII, else None."""
    if data.isascii():
        return None
    try:
        return data.decode("utf_8")
    except UnicodeDecodeError:
        return None


def _decode_western(data: bytes, codec: str | None) -> str:
    """ASCII, ISO-8859-1, Windows-1252, UTF-8, or nothing known: told apart by the bytes."""
    if data.isascii():
        return _decode_ascii(data)
    if (text := _as_utf8(data)) is not None:
        return text
    if codec is None and (wide := _wide_by_zeros(data)):
        return data.decode(wide, "replace")
    # Some faulty bytes in much good UTF-8 (a cut line, a pasted name) do not make it Windows-1252.
    text = data.decode("utf_8", "replace")
    faults = text.count("\ufffd")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore")) - faults
    if beyond_ascii > 2 * faults or (codec in ("utf_8", "utf_8_sig") and beyond_ascii > faults):
        return text
    return data.decode("latin_1").translate(_C1_TO_1252)


def _decode_ascii(data: bytes) -> str:
    """Seven bits: ISO-2022-JP where its escapes are, UTF-16 where every other byte is zero, else ASCII."""
    if b"\x1b$" in data and b"\x1b(" in data:
        return data.decode("iso2022_jp", "replace")
    if wide := _wide_by_zeros(data):
        return data.decode(wide, "replace")
    return data.decode("ascii")


def _wide_by_zeros(data: bytes) -> str | None:
    """UTF-16's byte order by where the zero bytes are, or None where there are few."""
    sample = data[:4096]
    if len(sample) < 16:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) < 0.3 * len(sample) / 2 or min(even, odd) > 0.1 * max(even, odd):
        return None
    return "utf_16_be" if even > odd else "utf_16_le"


def _decode_wide(data: bytes, codec: str) -> str:
    """UTF-16 and UTF-32, also without a byte-order mark, also where the label is plainly wrong."""
    if codec.startswith("utf_32"):
        return data.decode("utf_32_be" if codec == "utf_32" else codec, "replace")
    by_zeros = _wide_by_zeros(data)
    if by_zeros is None and 0 not in data and (data.isascii() or _as_utf8(data) is not None):
        return data.decode("utf_8")
    return data.decode(by_zeros or ("utf_16_be" if codec == "utf_16" else codec), "replace")


def _decode_multi_byte(data: bytes, codec: str) -> str:
    """East Asian charsets and UTF-7: the label, its supersets, UTF-8, then the label with replacements."""
    attempts = _TRY.get(codec, (codec,))
    for attempt in (*attempts, "utf_8"):
        try:
            return _without_surrogates(data.decode(attempt))
        except UnicodeDecodeError:
            continue
    return _without_surrogates(data.decode(attempts[0], "replace"))


def _without_surrogates(text: str) -> str:
    """UTF-7 can spell lone surrogates, which no UTF-8 output can hold."""
    return text.encode("utf_8", "replace").decode("utf_8")

"""Bytes and a claimed charset become text, whatever is claimed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.parts import charsets

SWEDISH = "Gång- och cykelväg till Östersund"


@pytest.mark.parametrize("label", ["utf-8", "us-ascii", "iso-8859-1", "windows-1252", "x-okänd", "koi8-r", None, ""])
def test_utf8_is_read_as_utf8_under_any_single_byte_label(label: str | None) -> None:
    assert charsets.decode(SWEDISH.encode(), label) == SWEDISH


@pytest.mark.parametrize("label", ["utf-8", "us-ascii", "iso-8859-1", "windows-1252", "unknown-8bit", None])
def test_windows_1252_is_read_under_every_western_label(label: str | None) -> None:
    text = "Det ”bästa” – 100 €, på svenska"

    assert charsets.decode(text.encode("cp1252"), label) == text


@pytest.mark.parametrize(
    ("label", "codec", "text"),
    [
        ("gb2312", "gb18030", "市政府的建议，谢谢 镕"),
        ("GBK", "gbk", "市政府的建议"),
        ("big5", "big5", "建議一條路"),
        ("ks_c_5601-1987", "cp949", "제안합니다 똠"),
        ("iso-2022-jp", "iso2022_jp", "提案があります"),
        ("shift_jis", "cp932", "提案①があります"),
        ("euc-jp", "euc_jp", "提案があります"),
        ("koi8-r", "koi8_r", "Предложение для города"),
        ("windows-1251", "cp1251", "Предложение для города"),
        ("win-1251", "cp1251", "Предложение для города"),
        ("iso-8859-8-i", "iso8859_8", "שלום"),
        ("tis-620", "cp874", "สวัสดี"),
        ("iso-8859-9", "cp1254", "Merhaba dünya ğüşiöç"),
        ("x-mac-roman", "mac_roman", "Gång och väg"),
        ("macintosh", "mac_roman", "Gång och väg"),
        ("cp-850", "cp850", "Gång och väg"),
        ("iso-8859-15", "iso8859_15", "100 € på väg"),
        ("hz-gb-2312", "hz", "市政府"),
        ("unicode-1-1-utf-7", "utf_7", "Gång"),
        ("windows1252", "cp1252", "väg"),
        ("utf-16", "utf_16", "Gång och väg"),
        ('"utf-8"', "utf_8", "väg"),
    ],
)
def test_text_comes_back_from_its_own_charset(label: str, codec: str, text: str) -> None:
    assert charsets.decode(text.encode(codec), label) == text


def test_vietnamese_is_composed_as_everybody_writes_it() -> None:
    # zammad#3951: Windows-1258 has the tone marks as signs of their own
    assert charsets.decode("Xin cha\u0300o".encode("cp1258"), "windows-1258") == "Xin chào"


@pytest.mark.parametrize("codec", ["utf_16_le", "utf_16_be"])
@pytest.mark.parametrize("label", ["utf-16", None])
def test_utf16_without_a_mark_is_told_by_its_zeros(codec: str, label: str | None) -> None:
    text = "En vanlig mening om en väg."

    assert charsets.decode(text.encode(codec), label) == text


def test_ascii_under_a_utf16_label_stays_ascii() -> None:
    assert charsets.decode(b"plain words!", "utf-16") == "plain words!"


@pytest.mark.parametrize(
    "name",
    [
        "idna",
        "punycode",
        "rot13",
        "zlib",
        "bz2",
        "hex",
        "base64",
        "undefined",
        "unicode_escape",
        "mbcs",
        "uu",
        "../x",
        "a" * 999,
    ],
)
def test_codecs_that_are_no_charsets_are_refused(name: str) -> None:
    assert not charsets.is_known(name)
    assert charsets.decode(b"words\\u0041", name) == "words\\u0041"


def test_one_faulty_byte_does_not_turn_utf8_into_windows_1252() -> None:
    assert charsets.decode(SWEDISH.encode() + b" \xe5", "utf-8") == SWEDISH + " \ufffd"


def test_a_byte_order_mark_is_obeyed_and_dropped() -> None:
    assert charsets.decode(b"\xef\xbb\xbf" + SWEDISH.encode(), "iso-8859-1") == SWEDISH


def test_html_names_its_charset() -> None:
    assert charsets.of_html(b'<html><head><meta charset="koi8-r">') == "koi8-r"
    assert charsets.of_html(b"<p>charset is a word</p>") is None


@given(st.binary(max_size=200), st.one_of(st.none(), st.text(max_size=20), st.sampled_from(sorted(charsets._CODECS))))
def test_any_bytes_under_any_name_give_text_that_utf8_can_hold(data: bytes, name: str | None) -> None:
    charsets.decode(data, name).encode("utf-8")

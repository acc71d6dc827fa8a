"""winmail.dat is opened one level, and nothing in it can hurt."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.parts import rtf, tnef
from tests.support.growth import assert_linear

HEADER = tnef.SIGNATURE + b"\x01\x00"


def attribute(name: int, value: bytes) -> bytes:
    return struct.pack("<BHHI", 2, name, 6, len(value)) + value + b"\0\0"


def variable(kind: int, tag: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, tag, 1, len(value)) + value + b"\0" * (-len(value) % 4)


def properties(*values: bytes) -> bytes:
    return struct.pack("<I", len(values)) + b"".join(values)


def file(name: bytes, content: bytes) -> bytes:
    return attribute(0x9002, b"\0" * 14) + attribute(0x8010, name + b"\0") + attribute(0x800F, content)


def test_files_and_text_are_found() -> None:
    number = struct.pack("<HHI", 0x03, 0x3FDE, 1252)
    named = struct.pack("<HH", 0x1F, 0x8001) + b"G" * 16 + struct.pack("<II", 1, 6) + b"a\0b\0\0\0\0\0"
    named += struct.pack("<II", 1, 4) + b"x\0\0\0"
    message = attribute(0x9003, properties(number, named, variable(0x1E, 0x1000, "Hej på\0".encode("cp1252"))))

    opened = tnef.open_(HEADER + message + file(b"a.pdf", b"%PDF") + file(b"b.txt", b"text"))

    assert opened is not None
    assert opened.text == "Hej på"
    assert [(one.name, one.content) for one in opened.files] == [("a.pdf", b"%PDF"), ("b.txt", b"text")]


def test_the_long_name_is_taken_and_read_in_its_charset() -> None:
    long = properties(
        variable(0x1F, 0x3707, "åäö.docx\0".encode("utf_16_le")), variable(0x1E, 0x370E, b"application/x\0")
    )

    opened = tnef.open_(HEADER + file(b"AAO~1.DOC", b"x") + attribute(0x9005, long))

    assert opened is not None
    assert (opened.files[0].name, opened.files[0].type) == ("åäö.docx", "application/x")


def test_a_message_embedded_stays_a_file_of_its_own() -> None:
    inner = HEADER + file(b"deep.txt", b"x")

    opened = tnef.open_(
        HEADER + file(b"mail", b"") + attribute(0x9005, properties(variable(0x0D, 0x3701, b"I" * 16 + inner)))
    )

    assert opened is not None
    assert [one.content for one in opened.files] == [inner]


def test_words_only_in_rtf_are_read() -> None:
    document = b"{\\rtf1\\ansi\\ansicpg1252 {\\fonttbl{\\f0 Arial;}}{\\*\\generator x}V\\'e4g\\par \\u8211?b\\{r\\}o}"
    packed = struct.pack("<II4sI", len(document) + 12, len(document), b"MELA", 0) + document

    opened = tnef.open_(HEADER + attribute(0x9003, properties(variable(0x102, 0x1009, packed))))

    assert opened is not None
    assert opened.text == "Väg\n–b{r}o"


def test_compressed_rtf_is_undone() -> None:
    # the example of [MS-OXRTFCP] §3.1
    packed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )

    assert rtf.decompress(packed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_html_inside_rtf_leaves_its_words() -> None:
    document = b"{\\rtf1\\ansi\\fromhtml1 {\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 Hej\\htmlrtf }\\htmlrtf0}"

    assert rtf.to_text(document) == "Hej"


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", tnef.SIGNATURE[:3]])
def test_what_is_no_winmail_is_none(data: bytes) -> None:
    assert tnef.open_(data) is None


def test_a_cut_file_gives_what_is_there() -> None:
    opened = tnef.open_((HEADER + file(b"a.txt", b"hello world"))[:-8])

    assert opened is not None
    assert opened.files[0].content == b"hello"


def test_a_bomb_of_rtf_stays_small() -> None:
    packed = struct.pack("<II4sI", 0, 0xFFFFFFFF, b"LZFu", 0) + b"\xff" + b"\x00\x1f" * 8

    assert len(rtf.decompress(packed * 1000) or b"") <= rtf.MAX_BYTES


SHAPES = {
    "empty attributes": lambda count: HEADER + attribute(0x8004, b"") * count,
    "files": lambda count: HEADER + file(b"x", b"") * count,
    "properties": lambda count: (
        HEADER + attribute(0x9003, struct.pack("<I", count) + struct.pack("<HHI", 3, 1, 1) * count)
    ),
    "values": lambda count: HEADER + attribute(0x9003, struct.pack("<IHHI", 1, 0x101E, 1, count) + b"\0" * 4 * count),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_opening_takes_linear_time(shape: str) -> None:
    assert_linear(tnef.open_, make=SHAPES[shape])


@pytest.mark.parametrize("shape", [b"{", b"}", b"\\", b"\\u1?", b"{\\*", b"\\'e5", b"\\aaaa", b"\\'"])
def test_reading_rtf_takes_linear_time(shape: bytes) -> None:
    assert_linear(rtf.to_text, make=lambda count: b"{\\rtf1 " + shape * min(count, 100_000))


@given(st.binary(max_size=300))
def test_no_bytes_make_opening_raise(data: bytes) -> None:
    for name in (0x9003, 0x9005, 0x8010, 0x800C, 0x9007):
        tnef.open_(HEADER + file(b"x", b"y") + attribute(name, data))
    tnef.open_(HEADER + data)
    rtf.to_text(data)
    rtf.decompress(struct.pack("<II4sI", 0, 1000, b"LZFu", 0) + data)

"""Command lines, whole and in pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.smtp import replies
from services.intake.smtp.commands import MAX_LINE, Broken, has_controls, split, take_line


def _read(octets: bytes, size: int) -> tuple[list[bytes], bytes | None]:
    """The lines that come out of ``octets`` in pieces of ``size``, and the reply that ended it."""
    buffer, lines = bytearray(), []
    try:
        for start in range(0, len(octets), size):
            buffer += octets[start : start + size]
            while (line := take_line(buffer)) is not None:
                lines.append(line)
    except Broken as broken:
        return lines, broken.reply
    return lines, None


@given(
    st.lists(st.sampled_from([b"NOOP", b"A b", b"\r\n", b"\n", b"\r", b"x", b" ", b"\0"]), max_size=12).map(b"".join),
    st.integers(1, 9),
)
def test_pieces_of_any_size_read_the_same(octets: bytes, size: int) -> None:
    whole, whole_end = _read(octets, len(octets) or 1)
    pieces, pieces_end = _read(octets, size)

    assert pieces == whole
    assert (pieces_end is None) == (whole_end is None)


@given(st.lists(st.from_regex(r"[A-Za-z][!-~ ]{0,20}", fullmatch=True), max_size=8), st.integers(1, 50))
def test_proper_lines_come_out_as_they_went_in(lines: list[str], size: int) -> None:
    octets = "".join(f"{line}\r\n" for line in lines).encode()

    assert _read(octets, size) == ([line.encode() for line in lines], None)


@pytest.mark.parametrize(
    ("octets", "reply"),
    [
        (b"NOOP\n", replies.BARE_LINE_END),
        (b"NOOP\rx", replies.BARE_LINE_END),
        (b"NOOP\r\r\n", replies.BARE_LINE_END),
        (b"x" * MAX_LINE, replies.LINE_TOO_LONG),
        (b"x" * (MAX_LINE - 1) + b"\r\n", replies.LINE_TOO_LONG),
        (b"\x16\x03\x01", replies.NOT_SMTP),
        (b"\xef\xbb\xbfEHLO x\r\n", replies.NOT_SMTP),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_what_is_no_command_line_ends_the_session(octets: bytes, reply: bytes) -> None:
    assert _read(octets, len(octets))[1] == reply


def test_the_longest_line_is_read() -> None:
    line = b"x" * (MAX_LINE - 2)

    assert _read(line + b"\r\n", 100) == ([line], None)


def test_a_verb_is_told_from_its_argument() -> None:
    assert split(b"mail  FROM:<a@b> ") == (b"MAIL", b"FROM:<a@b>")
    assert split(b"NOOP\tx") == (b"NOOP", b"x")
    assert split(b"") == (b"", b"")
    with pytest.raises(Broken):
        split(b"get / HTTP/1.1")


def test_a_tab_is_no_control_character_and_nul_is() -> None:
    assert not has_controls("NOOP\tå".encode())
    assert all(has_controls(bytes([octet])) for octet in (0, 1, 8, 11, 27, 127))

"""The end of a mail and its dots, against a slow reading of RFC 5321 §4.5.2."""

from __future__ import annotations

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from services.intake.smtp.data import Body

OCTETS = st.lists(
    st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"\r\n.", b"\r\n.\r\n", b"a", b"\0", b"\xe5"]), max_size=30
).map(b"".join)


def slow_reading(octets: bytes) -> tuple[bytes, bytes] | None:
    """Content and rest, one line after the other as the standard tells it; None without an end."""
    content = b""
    while True:
        line, crlf, octets = octets.partition(b"\r\n")
        if not crlf:
            return None
        if line == b".":
            return content, octets
        content += line.removeprefix(b".") + crlf


@given(OCTETS, st.lists(st.integers(1, 6), min_size=1, max_size=40))
def test_any_octets_in_any_chunks_read_as_the_standard_says(octets: bytes, sizes: list[int]) -> None:
    body = Body(limit=10_000)
    position, turn = 0, 0
    rest = b""
    while position < len(octets) and not body.ended:
        size = sizes[turn % len(sizes)]
        rest = body.feed(octets[position : position + size])
        position, turn = position + size, turn + 1

    expected = slow_reading(octets)
    assert body.ended == (expected is not None)
    if expected is not None:
        content, following = expected
        assert bytes(body.content) == content
        assert body.sha256() == hashlib.sha256(content).digest()
        assert rest + octets[position:] == following


@given(OCTETS)
def test_what_a_careful_sender_stuffs_comes_out_as_it_was(lines: bytes) -> None:
    content = lines + b"\r\n"
    stuffed = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
    body = Body(limit=10_000)

    assert body.feed(stuffed + b".\r\n") == b""
    assert bytes(body.content) == content


def test_a_lone_dot_at_once_is_an_empty_mail() -> None:
    body = Body(limit=10)

    assert body.feed(b".\r\nNOOP\r\n") == b"NOOP\r\n"
    assert body.ended
    assert body.content == b""


def test_what_is_over_the_limit_is_forgotten_and_its_end_still_found() -> None:
    body = Body(limit=1000)
    for _ in range(100):
        body.feed(b"x" * 999)
        assert len(body.content) <= 1000
    assert body.over

    assert body.feed(b"\r\n.\r\nRSET\r\n") == b"RSET\r\n"
    assert body.content == b""


def test_a_mail_of_exactly_the_limit_is_kept() -> None:
    body = Body(limit=1000)
    body.feed(b"x" * 998 + b"\r\n.\r\n")

    assert not body.over
    assert len(body.content) == 1000

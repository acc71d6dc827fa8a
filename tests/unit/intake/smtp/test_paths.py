"""The grammar of envelopes."""

from __future__ import annotations

import pytest

from services.intake.smtp import replies
from services.intake.smtp.addresses import fold, without_tag
from services.intake.smtp.paths import parameters, split_address, take_path
from services.intake.smtp.sender import Sender, parse_sender
from tests.support.growth import assert_linear


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("FROM:<a@b>", ("a@b", "")),
        ("from: <a@b> SIZE=1", ("a@b", " SIZE=1")),
        ("FROM:<>", ("", "")),
        ("FROM:a@b SIZE=1", ("a@b", "SIZE=1")),
        ('FROM:<"a>b"@c>', ('"a>b"@c', "")),
        ('FROM:<"a\\">b"@c> X', ('"a\\">b"@c', " X")),
        ("FROM:", None),
        ("FROM:<a@b", None),
        ('FROM:<"a>', None),
        ("FROM:<a@b>x", None),
        ("TO:<a@b>", None),
    ],
)
def test_a_path_is_taken_out_of_its_brackets(argument: str, expected: tuple[str, str] | None) -> None:
    assert take_path(argument, "FROM:") == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a@b.example", ("a", "b.example")),
        ("a..b.@c", ("a..b.", "c")),
        ("a+b=c/d#e@f", ("a+b=c/d#e", "f")),
        ('"a b"@c', ("a b", "c")),
        ('"a\\"b"@c', ('a"b', "c")),
        ("åsa@exämple.se", ("åsa", "exämple.se")),
        ("a@[192.0.2.1]", ("a", "[192.0.2.1]")),
        ("root", ("root", "")),
        ("", None),
        ("a@", None),
        ("@b", None),
        ("a@b@c", None),
        ("@a:b@c", None),
        ("a b@c", None),
        ("a@b c", None),
        ("a@b,c@d", None),
        ("a@b..c", None),
        ("a@.b", None),
        ("a@b.", None),
        ("a\0@b", None),
        ('"a@b', None),
        ("a@[x y]", None),
    ],
)
def test_an_address_is_split_or_refused(path: str, expected: tuple[str, str] | None) -> None:
    assert split_address(path) == expected


def test_parameters_are_read_or_refused() -> None:
    assert parameters(" SIZE=5 body=8BITMIME smtputf8") == {"SIZE": "5", "BODY": "8BITMIME", "SMTPUTF8": None}
    assert parameters("") == {}
    assert all(parameters(text) is None for text in ("=", "A=", "A==", "A=b=c", "-A", "A A", "å=1"))


def test_a_sender_is_read_with_what_it_declares() -> None:
    assert parse_sender("FROM:<å@b> SIZE=7 SMTPUTF8 BODY=8bitmime", extended=True) == Sender("å@b", 7, True)
    assert parse_sender("FROM:<>", extended=False) == Sender("", 0, False)
    assert parse_sender("FROM:<> SIZE", extended=True) == replies.BAD_ARGUMENT
    assert parse_sender("FROM:<> SIZE=²", extended=True) == replies.BAD_ARGUMENT


def test_addresses_are_the_same_in_any_case_and_composition() -> None:
    same = {
        fold("åsa", "exämple.se"),
        fold("ÅSA", "EXÄMPLE.SE"),
        fold("a\u030asa", "exa\u0308mple.se"),
        fold("åsa", "xn--exmple-cua.se"),
        fold("Åsa", "XN--EXMPLE-CUA.se"),
    }

    assert len(same) == 1
    assert fold("IDE", "Krokom.Example") == "ide@krokom.example"
    assert fold("å", "\udcff..") == "å@\udcff.."


def test_a_tag_is_what_follows_the_first_plus() -> None:
    assert without_tag("ide+a+b") == "ide"
    assert without_tag("ide") == "ide"
    assert without_tag("+tag") == "+tag"


@pytest.mark.parametrize("unit", ['"', '"\\', "a.", "<", "[", "a@"])
def test_no_line_takes_longer_than_its_length(unit: str) -> None:
    def read(hostile: str) -> None:
        for text in (hostile, f"FROM:<{hostile}>", f"a@{hostile}"):
            take_path(text, "FROM:")
            split_address(text)
            parameters(text)

    assert_linear(read, make=lambda count: unit * (count // len(unit)))

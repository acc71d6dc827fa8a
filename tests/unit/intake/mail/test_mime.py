"""A mail's bytes become a tree, whatever they are, at a cost in proportion to their number."""

import base64
import email
import email.policy
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail.model import Part
from services.intake.mail.parts import mime
from tests.support.growth import assert_linear

FIXTURES = Path(__file__).parents[3] / "fixtures" / "mail" / "mime"

TREE = b"""From: a@b.example\r
Content-Type: multipart/mixed; boundary="ut er"\r
\r
preamble\r
--ut er\r
Content-Type: multipart/alternative; boundary=inner\r
\r
--inner\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Hej p=C3=A5 =\r
dig\r
--inner\r
Content-Type: text/html\r
\r
<p>Hej</p>\r
\r
--inner--\r
--ut er  \r
Content-Type: application/pdf; name*=utf-8''r%C3%A4k.pdf\r
Content-Disposition: attachment\r
Content-Transfer-Encoding: base64\r
\r
JVBERi0x\r
--ut er\r
Content-Type: message/rfc822\r
\r
Subject: inner\r
\r
body\r
--ut er--\r
epilogue\r
"""


def types(part: Part) -> list[str]:
    return [one.type for one in part.walk()]


def leaves(part: Part) -> list[bytes]:
    return [one.content for one in part.walk() if not one.children]


def test_a_tree_is_read_with_encodings_undone() -> None:
    tree, reasons = mime.parse(TREE)

    assert types(tree) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
        "message/rfc822",
        "text/plain",
    ]
    assert leaves(tree) == ["Hej på dig".encode(), b"<p>Hej</p>\r\n", b"%PDF-1", b"body"]
    assert tree.children[1].filename == "räk.pdf"
    assert tree.children[1].disposition == "attachment"
    assert reasons == ()


def test_an_attached_message_keeps_its_bytes() -> None:
    tree, _ = mime.parse(TREE)

    assert tree.children[2].content == b"Subject: inner\r\n\r\nbody"
    assert tree.children[2].children[0].headers.get("subject") == "inner"


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\r\n"])
def test_every_kind_of_line_end_gives_the_same_tree(line_end: bytes) -> None:
    tree, _ = mime.parse(TREE.replace(b"\r\n", line_end))

    assert types(tree) == types(mime.parse(TREE)[0])


# Fixtures that the standard library does not read as they are meant.
BEYOND_STANDARD_LIBRARY = ("wrong-boundary", "base64-message", "mixed-line-ends", "wrong-base64", "mbox-from")


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(FIXTURES.glob("*.eml")) if path.stem not in BEYOND_STANDARD_LIBRARY],
    ids=lambda path: path.stem,
)
def test_attached_bytes_are_those_that_the_standard_library_decodes(path: Path) -> None:
    raw = path.read_bytes()
    expected = [
        part.get_payload(decode=True)
        for part in email.message_from_bytes(raw, policy=email.policy.compat32).walk()
        if part.get_filename() and not part.is_multipart()
    ]

    tree, _ = mime.parse(raw)

    assert [part.content for part in tree.walk() if part.filename and not part.children] == expected


@pytest.mark.parametrize(
    ("raw", "subject", "body"),
    [
        (b"Subject: a\n\nbody", "a", b"body"),
        (b"Subject: a\nbody without a blank line", "a", b"body without a blank line"),
        (b"\r\n\r\nSubject: a\n\nbody", "a", b"body"),
        (b"From x Tue Nov 24\nSubject: a\n\nbody", "a", b"body"),
        (b">From x Tue Nov 24\nSubject: a\n\nbody", "a", b"body"),
        (b"Subject: a\n b\n\tc\n\nbody", "a b c", b"body"),
        (b"Subject: a\nb\nFrom: x@y.z\n\nbody", "a b", b"body"),
        (b"Subject: a\n \nbody", "a", b"body"),
        (b"Subject: a\n \nFrom: x@y.z\n\nbody", "a", b"body"),
        (b"Subject : a\n\nbody", "a", b"body"),
        (b"Subject: a\0b\n\nbody", "a b", b"body"),
        ("Subject: å\n\nbody".encode(), "å", b"body"),
        ("Subject: å\n\nbody".encode("latin-1"), "å", b"body"),
        (b"just words", None, b"just words"),
        (b"", None, b""),
        (b"\0\0\0", None, b"\0\0\0"),
    ],
)
def test_a_header_is_told_from_the_body(raw: bytes, subject: str | None, body: bytes) -> None:
    tree, _ = mime.parse(raw)

    assert tree.headers.get("Subject") == subject
    assert tree.content == body


@pytest.mark.parametrize(
    ("encoding", "body", "decoded"),
    [
        ("base64", b"SGVq", b"Hej"),
        ("base64", b"SGVqIQ", b"Hej!"),
        ("base64", b"SGVqIQ=", b"Hej!"),
        ("base64", b"SGVqI", b"Hej"),
        ("base64", b"SGVq\r\n!IGTDpQ==\r\n", "Hej då".encode()),
        ("base64", b"SGVqIQ==\nSGVqIQ==", b"Hej!Hej!"),
        ("base64", b"SGVqIQ==\n\n_____________\nlista@x.example - ta bort mig har\n", b"Hej!"),
        ("base64", b"SGVq" * 12 + b"\n____________\nLista x mailing list\n", b"Hej" * 12),
        ("base64", b"SGVq" * 12 + b"\n\n-- \nYou received this message\n", b"Hej" * 12),
        (
            "base64",
            b"Hello\n\nwords alone, which nobody has encoded at all\n",
            b"Hello\n\nwords alone, which nobody has encoded at all\n",
        ),
        ("BASE64 ", b"SGVq", b"Hej"),
        (
            "base64",
            "Det här är vanlig text, inte kodad alls.".encode(),
            "Det här är vanlig text, inte kodad alls.".encode(),
        ),
        ("quoted-printable", b"p=C3=A5 1+1=2 =zz =", "på 1+1=2 =zz ".encode()),
        ("quoted-printable", b"a=  \r\nb=\t\nc", b"abc"),
        ("x-uuencode", b"begin 644 a.txt\n#8V%T\n`\nend\n", b"cat"),
        ("x-uuencode", b"none", b"none"),
        ("8bit", "på".encode(), "på".encode()),
        ("okand", b"abc", b"abc"),
    ],
)
def test_transfer_encodings_are_undone_as_far_as_they_hold(encoding: str, body: bytes, decoded: bytes) -> None:
    tree, _ = mime.parse(b"Content-Transfer-Encoding: " + encoding.encode() + b"\n\n" + body)

    assert tree.content == decoded


def test_a_part_may_have_no_header_and_no_body() -> None:
    tree, _ = mime.parse(b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n--b\nX: y\n--b--")

    assert leaves(tree) == [b"text", b"", b""]


def test_an_outer_boundary_ends_what_is_still_open_inside() -> None:
    tree, _ = mime.parse(
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\n\nx\n--a\n\ny\n--a--\n"
    )

    assert leaves(tree) == [b"x", b"y"]
    assert len(tree.children) == 2


def test_the_same_boundary_inside_itself_ends_nowhere_wrong() -> None:
    tree, _ = mime.parse(
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=a\n\n"
        b"--a\n\nx\n--a--\n--a\n\ny\n--a--\n"
    )

    assert leaves(tree) == [b"x", b"y"]


def test_a_multipart_with_nothing_in_it_is_text() -> None:
    tree, reasons = mime.parse(b"Content-Type: multipart/mixed\n\nwords")

    assert (tree.type, tree.content) == ("text/plain", b"words")
    assert reasons


def test_a_digest_holds_messages_by_default() -> None:
    tree, _ = mime.parse(b"Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: a\n\nx\n--b--\n")

    assert types(tree) == ["multipart/digest", "message/rfc822", "text/plain"]


@pytest.mark.parametrize("value", [b"/", b"text", b"", b"text/", b";", "text/på".encode(), b'"text/html'])
def test_a_malformed_type_is_plain_text_or_what_was_plainly_meant(value: bytes) -> None:
    tree, _ = mime.parse(b"Content-Type: " + value + b"\n\nx")

    assert tree.type in ("text/plain", "text/html")


def test_depth_is_bounded_and_said() -> None:
    # zammad#1877, the "MIME of death"
    deep = b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(1000))

    tree, reasons = mime.parse(deep + b"\nx")

    assert len(types(tree)) == 101
    assert any("nested deeper than 100" in reason for reason in reasons)


def test_messages_in_messages_are_bounded_too() -> None:
    tree, reasons = mime.parse(b"Content-Type: message/rfc822\n\n" * 1000)

    assert len(types(tree)) == 101
    assert any("nested deeper" in reason for reason in reasons)


def test_messages_encoded_in_messages_are_opened_a_few_times_only() -> None:
    raw = b"Subject: innermost\n\nx"
    for _ in range(8):
        raw = b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(raw)

    tree, _ = mime.parse(raw)

    assert len(types(tree)) == mime.DEFAULT_LIMITS.encoded_messages + 1


def test_parts_beyond_the_limit_are_kept_raw() -> None:
    tree, reasons = mime.parse(b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 10_000)

    assert len(tree.children) == 1000
    assert tree.children[-1].content.count(b"--b") == 10_000 - 1000
    assert any("more than 1000 parts" in reason for reason in reasons)


def test_a_header_beyond_the_limit_costs_only_its_rest() -> None:
    tree, reasons = mime.parse(b"Subject: a\n" + b"X-Y: z\n" * 100_000 + b"\nbody")

    assert tree.headers.get("Subject") == "a"
    assert tree.content == b"body"
    assert any("header section is too long" in reason for reason in reasons)


def test_one_endless_field_is_cut() -> None:
    tree, reasons = mime.parse(b"Subject: " + b"x" * 1_000_000 + b"\n\nbody")

    assert len(tree.headers.get("Subject") or "") <= mime.DEFAULT_LIMITS.header_bytes
    assert tree.content == b"body"
    assert any("header section is too long" in reason for reason in reasons)


def nested(count: int) -> bytes:
    return b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(count))


MULTIPART = b"Content-Type: multipart/mixed; boundary=b\n\n"
HOSTILE: dict[str, Callable[[int], bytes]] = {
    "semicolons": lambda n: b"Content-Type: text/plain" + b";" * n + b"\n\nx",
    "quotes in a parameter": lambda n: b"Content-Type: text/plain; a" + b'="' * n + b"\n\nx",
    "continued parameters": lambda n: b"Content-Type: text/plain" + b"; a*1*=x" * n + b"\n\nx",
    "quotes in To": lambda n: b"To: " + b'"' * n + b"\n\nx",
    "folded blanks": lambda n: b"X: y\n" + b" \n" * n,
    "garbage lines": lambda n: b"X: y\n" + b"z\nReceived: x\n" * n,
    "one endless line": lambda n: b"X: y" + b"z" * n,
    "carriage returns in the header": lambda n: b"X: y\n" + b"a:b\r" * n + b"\n\n",
    "carriage returns before a boundary": lambda n: MULTIPART + b"\r" * n + b"\n--b\n",
    "carriage returns alone": lambda n: MULTIPART + b"\r--b" * n,
    "nesting": nested,
    "messages in messages": lambda n: b"Content-Type: message/rfc822\n\n" * n,
    "parts": lambda n: MULTIPART + b"--b\n\nx\n" * n,
    "lines like boundaries": lambda n: MULTIPART + b"--a\n" * n,
    "unused boundaries": lambda n: MULTIPART + b"--b\nContent-Type: multipart/mixed; boundary=c\n\n" * n,
    "base64 in pieces": lambda n: b"Content-Transfer-Encoding: base64\n\n" + b"QQ==" * n,
    "quoted-printable": lambda n: b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=\t " * n,
    "uuencode": lambda n: b"Content-Transfer-Encoding: uuencode\n\n" + b"begin 644 x\n" * n + b"\nend",
    "blank lines": lambda n: b"\n" * n + b"X: y\n\nz",
    "NULs": lambda n: b"\0" * n,
}


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hostile_mail_takes_linear_time(shape: str) -> None:
    assert_linear(mime.parse, make=HOSTILE[shape])


PIECES = st.sampled_from(
    [
        b"\r", b"\n", b"\r\n", b"--a", b"--a--", b"--b", b" ", b"\0", b"x", b":", b";", b'"', b"=", b"\xe5",
        b"Content-Type: multipart/mixed; boundary=a\n\n", b"Content-Type: multipart/alternative; boundary=b\n\n",
        b"Content-Type: message/rfc822\n", b"Content-Transfer-Encoding: base64\n", b"boundary=", b"\n\n", b"From ",
    ]
)  # fmt: skip


@settings(max_examples=300)
@given(st.lists(PIECES, max_size=40).map(b"".join))
def test_no_bytes_make_parsing_raise(raw: bytes) -> None:
    tree, _ = mime.parse(raw)

    for part in tree.walk():
        for _, value in part.headers.fields:
            assert not {"\0", "\r", "\n"} & set(value)

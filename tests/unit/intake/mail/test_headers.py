"""Header fields as real mail writes them: encoded words, addresses, identifiers, parameters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.parts import headers
from tests.support.growth import assert_linear


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("=?utf-8?Q?Hej_p=C3=A5_dig?=", "Hej på dig"),
        ("=?UTF-8?B?SGVqIHDDpQ==?=", "Hej på"),
        ("=?utf-8?Q?Hej_p=C3?= =?utf-8?Q?=A5_dig?=", "Hej på dig"),
        ("=?utf-8?Q?a?= =?iso-8859-1?B?5Q==?= b", "aå b"),
        ("=?utf-8?B?w6U=?==?utf-8?B?w6Q=?=", "åä"),
        ("Hej =?utf-8?q?p=C3=A5?= dig", "Hej på dig"),
        ("=?utf-8*sv?Q?v=C3=A4g?=", "väg"),
        ("=?utf-8?Q?Hej du?=", "Hej du"),
        ("=?utf-8?Q?Hur_g=C3=A5r?=20det??= x", "Hur går? det? x"),
        ("=?UTF-8?Q?Hej_p=C3=A5", "Hej på"),
        ("=?utf-8?B?SGVqIHDDpQ?=", "Hej på"),
        ("=?us-ascii?Q?v=C3=A4g?=", "väg"),
        ("=?okänd?Q?v=E4g?=", "väg"),
        ("=?idna?q?abc?=", "abc"),
        ("=?utf-8?Q?rad=0D=0ABcc:_x?=", "rad  Bcc: x"),
        ("=?x?y?z?=", "=?x?y?z?="),
        ("1 =? 2", "1 =? 2"),
    ],
)
def test_encoded_words_are_undone(written: str, meant: str) -> None:
    assert headers.decode_words(written) == meant


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("alice@example.org <bob@evil.com>", [("alice@example.org", "bob@evil.com")]),  # CVE-2023-27043
        ('"alice@example.org" <bob@evil.com>', [("alice@example.org", "bob@evil.com")]),
        ("asa@Skola.Example", [("", "asa@skola.example")]),
        ("Svensson, Åsa <asa@x.se>, b@c.d", [("Svensson, Åsa", "asa@x.se"), ("", "b@c.d")]),
        ('"Svensson, \\"Åsa\\"" <asa@x.se>', [('Svensson, "Åsa"', "asa@x.se")]),
        ("=?utf-8?Q?Svensson,_=C3=85sa?= <asa@x.se>", [("Svensson, Åsa", "asa@x.se")]),
        ("=?utf-8?B?QW5uYSA8YUBiLnNlPg==?=", [("Anna", "a@b.se")]),
        ("=?utf-8?Q?Anna_<a@b.se>?=", [("Anna", "a@b.se")]),
        ("Anna [a@b.se]", [("Anna", "a@b.se")]),
        ("Anna &lt;a@b.se&gt;", [("Anna", "a@b.se")]),
        ("undisclosed-recipients:;", []),
        ("Grupp: a@b.c, D <d@e.f>;, x@y.z", [("", "a@b.c"), ("D", "d@e.f"), ("", "x@y.z")]),
        ("<@a.b,@c.d:e@f.g>", [("", "e@f.g")]),
        ('"anna svensson"@x.se', [("", '"anna svensson"@x.se')]),
        ('<"a>b"@x.se>', [("", '"a>b"@x.se')]),
        ("Åsa <åsa@exämple.se>", [("Åsa", "åsa@exämple.se")]),
        ("a@b.c (Anna S)", [("Anna S", "a@b.c")]),
        ("<a@b.c", [("", "a@b.c")]),
        ('"unclosed <a@b.c>', [("unclosed", "a@b.c")]),
        ("Anna :( <a@b.c>", [("(", "a@b.c")]),
        ("anna @ example . org", [("", "anna@example.org")]),
        ("<mailto:a@b.c>", [("", "a@b.c")]),
        ("N <a@b.c> <d@e.f>", [("N", "a@b.c"), ("", "d@e.f")]),
        ("a@b.c; d@e.f", [("", "a@b.c"), ("", "d@e.f")]),
        ("user@[127.0.0.1]", [("", "user@[127.0.0.1]")]),
        ("string", []),
        ("<>", []),
        ("@", []),
        ("", []),
    ],
)
def test_addresses_are_found(written: str, found: list[tuple[str, str]]) -> None:
    assert [(one.name, one.address) for one in headers.addresses(written)] == found


def test_message_ids_are_found_with_their_brackets() -> None:
    assert headers.message_ids("<a@b> (x) <c\td@e> <a@b>") == ("<a@b>", "<cd@e>")
    assert headers.message_ids("a@b") == ("<a@b>",)
    assert headers.message_ids("Your message of <x@y>") == ("<x@y>",)


@pytest.mark.parametrize("empty", [None, "", "<>", " < > ", "none", "<", "<a@b"])
def test_an_empty_message_id_is_none(empty: str | None) -> None:
    # freescout#4740
    assert headers.message_ids(empty) == ()


def test_endless_references_keep_both_ends() -> None:
    found = headers.message_ids(" ".join(f"<{number}@x>" for number in range(5000)))

    assert len(found) == headers.MAX_MESSAGE_IDS
    assert (found[0], found[-1]) == ("<0@x>", "<4999@x>")


@pytest.mark.parametrize(
    ("written", "word", "params"),
    [
        ("text/plain; charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ("text/plain charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ('TEXT/Plain; Charset="utf-8" ; format=flowed', "text/plain", {"charset": "utf-8", "format": "flowed"}),
        ('multipart/mixed; boundary="a=b;c"', "multipart/mixed", {"boundary": "a=b;c"}),
        (
            "attachment; filename=Min fil (1).pdf; size=3",
            "attachment",
            {"filename": "Min fil (1).pdf", "size": "3"},
        ),
        ('attachment; filename="C:\\Mina\\x.pdf"', "attachment", {"filename": "C:\\Mina\\x.pdf"}),
        ('attachment; filename="a \\"b\\".pdf"', "attachment", {"filename": 'a "b".pdf'}),
        ('attachment; filename="a "b" c.pdf"; x=1', "attachment", {"filename": 'a "b" c.pdf', "x": "1"}),
        ('a/b; name="x.pdf" filename="y.pdf"', "a/b", {"name": "x.pdf"}),
        ('attachment; filename="oslutet.pdf', "attachment", {"filename": "oslutet.pdf"}),
        ("attachment; filename*=UTF-8''r%C3%A4k%20na.pdf", "attachment", {"filename": "räk na.pdf"}),
        ("attachment; filename*=\"us-ascii''r%F6d.pdf\"", "attachment", {"filename": "röd.pdf"}),  # zammad#2227
        ("a; f*1*=%A5.pdf; f*0*=utf-8''%C3; f=x", "a", {"f": "å.pdf"}),
        ('a; f*0="lång "; f*1="fil.pdf"', "a", {"f": "lång fil.pdf"}),
        ("a; f*999999999999=x; f*y=z", "a", {}),
        ('a; f="=?utf-8?Q?r=C3=A4k?= =?utf-8?B?bmE=?=.pdf"', "a", {"f": "räkna.pdf"}),  # zammad#928
        ("filename=x.pdf", "", {"filename": "x.pdf"}),
        ("attachment filename=x.pdf", "attachment", {"filename": "x.pdf"}),
        ("a; f*=utf-8''=?utf-8?Q?r=C3=A4k?=.pdf", "a", {"f": "räk.pdf"}),
        ("/; ;; name=", "/", {"name": ""}),
        ("", "", {}),
    ],
)
def test_parameters_are_read(written: str, word: str, params: dict[str, str]) -> None:
    assert headers.parameters(written) == (word, params)


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (b"Subject: x", "Subject"),
        (b"X-Y : x", "X-Y"),
        (b"Namn och adress: x", None),
        (b"http", None),
        (b": x", None),
        ("Ämne: x".encode(), None),
    ],
)
def test_a_field_begins_with_a_name_and_a_colon(line: bytes, name: str | None) -> None:
    found = headers.field_of(line)

    assert (found[0] if found else None) == name


def test_control_signs_never_reach_a_value() -> None:
    assert headers.value_of(b" a\x00b\rc\nd\x85 ") == "a b c d\u2026"


HOSTILE_VALUES = [
    '"', "<", ">", "(", "()", '<"\\",', "=?", "=?a?q?", "=?a?q?=20?=", "=?a?q??=20", ";", '="', ';a="', ",a", "a,",
    ":", "\\", "<@", "@,", " ", "<a@b>", "=?utf-8?B?w6U=?= ", "*0=", ';f*1*="', "[", "a@b ", '"<a@b>,',
]  # fmt: skip


@pytest.mark.parametrize("shape", HOSTILE_VALUES)
def test_reading_a_hostile_value_takes_linear_time(shape: str) -> None:
    def read(value: str) -> None:
        headers.addresses(value)
        headers.decode_words(value)
        headers.parameters(f"a/b{value}")
        headers.message_ids(value)

    assert_linear(read, make=lambda count: shape * count)


@given(st.text(alphabet=st.sampled_from("ab@<>()\",;:=?*'\\[] \täqQbB/.%1-_"), max_size=80))
def test_no_value_makes_reading_raise(value: str) -> None:
    for mailbox in headers.addresses(value):
        assert "@" in mailbox.address
    headers.decode_words(value)
    headers.parameters(value)
    headers.message_ids(value)

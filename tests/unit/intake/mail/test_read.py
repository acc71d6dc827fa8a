"""A mail read as a whole: every broken one gives an idea with its words, its files and the reasons."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.intake.mail import first_look, read
from services.intake.mail.model import Kind, Reading
from services.intake.mail.parts import flowed, shown, signed
from services.intake.mail.read import read_mail

FIXTURES = Path(__file__).parents[3] / "fixtures" / "mail" / "mime"


def fixture(name: str) -> Reading:
    return read_mail((FIXTURES / f"{name}.eml").read_bytes())


@pytest.mark.parametrize(
    ("name", "text", "files"),
    [
        ("apple-text-image-text", "Före bilden.\n\nEfter bilden.", ["IMG 1.png"]),
        ("at-in-display-name", "Idé.", []),
        ("bad-content-type", "Se bilden.", ["karta.png"]),
        ("bad-date", "Idé.", []),
        ("base64-message", "Se brevet.", ["Inre.eml"]),
        ("broken-fold", "Idé.", []),
        ("cp1252-as-latin1", "Det ”bästa” – 100 €.", []),
        ("empty-message-id", "Idé.", []),
        ("flowed", "En rad som bröts mitt i ordet och fortsätter.\nFrom-rad med instoppat blanksteg.", []),
        ("forwarded-as-attachment", "Skickar vidare.", ["Cykelställ.eml"]),
        ("latin1-header", "Plantera träd.", []),
        ("malformed-to", "Idé om bussar.", []),
        ("mbox-from", "Idé.", []),
        ("message-partial", "", ["bilaga-1"]),
        ("mixed-bq-filename", "Text.", ["kostnader år 2026.csv"]),
        ("mixed-line-ends", "ett\ntvå\ntre\nfyra", []),
        ("no-from", "Bygg en lekplats vid torget.", []),
        ("no-html-tag", "Bygg en bro över älven.", []),
        ("no-separator", "Detta är idén, utan tom rad före.\nOch en rad till.", []),
        ("nothing-but-subject", "", []),
        ("nul", "Idé med nollor.", []),
        ("pgp-mime-encrypted", "", ["bilaga-1", "encrypted.asc"]),
        ("pgp-signed", "Bygg en bro.\n- och en till", []),
        ("placeholder-plain", "Ge skolan ett bibliotek.", []),
        ("related-alternative", "Se kartan.", ["bilaga-1.png"]),
        ("rfc2231-us-ascii", "Se filen.", ["förslag.pdf"]),
        ("smime-encrypted", "", ["smime.p7m"]),
        ("smime-opaque", "Signerad idé om vägljus.", []),
        ("smtputf8", "Plantera träd.", []),
        ("text-attachment", "Idén står i filen.", ["ide.txt"]),
        ("two-from", "Idé.", []),
        ("unknown-charset", "Första.\nAndra är här.", []),
        ("unterminated", "Texten kom fram.", ["a.pdf"]),
        ("utf8-as-ascii", "Gång- och cykelväg till Östersund.", []),
        ("uuencoded", "Filen kommer här.\n\n\n\nSlut.", ["lista.txt"]),
        ("windows-1258", "Xin chào bạn", []),
        (
            "winmail",
            "Bygg en ramp till biblioteket, så alla kan komma in.\nKostnad: 10\u202f000 kr",
            ["ramp och hiss å.pdf"],
        ),
        ("wrong-base64", "Det här är inte base64, utan vanlig text skriven av en människa.", []),
        ("wrong-boundary", "Texten syns.", []),
        ("wrong-quoted-printable", "2+2=4, köp 100 % mer = bra.", []),
    ],
)  # fmt: skip
def test_a_broken_mail_is_an_idea_with_its_words_and_files(name: str, text: str, files: list[str]) -> None:
    reading = fixture(name)

    assert reading.kind is Kind.IDEA
    assert (reading.text, [file.name for file in reading.attachments]) == (text, files)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-from", "no From field"),
        ("two-from", "From names 2 addresses: the first was taken"),
        ("no-separator", "no blank line between header and text"),
        ("unterminated", "a multipart is not closed: the mail may be cut off"),
        ("wrong-base64", "a part said to be base64 was not: read as it stands"),
        ("wrong-boundary", "multipart/mixed names no boundary that is used: one was guessed"),
        ("unknown-charset", "unknown charset 'zlib': guessed"),
        ("pgp-mime-encrypted", "encrypted: could not be read"),
        ("smime-encrypted", "encrypted with S/MIME: could not be read"),
        ("winmail", "winmail.dat opened: 1 files"),
        ("message-partial", "one piece of a mail sent in pieces (message/partial)"),
    ],
)
def test_what_was_done_with_a_broken_mail_is_said(name: str, said: str) -> None:
    assert said in fixture(name).reasons


def test_every_fixture_is_described_and_tested() -> None:
    described = (FIXTURES / "README.md").read_text("utf-8")

    for path in FIXTURES.glob("*.eml"):
        assert f"`{path.name}`" in described


def test_the_header_is_read() -> None:
    reading = read_mail(
        b"Received: a\nReceived: b\nAuthentication-Results: x; spf=pass\n"
        b"From: =?utf-8?q?=C3=85sa?= <a@B.example>\n"
        b"Reply-To: c@d.example\nTo: Ide@Krokom.example, E <e@f.example>\nDelivered-To: ide@krokom.example\n"
        b"Subject: =?utf-8?q?V=C3=A4g?=\nMessage-ID: <1@x>\nIn-Reply-To: <2@x>\nReferences: <3@x>\n <2@x>\n\nIdea"
    )

    assert reading.sender is not None
    assert (reading.sender.name, reading.sender.address) == ("Åsa", "a@b.example")
    assert (reading.subject, reading.message_id) == ("Väg", "<1@x>")
    assert (reading.in_reply_to, reading.references) == (("<2@x>",), ("<3@x>", "<2@x>"))
    assert reading.recipients == ("ide@krokom.example", "e@f.example")
    assert reading.reply_to[0].address == "c@d.example"
    assert (reading.received_count, reading.authentication_results) == (2, ("x; spf=pass",))


def test_a_message_forwarded_as_a_file_shows_its_author_and_words() -> None:
    forwarded = fixture("forwarded-as-attachment").forwarded

    assert forwarded is not None
    assert forwarded.sender is not None
    assert forwarded.sender.address == "bjorn@foretag.example"
    assert (forwarded.subject, forwarded.text) == ("Cykelställ", "Det saknas cykelställ.")


def test_a_read_receipt_forwards_nothing_and_has_no_files() -> None:
    reading = read_mail(
        b"From: a@b.example\nSubject: Read: x\n"
        b"Content-Type: multipart/report; report-type=disposition-notification; boundary=b\n\n"
        b"--b\n\nYour mail was read.\n--b\nContent-Type: message/disposition-notification\n\n"
        b"Final-Recipient: rfc822;a@b.example\nDisposition: manual-action/MDN-sent-manually; displayed\n"
        b"--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--b--\n"
    )

    assert reading.kind is Kind.AUTOMATIC_REPLY
    assert (reading.text, reading.attachments, reading.forwarded) == ("Your mail was read.", (), None)


def test_a_calendar_reply_is_told() -> None:
    reading = fixture("outlook-com-reply")

    assert reading.kind is Kind.CALENDAR_REPLY
    assert reading.calendar is not None
    assert reading.calendar.partstat == "ACCEPTED"


def test_html_is_kept_safe() -> None:
    reading = read_mail(b"Content-Type: text/html\n\n<p onclick=x()>a<script>x()</script></p>")

    assert "a" in reading.html
    assert "script" not in reading.html
    assert "onclick" not in reading.html


def test_a_very_long_text_is_cut_for_showing_and_kept_as_a_file() -> None:
    raw = b"Subject: a\n\n" + b"word " * 300_000

    reading = read_mail(raw)

    assert len(reading.text) <= shown.MAX_PLAIN
    assert reading.attachments[0].size == len(b"word " * 300_000)
    assert any("too long to be shown whole" in reason for reason in reading.reasons)


def test_many_texts_together_are_bounded() -> None:
    part = b"--b\n\n" + b"word " * 2_000 + b"\n"

    reading = read_mail(b"Content-Type: multipart/mixed; boundary=b\n\n" + part * 500)

    assert len(reading.text) <= shown.MAX_PLAIN + 500
    assert len(reading.attachments) == 500 - shown.MAX_PLAIN // 10_000


def test_a_step_that_fails_costs_its_own_field_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(read.body, "divide", fail)
    monkeypatch.setattr(read.language, "detect", fail)
    monkeypatch.setattr(read.attachments, "collect", fail)

    reading = read_mail(b"From: a@b.c\nSubject: x\n\nThe words stay.")

    assert reading.text == "The words stay."
    assert reading.sender is not None
    assert "language could not be read (RuntimeError)" in reading.reasons
    assert "secret" not in str(reading.reasons)


def test_a_parser_that_fails_costs_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise MemoryError

    monkeypatch.setattr(read.mime, "parse", fail)

    reading = read_mail(b"From: a@b.c\nSubject: x\nMessage-ID: <1@x>\n\ny", envelope_from="", recipient="ide@k.example")

    assert (reading.subject, reading.message_id, reading.text) == ("x", "<1@x>", "")
    assert "MemoryError" in reading.reasons[0]


def test_the_last_resort_has_no_fault_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> None:
        raise RecursionError

    monkeypatch.setattr(first_look.mime, "header_of", fail)

    reading = first_look.first_look(b"x", "why")

    assert reading.title == "Kunde inte läsas"
    assert reading.kind is Kind.IDEA
    assert reading.sha256


def alternative(plain: str, html: str) -> Reading:
    return read_mail(
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; charset=utf-8\n\n"
        + plain.encode()
        + b"\n--b\nContent-Type: text/html; charset=utf-8\n\n"
        + html.encode()
        + b"\n--b--\n"
    )


@pytest.mark.parametrize(
    ("plain", "html", "text"),
    [
        ("", "<p>Orden.</p>", "Orden."),
        (" \n\n", "<p>Orden.</p>", "Orden."),
        ("Please view this mail in HTML", "<p>Orden.</p>", "Orden."),
        ("Orden.", "<html><body></body></html>", "Orden."),
        ("Gör om HTML-sidan.", "<p>Gör om HTML-sidan.</p>", "Gör om HTML-sidan."),
    ],
)
def test_the_form_that_carries_the_words_is_taken(plain: str, html: str, text: str) -> None:
    assert alternative(plain, html).text == text


def test_a_form_of_the_words_may_have_a_name() -> None:
    reading = read_mail(
        b"Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain; name=a.txt\n\nWords.\n"
        b"--b\nContent-Type: text/html; name=a.html\n\n<p>Words.</p>\n--b--\n"
    )

    assert (reading.text, reading.attachments) == ("Words.", ())


def test_html_in_pieces_around_a_file_is_joined() -> None:
    # Apple Mail: alternative(plain, mixed(html, pdf, html))
    reading = read_mail(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>One</p>\n"
        b"--b\nContent-Type: application/pdf; name=a.pdf\n\n%PDF-1\n--b\nContent-Type: text/html\n\n<p>Two</p>\n"
        b"--b\nContent-Type: text/plain\n\n<Three>\n--b--\n"
    )

    assert [word for word in reading.text.split() if word] == ["One", "Two", "<Three>"]
    assert "&lt;Three&gt;" in reading.html


def test_the_same_words_sent_twice_are_shown_once() -> None:
    reading = read_mail(
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nBuild a\nbridge.\n"
        b"--b\nContent-Type: text/html\n\n<p>Build <b>a</b> bridge.</p>\n--b--\n"
    )

    assert reading.text.split() == ["Build", "a", "bridge."]


def test_an_html_document_called_plain_text_is_read_as_html() -> None:
    reading = read_mail(
        b"Content-Type: text/plain\n\n<!DOCTYPE html>\n<html><body><p>Build a bridge.</p></body></html>"
    )

    assert reading.text == "Build a bridge."


def test_a_mail_that_is_nothing_but_a_message_shows_that_one_as_forwarded() -> None:
    reading = read_mail(b"From: a@b.c\nContent-Type: message/rfc822\n\nFrom: d@e.f\nSubject: x\n\ny")

    assert reading.forwarded is not None
    assert (reading.forwarded.subject, reading.forwarded.text) == ("x", "y")
    assert [file.name for file in reading.attachments] == ["x.eml"]


def test_html_names_its_charset_where_the_field_does_not() -> None:
    reading = read_mail(b"Content-Type: text/html\n\n<meta charset=koi8-r><p>" + "Да".encode("koi8-r") + b"</p>")

    assert reading.text == "Да"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a \nb\nc", "a b\nc"),
        ("> a \n> b\nc", "> a b\nc"),
        ("> a \nb", "> a\nb"),
        (">> a \n>> b \n> c", ">> a b\n> c"),
        ("a\n-- \nb \nc", "a\n-- \nb c"),
        (" From x", "From x"),
        ("a \n-- \nb", "a\n-- \nb"),
    ],
)
def test_flowed_text_becomes_paragraphs(written: str, meant: str) -> None:
    assert flowed.unflow(written) == meant


@pytest.mark.parametrize(
    "text", ["words", "-----BEGIN PGP SIGNED MESSAGE-----", "-----BEGIN PGP SIGNED MESSAGE-----\n\nx"]
)
def test_text_without_a_whole_signature_stays(text: str) -> None:
    assert signed.without_pgp_armour(text) == text


@given(st.binary(max_size=120))
def test_no_bytes_make_opening_a_signature_raise(data: bytes) -> None:
    signed.open_cms(data)
    signed.open_cms(bytes.fromhex("308006092a864886f70d010702a0803080") + data)


PIECES = st.sampled_from(
    [
        b"\n",
        b"\r\n",
        b"--a\n",
        b"--a--\n",
        b"> ",
        b"-- \n",
        b"\0",
        b"x@y.z",
        b"<",
        b"\xe5",
        b"From: ",
        b"Subject: ",
        b"Content-Type: multipart/alternative; boundary=a\n\n",
        b"Content-Type: text/html\n\n",
        b"Content-Type: message/rfc822\n\n",
        b"Content-Type: text/calendar; method=REPLY\n\nBEGIN:VCALENDAR\n",
        b"Content-Type: text/plain; format=flowed\n\n",
        b"Content-Type: message/delivery-status\n\n",
        b"Status: 5.1.1\n",
        b"Content-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22",
        b"begin 644 x\n",
        b"\nend\n",
        b"<p>",
        b"charset=utf-7",
        b"On 1 May 2026, a <a@b.c> wrote:\n",
        b"\xc3\xb6 ",
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.lists(PIECES, max_size=30).map(b"".join), st.sampled_from([None, "", "a@b.c", "x"]))
def test_no_bytes_make_reading_raise_and_every_text_can_be_stored(raw: bytes, envelope_from: str | None) -> None:
    reading = read._Reading(raw, envelope_from, None).read()

    for text in (
        reading.text,
        reading.quoted,
        reading.signature,
        reading.html,
        reading.subject or "",
        reading.title or "",
    ):
        text.encode("utf-8")
        assert "\0" not in text

"""Which parts are files, what they are called, and what they are by their bytes."""

import hashlib
import io
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.mail.model import Attachment
from services.intake.mail.parts import attachments, filenames, mime, shown, sniff
from tests.support.growth import assert_linear


def zipped(*names: str, mimetype: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        if mimetype:
            archive.writestr("mimetype", mimetype)
        for name in names:
            archive.writestr(name, "x" * 100, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def compound(stream: str = "", *, root_class: str = "") -> bytes:
    """An OLE compound file's header and its directory's first sector."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1".ljust(30, b"\0") + (9).to_bytes(2, "little")
    header = header.ljust(48, b"\0") + (0).to_bytes(4, "little")
    root = "Root Entry".encode("utf_16_le").ljust(80, b"\0") + bytes.fromhex(root_class).ljust(48, b"\0")
    return header.ljust(512, b"\0") + root + stream.encode("utf_16_le").ljust(128, b"\0")


def iso_media(brand: bytes, *compatible: bytes) -> bytes:
    box = b"ftyp" + brand + b"\0\0\0\0" + b"".join(compatible)
    return (len(box) + 4).to_bytes(4, "big") + box + b"\0" * 20


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PKCS7 = b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
PPTX = "application/vnd.openxmlformats-officedocument.presentationml.presentation"


@pytest.mark.parametrize(
    ("content", "declared", "name", "found"),
    [
        (b"%PDF-1.7\n", "image/png", "a.png", "application/pdf"),
        (b"\r\n%PDF-1.4", "", "", "application/pdf"),
        (b"\xff\xd8\xff\xe0..", "application/octet-stream", "a.jpg", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "", "", "image/png"),
        (b"GIF89a..", "", "", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "", "", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "", "", "audio/wav"),
        (iso_media(b"heic", b"mif1"), "", "IMG.HEIC", "image/heic"),
        (iso_media(b"mif1", b"mif1", b"heic"), "", "", "image/heic"),
        (iso_media(b"isom"), "", "", "video/mp4"),
        (iso_media(b"qt  "), "", "", "video/quicktime"),
        (iso_media(b"M4A "), "", "", "audio/mp4"),
        (b"ID3\x03\x00", "", "", "audio/mpeg"),
        (b"{\\rtf1\\ansi}", "application/msword", "a.doc", "application/rtf"),
        (zipped("[Content_Types].xml", "word/document.xml"), "application/zip", "", DOCX),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "", "", XLSX),
        (zipped("[Content_Types].xml", "ppt/presentation.xml"), "", "", PPTX),
        (zipped("[Content_Types].xml", "word/document.xml")[:-30], "", "", DOCX),
        (
            zipped("[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"),
            DOCX,
            "a.docx",
            "application/vnd.ms-word.document.macroEnabled.12",
        ),
        (
            zipped("content.xml", mimetype="application/vnd.oasis.opendocument.text"),
            "",
            "",
            "application/vnd.oasis.opendocument.text",
        ),
        (zipped("word/a.txt", "b.txt"), DOCX, "a.docx", "application/zip"),
        (compound("WordDocument"), "", "", "application/msword"),
        (compound("Workbook"), "", "", "application/vnd.ms-excel"),
        (compound(root_class="0b0d0200"), "", "a.msg", "application/vnd.ms-outlook"),
        (b"BM" + (60).to_bytes(4, "little") + b"\0" * 54, "", "", "image/bmp"),
        (b"BM is how some words begin, and not a picture", "", "", "text/plain"),
        (b"MZ was a man", "", "", "text/plain"),
        (b"MZ" + b"\0" * 62 + b"PE", "text/plain", "a.txt", "application/vnd.microsoft.portable-executable"),
        (b"Hej!", "", "a.bin", "text/plain"),
        ("På väg".encode("latin-1"), "image/png", "a.png", "text/plain"),
        (b"\xff\xfeH\0e\0j\0", "", "", "text/plain"),
        (b"a;b\n1;2\n", "text/csv", "", "text/csv"),
        (b"a;b\n1;2\n", "application/octet-stream", "a.CSV", "text/csv"),
        (b"a;b\n1;2\n", "application/vnd.ms-excel", "a.csv", "text/csv"),
        (b'{"a": 1}', "", "", "application/json"),
        (b"[1, 2]", "application/json", "", "application/json"),
        (b"[a note]", "text/plain", "", "text/plain"),
        (b"  <!DOCTYPE html><p>", "text/plain", "a.txt", "text/html"),
        (b"\xef\xbb\xbf<html>", "", "", "text/html"),
        (b"<!-- x --><script>", "image/png", "", "text/html"),
        (b"<p>x</p>", "text/html", "", "text/html"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'>", "image/png", "", "image/svg+xml"),
        (b"<?xml version='1.0'?>\n<!-- c --><svg:svg>", "", "", "image/svg+xml"),
        (b"<?xml version='1.0'?><a/>", "", "", "application/xml"),
        (b"<tag> and other words", "text/plain", "", "text/plain"),
        (b"BEGIN:VCALENDAR\r\nEND:VCALENDAR", "application/octet-stream", "", "text/calendar"),
        (b"BEGIN:VCARD\r\n", "", "", "text/vcard"),
        (b"From: a@b.c\nTo: d@e.f\nSubject: x\n\ny", "", "a.eml", "message/rfc822"),
        (b"From: a nice idea", "", "", "text/plain"),
        (b"-----BEGIN PGP SIGNATURE-----\n", "application/pgp-signature", "", "application/pgp-signature"),
        (PKCS7, "application/x-pkcs7-signature", "", "application/pkcs7-signature"),
        (PKCS7, "", "", "application/pkcs7-mime"),
        (b"\x78\x9f\x3e\x22\x01\x00", "application/ms-tnef", "winmail.dat", "application/vnd.ms-tnef"),
        (b"\x00\x01\x02\x03\x04", "application/x-special", "", "application/x-special"),
        (b"\x00\x01\x02\x03\x04", "", "", "application/octet-stream"),
        (b"", "", "", "application/octet-stream"),
        (b"", "text/csv", "a.csv", "text/csv"),
    ],
)  # fmt: skip
def test_the_type_is_told_by_the_bytes(content: bytes, declared: str, name: str, found: str) -> None:
    assert sniff.media_type(content, declared=declared, name=name) == found


@given(st.binary(max_size=300), st.text(max_size=20), st.text(max_size=20))
def test_no_bytes_make_sniffing_raise(content: bytes, declared: str, name: str) -> None:
    for start in (
        b"",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"MZ",
        b"\0\0\0\x18ftypmif1",
    ):
        assert sniff.media_type(start + content, declared=declared, name=name)


@pytest.mark.parametrize(
    "start", [b"PK\x03\x04", b"PK\x01\x02", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"<!--", b"<?xml ", b"{"]
)
def test_sniffing_takes_linear_time(start: bytes) -> None:
    assert_linear(sniff.media_type, make=lambda count: b"PK\x03\x04" + start * count)


@pytest.mark.parametrize(
    ("written", "safe"),
    [
        ("karta.png", "karta.png"),
        ("C:\\Users\\Asa\\karta.png", "karta.png"),
        ("../../etc/passwd", "passwd"),
        ("/etc/cron.d/x", "x"),
        ("mapp/", "mapp"),
        ("\u200b.htaccess", "htaccess"),  # CVE-2026-28289
        (".htaccess", "htaccess"),
        ("..", "bilaga-1.pdf"),
        ("faktura\u202efdp.exe", "fakturafdp.exe"),
        ("a\0b\r\nc\t.pdf", "ab c .pdf"),
        ("  lång   rad .pdf  ", "lång rad .pdf"),
        ("a.pdf. . ", "a.pdf"),
        ("'a.pdf'", "a.pdf"),
        ("'.htaccess'", "htaccess"),
        ("Kims 'a'", "Kims 'a'"),
        ('<a>:"b"|?*.pdf', "_a___b____.pdf"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("console.txt", "console.txt"),
        ("a\u0308.pdf", "ä.pdf"),
        ("\ud800.pdf", "pdf"),
        ("", "bilaga-1.pdf"),
        (" . ", "bilaga-1.pdf"),
        ("\u200b", "bilaga-1.pdf"),
    ],
)
def test_names_are_made_safe(written: str, safe: str) -> None:
    assert filenames.safe(written, media_type="application/pdf") == safe


def test_a_long_name_keeps_its_extension() -> None:
    name = filenames.safe("å" * 500 + ".docx")

    assert name.endswith("å.docx")
    assert len(name.encode()) <= filenames.MAX_BYTES


@given(st.text(max_size=400))
def test_every_name_is_safe(written: str) -> None:
    name = filenames.safe(written)

    assert name
    assert len(name.encode()) <= filenames.MAX_BYTES + 1
    assert not set(name) & set('/\\<>:"|?*\0\r\n\u200b\u202e')
    assert not name.startswith((".", " "))
    assert not name.endswith((".", " "))


def files(raw: bytes, *, is_report: bool = False) -> tuple[Attachment, ...]:
    tree, _ = mime.parse(raw)
    return attachments.collect(tree, shown=shown.words(tree).parts, is_report=is_report)


def mail(*parts: bytes, kind: bytes = b"mixed") -> bytes:
    body = b"".join(b"--b\n" + part + b"\n" for part in parts)
    return b"Content-Type: multipart/" + kind + b"; boundary=b\n\n" + body + b"--b--\n"


def test_what_is_shown_is_no_file() -> None:
    assert files(mail(b"Content-Type: text/plain\n\nwords", b"Content-Type: text/html\n\n<p>words</p>")) == ()


def test_the_hash_is_of_the_decoded_bytes() -> None:
    (file,) = files(mail(b"\nx", b"Content-Type: a/b; name=x.pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0x"))

    assert (file.name, file.type, file.size) == ("x.pdf", "application/pdf", 6)
    assert file.sha256 == hashlib.sha256(b"%PDF-1").hexdigest()


@pytest.mark.parametrize(
    "header",
    [
        b"Content-Type: text/plain; name=a.txt\n",
        b"Content-Type: text/plain\nContent-Disposition: attachment\n",
        b"Content-Type: text/html\nContent-Disposition: inline; filename=a.html\n",
        b"Content-Type: text/plain\nContent-Disposition: unheard-of\n",
    ],
)
def test_a_named_or_attached_text_is_a_file(header: bytes) -> None:
    assert len(files(mail(b"\nwords", header + b"\nfile"))) == 1


def test_a_body_that_has_a_name_is_still_the_body() -> None:
    raw = b"Content-Type: text/plain; name=body.txt\n\nwords"

    assert files(raw) == ()
    assert shown.words(mime.parse(raw)[0]).plain == "words"


def test_pictures_in_html_are_inline_files() -> None:
    (file,) = files(
        mail(
            b"Content-Type: text/html\n\n<img src=cid:x>",
            b"Content-Type: image/gif\nContent-ID: <x>\n\nGIF89a",
            kind=b"related",
        )
    )

    assert (file.name, file.inline, file.content_id) == ("bilaga-1.gif", True, "x")


def test_an_attached_message_is_one_file_named_by_its_subject() -> None:
    inner = (
        mail(b"\nx", b"Content-Type: image/gif\n\nGIF89a").replace(b"boundary=b", b"boundary=c").replace(b"--b", b"--c")
    )

    (file,) = files(mail(b"\nwords", b"Content-Type: message/rfc822\n\nSubject: =?utf-8?q?V=C3=A4g/bro?=\n" + inner))

    assert (file.name, file.type) == ("Väg-bro.eml", "message/rfc822")


def test_the_parts_of_a_report_are_no_files() -> None:
    raw = mail(
        b"Content-Type: text/plain\n\nSorry",
        b"Content-Type: message/delivery-status\n\nReporting-MTA: dns; x",
        b"Content-Type: message/rfc822\n\nSubject: x\n\ny",
        b"Content-Type: image/gif\n\nGIF89a",
        kind=b"report",
    )

    assert [file.type for file in files(raw, is_report=True)] == ["image/gif"]
    assert len(files(raw)) == 3


def test_other_forms_of_the_words_are_no_files_but_a_named_invitation_is() -> None:
    event = b"\n\nBEGIN:VCALENDAR\nEND:VCALENDAR"
    raw = mail(
        b"Content-Type: text/plain\n\nwords",
        b"Content-Type: text/x-amp-html\n\n<p>",
        b"Content-Type: text/calendar; method=REQUEST" + event,
        b"Content-Type: text/calendar; name=m\xc3\xb6te.ics" + event,
        kind=b"alternative",
    )

    assert [file.name for file in files(raw)] == ["möte.ics"]


def test_twenty_six_files_are_twenty_six() -> None:
    # chatwoot#5081 kept fifteen
    parts = [b"Content-Type: image/gif; name=%d.gif\n\nGIF89a" % number for number in range(26)]

    assert len(files(mail(b"\nwords", *parts))) == 26

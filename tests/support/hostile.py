"""Mails made to hurt whoever reads them: each must become an idea or be kept, and hold up nobody else."""

from __future__ import annotations

import base64
from collections.abc import Iterator

KIB = 1024


def hostile_mails() -> list[tuple[str, bytes]]:
    """Name and bytes of each; every one has a Message-ID of its own unless that is the point of it."""
    return list(_all())


def _mail(name: str, body: bytes = b"Hej", *headers: bytes, standard: bool = True) -> tuple[str, bytes]:
    fields = list(headers)
    if standard:
        fields = [
            b"From: Elak <elak@hostile.example>",
            b"To: ide@krokom.example",
            b"Subject: hostile " + name.encode(),
            b"Message-ID: <" + name.encode() + b"@hostile.example>",
            b"Date: Tue, 24 Nov 2026 09:14:00 +0100",
            *fields,
        ]
    return name, b"\r\n".join(fields) + b"\r\n\r\n" + body + b"\r\n"


def _all() -> Iterator[tuple[str, bytes]]:
    # Header bombs: quadratic or worse in parsers that we know.
    yield _mail("semicolons", b"Hej", b"Content-Type: text/plain" + b";" * 40 * KIB)
    yield _mail("semicolons-200k", b"Hej", b"Content-Type: text/plain" + b";" * 200 * KIB)
    yield _mail("quotes-in-to", b"Hej", b"Cc: " + b'"' * 40 * KIB)
    yield _mail("parentheses", b"Hej", b"Cc: " + b"(" * 40 * KIB)
    yield _mail("angle-brackets", b"Hej", b"Cc: " + b"<" * 40 * KIB)
    yield _mail("commas", b"Hej", b"Cc: " + b"," * 40 * KIB)
    yield _mail("backslashes", b"Hej", b'Cc: "' + b"\\" * 40 * KIB)
    yield _mail("encoded-words", b"Hej", b"X-A: " + b"=?utf-8?q?a?= " * 8 * KIB)
    yield _mail("half-encoded-words", b"Hej", b"X-A: " + b"=?utf-8?q?" * 8 * KIB)
    yield _mail("references", b"Hej", b"References: " + b"<a@b> " * 20 * KIB)
    yield _mail("broken-references", b"Hej", b"References: " + b"<" * 60 * KIB)
    yield _mail("long-message-id", b"Hej", b"In-Reply-To: <" + b"a" * 100 * KIB + b"@b>")
    yield _mail("ten-thousand-headers", b"Hej", *[b"X-%d: y" % n for n in range(10_000)])
    yield _mail("folded-forever", b"Hej", b"X-Folded: a" + b"\r\n b" * 20 * KIB)
    yield _mail(
        "rfc2231-parts", b"Hej", b"Content-Type: text/plain" + b"".join(b'; name*%d="a"' % n for n in range(4000))
    )
    yield _mail("many-parameters", b"Hej", b"Content-Type: text/plain" + b"".join(b"; p%d=v" % n for n in range(5000)))
    yield _mail("many-from", b"Hej", *[b"From: a%d@b.example" % n for n in range(500)])
    yield _mail("authentication-results", b"Hej", *[b"Authentication-Results: x; dmarc=pass"] * 2000)
    yield _mail(
        "dkim-signatures", b"Hej", *[b"DKIM-Signature: v=1; a=rsa-sha256; d=x.example; s=s; b=" + b"A" * 300] * 300
    )
    yield _mail("received-loop", b"Hej", *[b"Received: from a by b; Tue, 24 Nov 2026 09:14:00 +0100"] * 500)
    # Structures.
    yield _mail(
        "nested-multipart",
        _nested_multipart(1000),
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary="b0"',
    )
    yield _mail(
        "nested-messages",
        b"Content-Type: message/rfc822\r\n\r\n" * 1000,
        b"MIME-Version: 1.0",
        b"Content-Type: message/rfc822",
    )
    yield _mail(
        "twenty-thousand-parts",
        b"--b\r\n\r\na\r\n" * 20_000 + b"--b--",
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/mixed; boundary=b",
    )
    yield _mail(
        "empty-boundary",
        b"--\r\n\r\na\r\n" * 5000,
        b"MIME-Version: 1.0",
        b'Content-Type: multipart/mixed; boundary=""',
    )
    yield _mail(
        "boundary-prefixes",
        b"".join(b"--" + b"b" * n + b"\r\n" for n in range(1, 1500)),
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/mixed; boundary=" + b"b" * 70,
    )
    yield _mail(
        "long-boundary", b"--x", b"MIME-Version: 1.0", b"Content-Type: multipart/mixed; boundary=" + b"b" * 20_000
    )
    yield _mail(
        "unclosed",
        b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n",
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/mixed; boundary=b",
    )
    yield _mail(
        "report-of-reports",
        _nested_reports(200),
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=b0",
    )
    # Encodings.
    yield _mail("wrong-base64", b"@@@@" * 10_000, b"Content-Transfer-Encoding: base64")
    yield _mail("endless-qp", b"=" * 200_000, b"Content-Transfer-Encoding: quoted-printable")
    yield _mail(
        "uuencode", b"begin 644 x\r\n" + b"M" + b"A" * 60 + b"\r\n" * 2, b"Content-Transfer-Encoding: x-uuencode"
    )
    for charset in (
        b"idna",
        b"rot13",
        b"zlib",
        b"undefined",
        b"unknown-8bit",
        b"utf-7",
        b"windows-1258",
        b"x" * 2000,
    ):
        yield _mail(
            "charset-" + charset[:12].decode(), b"H\xe5j \xff\xfe", b"Content-Type: text/plain; charset=" + charset
        )
    yield _mail("nul-bytes", b"Hej\0\0\0d\0")
    yield _mail("nul-in-header", b"Hej", b"X-A: a\0b")
    yield _mail("high-bytes", bytes(range(128, 256)) * 200)
    yield _mail("surrogates", b"\xed\xa0\x80\xed\xb0\x80" * 500, b"Content-Type: text/plain; charset=utf-8")
    # Text that eats reply cutters and HTML readers.
    yield _mail("angle-lines", b">" * 200_000)
    yield _mail("angle-many-lines", b"> a\r\n" * 60_000)
    yield _mail("wrote-wrote", (b"On " + b"a " * 30 + b"wrote:\r\n") * 5000)
    yield _mail("fran-fran", "Från: x\r\nSkickat: y\r\n".encode() * 8000, b"Content-Type: text/plain; charset=utf-8")
    yield _mail("dashes", b"-" * 300_000)
    yield _mail("blanks", b" " * 400_000 + b"x")
    yield _mail("underscores", b"_" * 300_000)
    yield _mail("html-nesting", b"<div>" * 60_000, b"Content-Type: text/html")
    yield _mail("html-blockquotes", b"<blockquote>" * 20_000 + b"x", b"Content-Type: text/html")
    yield _mail("html-attributes", b"<a " + b"x=y " * 60_000 + b">", b"Content-Type: text/html")
    yield _mail("html-comment", b"<!--" * 60_000, b"Content-Type: text/html")
    yield _mail("html-entities", b"&amp" * 80_000, b"Content-Type: text/html")
    yield _mail("html-tables", b"<table><tr><td>" * 8000, b"Content-Type: text/html")
    yield _mail("html-declaration", b"<![CDATA[" * 30_000, b"Content-Type: text/html")
    # Attachments and odd kinds.
    yield _mail(
        "tnef",
        base64.encodebytes(b"\x78\x9f\x3e\x22" + b"\xff" * 50_000),
        b"Content-Type: application/ms-tnef; name=winmail.dat",
        b"Content-Transfer-Encoding: base64",
    )
    yield _mail(
        "zip-bomb",
        base64.encodebytes(b"PK\x03\x04" + b"\0" * 100_000),
        b"Content-Type: application/zip; name=../../etc/passwd",
        b"Content-Transfer-Encoding: base64",
    )
    yield _mail(
        "calendar",
        b"BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\n" + b"BEGIN:VEVENT\r\n" * 20_000,
        b"Content-Type: text/calendar; method=REPLY",
    )
    yield _mail("calendar-folded", b"BEGIN:VCALENDAR\r\nX:" + b"\r\n a" * 60_000, b"Content-Type: text/calendar")
    # Hardly a mail at all.
    yield "no-header", b"\r\nbara text\r\n"
    yield "nothing", b"\r\n"
    yield "only-colon", b": : :\r\n\r\n"
    yield _mail(
        "empty-message-id", b"Hej", b"From: a@hostile.example", b"Message-ID: <>", b"Subject: x", standard=False
    )
    yield _mail("content-type-slash", b"Hej", b"Content-Type: /")
    yield _mail("date-in-2150", b"Hej", b"Date: Mon, 99 Xyz 21500 99:99:99 +9999" + b"9" * 500)


def _nested_multipart(depth: int) -> bytes:
    opened = b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (n, n + 1) for n in range(depth)
    )
    return opened + b"--b%d\r\n\r\ninnermost" % depth


def _nested_reports(depth: int) -> bytes:
    return b"".join(
        b"--b%d\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b%d\r\n\r\n" % (n, n + 1)
        for n in range(depth)
    )

"""A mail made anonymous names nobody any more, and is read as the original is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.domain.personal_data import find
from services.intake.mail.anonymise import anonymous
from services.intake.mail.model import Reading
from services.intake.mail.read import read_mail
from services.intake.mail.stand_ins import names_nobody
from tests.support.growth import assert_linear

FIXTURES = Path(__file__).parents[3] / "fixtures" / "mail"
SEALED = ("smime-opaque.eml", "winmail.eml")
"""Their words are inside a sealed form; a stand-in of that form holds none."""
_ADDRESS = re.compile(rb"[\w.+'-]{2,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def _decisions(reading: Reading) -> dict[str, object]:
    def lines(text: str) -> int:
        return sum(1 for line in text.split("\n") if line.strip())

    return {
        "kind": reading.kind,
        "files": [file.type for file in reading.attachments],
        "kept, quoted, signed": (lines(reading.text), lines(reading.quoted), lines(reading.signature)),
        "forwarded": reading.forwarded is not None,
        "language": reading.language,
        "automatic": reading.automatic is not None,
        "reports": [(each.status, each.action, each.bounce_class, each.permanent) for each in reading.delivery_reports],
        "calendar": reading.calendar and (reading.calendar.method, reading.calendar.partstat),
    }


def _people(raw: bytes) -> set[bytes]:
    """Addresses as they stand in the bytes, but for those of offices and identifiers."""
    identifiers = b"\n".join(
        re.findall(rb"(?im)^(?:message-id|in-reply-to|references|content-id):.*(?:\n[ \t].*)*", raw)
    )
    return {
        address.lower()
        for address in _ADDRESS.findall(raw)
        if not names_nobody(address.decode()) and address not in identifiers
    }


def test_every_fixture_is_read_the_same_and_no_address_of_a_person_is_left():
    different, left = [], []
    for path in sorted(FIXTURES.rglob("*.eml")):
        raw = path.read_bytes()
        changed = anonymous(raw, find)
        before, after = _decisions(read_mail(raw)), _decisions(read_mail(changed))
        if before != after and path.name not in SEALED:
            different.append(
                (path.name, {key: (before[key], after[key]) for key in before if before[key] != after[key]})
            )
        left += [(path.name, address) for address in _people(raw) if address in changed.lower()]

    assert different == []
    assert left == []


MAIL = b"""\
Received: from mx.sundkommun.se (mx.sundkommun.se [83.241.7.12])\r
\tby in.krokom.se with ESMTPS; Tue, 24 Nov 2026 08:00:00 +0100\r
DKIM-Signature: v=1; a=rsa-sha256; d=sundkommun.se; s=x;\r
\tb=c2VjcmV0\r
From: =?utf-8?Q?=C3=85sa_Nilsdotter?= <asa.nilsdotter@sundkommun.se>\r
To: "Lund, Karin" <karin.lund@krokom.se>\r
Message-ID: <CAF7x8@mail.sundkommun.se>\r
Subject: Hej Karin\r
Content-Type: multipart/mixed; boundary="==b"\r
\r
--==b\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
Hej Karin!\r
Ring mig p=C3=A5 070-123 45 67. Jag =C3=A4r f=C3=B6dd 850709-9805 och bor p=C3=A5 =\r
Storgatan 12, 831 31 =C3=96stersund.\r
Det h=C3=A4r r=C3=B6r ingen.\r
\r
Mvh =C3=85sa\r
> karin.lund@krokom.se skrev <CAF7x8@mail.sundkommun.se>\r
--==b\r
Content-Type: image/png; name="Karins hus.png"\r
Content-Transfer-Encoding: base64\r
\r
iVBORw0KGgpTZWNyZXQ=\r
--==b--\r
"""


def test_whoever_is_named_is_replaced_everywhere_and_the_form_stays():
    changed = anonymous(MAIL, find)

    for gone in (
        b"Nilsdotter",
        b"C3=85sa",
        b"Karin",
        b"karin",
        b"sundkommun",
        b"83.241",
        b"850709",
        b"123 45 67",
        b"DKIM",
    ):
        assert gone not in changed, gone
    for gone in (b"Storgatan", b"stersund", b"c2VjcmV0", b"CAF7x8", b"U2VjcmV0"):
        assert gone not in changed, gone
    assert b"Det h=C3=A4r r=C3=B6r ingen.\r\n" in changed  # a line without a change is as it was
    assert changed.count(b"\r\n") == changed.count(b"\n")
    assert changed.count(b"--==b") == 3
    assert b"fil1.png" in changed
    before, after = read_mail(MAIL), read_mail(changed)
    assert _decisions(after) == _decisions(before)
    assert after.recipients[0] in after.text + after.quoted  # the same address has the same replacement
    assert after.message_id in after.text + after.quoted
    assert after.sender.name.split()[0] in after.text + after.signature


def test_the_same_mail_becomes_the_same_case_each_time():
    assert anonymous(MAIL, find) == anonymous(MAIL, find)


@given(st.binary(max_size=400) | st.lists(st.sampled_from(MAIL.split(b"\r\n")), max_size=20).map(b"\n".join))
def test_any_bytes_are_taken(raw):
    assert isinstance(anonymous(raw, find), bytes)


@pytest.mark.parametrize("unit", [b"a@b.se ", b"=?utf-8?Q?a?= ", b"<a ", b"1.2.3.4 ", b"http://a/1=aaaaaa"])
def test_the_time_grows_as_a_hostile_mail_does(unit):
    assert_linear(
        lambda raw: anonymous(raw, find), make=lambda count: b"From: a@b.se\n\n" + unit * (count // len(unit))
    )

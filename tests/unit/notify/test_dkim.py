"""Signatures that others verify, and keys that are no keys."""

from __future__ import annotations

import shutil
from pathlib import Path

import dkim
import pytest
from structlog.testing import capture_logs

from services.notify.channels.dkim import Dkim
from shared.errors import MisconfiguredError

KEYS = Path(__file__).parent / "dkim_keys"
"""Made for these tests; ``.public`` is what DNS has as ``p=``."""
FIELDS = [
    "Date: Tue, 24 Nov 2026 08:00:00 +0000",
    "From: =?utf-8?q?Id=C3=A9slussen?= <ide@krokom.example>",
    'To: "Persson, Åsa" <åsa@invanare.example>',
    "Reply-To: <ide+svar@krokom.example>",
    "Subject: Tack för din idé om\r\n lekplatsen",
    "Message-ID: <1@krokom.example>",
    "In-Reply-To: <0@invanare.example>",
    "References: <0@invanare.example>",
    "Auto-Submitted: auto-replied",
    "List-Unsubscribe: <https://idesluss.example/x>",
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
    "X-Idesluss: krokom",
]
MAIL = ("\r\n".join(FIELDS) + "\r\n\r\nHej Åsa!\r\n\r\n.\r\nTack  för   idén. \r\n\r\n\r\n").encode()


def folder_with(folder: Path, **keys: str) -> Path:
    """A folder of keys: ``domain`` (dots written as _) = names of key files."""
    for domain, names in keys.items():
        home = folder / domain.replace("_", ".")
        home.mkdir()
        for name in names.split():
            shutil.copy(KEYS / f"{name}.pem", home / f"{name}.pem")
    return folder


def dns(name: bytes, timeout: int = 5) -> bytes:
    """What DNS would say of our keys, whoever's they are."""
    selector = name.decode().partition("._domainkey.")[0]
    sort = "ed25519" if selector == "ed25519" else "rsa"
    return f"v=DKIM1; k={sort}; p={(KEYS / f'{selector}.public').read_text()}".encode()


def verified(mail: bytes, signatures: int = 1) -> list[bool]:
    return [dkim.DKIM(mail).verify(idx=number, dnsfunc=dns) for number in range(signatures)]


def tags(mail: bytes, number: int = 0) -> dict[str, str]:
    field = [value for name, value in dkim.rfc822_parse(mail)[0] if name == b"DKIM-Signature"][number]
    return {
        name.strip(): "".join(value.split())
        for name, _, value in (tag.partition("=") for tag in field.decode().split(";"))
    }


@pytest.mark.parametrize("name", ["rsa", "pkcs1", "ed25519"])
def test_a_signature_is_verified_by_another(name: str, tmp_path: Path) -> None:
    signed = Dkim(folder_with(tmp_path, krokom_example=name)).sign(MAIL)

    assert signed.endswith(MAIL)
    assert verified(signed) == [True]
    found = tags(signed)
    assert (found["d"], found["s"], found["c"]) == ("krokom.example", name, "relaxed/relaxed")


def test_every_key_of_a_domain_signs(tmp_path: Path) -> None:
    signed = Dkim(folder_with(tmp_path, krokom_example="rsa ed25519")).sign(MAIL)

    assert verified(signed, 2) == [True, True]
    assert {tags(signed, number)["a"] for number in (0, 1)} == {"rsa-sha256", "ed25519-sha256"}


@pytest.mark.parametrize("name", ["rsa", "ed25519"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Hej", b"Nej"),
        (b"lekplatsen", b"parken"),
        (b"<1@krokom", b"<2@krokom"),
        (b"ide+svar", b"nat+svar"),
        (b"auto-replied", b"no"),
        (b"One-Click", b"x"),
        (b"Date: Tue", b"Date: Wed"),
        (b"From: =?", b"From: evil@x.example\r\nFrom: =?"),
    ],
)
def test_what_is_signed_cannot_be_changed(name: str, old: bytes, new: bytes, tmp_path: Path) -> None:
    signed = Dkim(folder_with(tmp_path, krokom_example=name)).sign(MAIL)
    assert old in signed
    assert not dkim.verify(signed.replace(old, new), dnsfunc=dns)


def test_every_field_that_matters_is_signed_and_from_once_more(tmp_path: Path) -> None:
    signed = Dkim(folder_with(tmp_path, krokom_example="rsa")).sign(MAIL)
    expected = [field.partition(":")[0].lower() for field in FIELDS if not field.startswith("X-")]
    assert tags(signed)["h"].split(":") == [*expected, "from"]


def test_the_same_mail_gets_the_same_signature_at_any_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    signer = Dkim(folder_with(tmp_path, krokom_example="rsa ed25519"))
    first = signer.sign(MAIL)
    monkeypatch.setattr("time.time", lambda: 4_000_000_000.0)

    assert signer.sign(MAIL) == first
    assert "t" not in tags(first)


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("ide@krokom.example", "krokom.example"),
        ("ide@KROKOM.example", "krokom.example"),
        ("ide@post.krokom.example", "krokom.example"),
        ("ide@a.b.krokom.example", "krokom.example"),
        ("ide@ide.krokom.example", "ide.krokom.example"),
        ("ide@x.ide.krokom.example", "ide.krokom.example"),
        ("ide@exämple.se", "xn--exmple-cua.se"),
    ],
)
def test_the_nearest_domain_with_keys_signs(sender: str, domain: str, tmp_path: Path) -> None:
    keys = {"krokom_example": "rsa", "ide_krokom_example": "pkcs1", "exämple_se": "rsa"}
    signer = Dkim(folder_with(tmp_path, **keys))
    for form in (sender, f"<{sender}>", f'"ide@annan.example" <{sender}>', f'"x\r\n y"\r\n <{sender}>'):
        signed = signer.sign(f"Subject: x\r\nFROM: {form}\r\n\r\nFrom: x@annan.example\r\n".encode())
        assert tags(signed)["d"] == domain
        assert verified(signed) == [True]


def test_a_mail_of_a_domain_without_keys_leaves_as_it_is_and_that_is_logged_once(tmp_path: Path) -> None:
    signer = Dkim(folder_with(tmp_path, krokom_example="rsa", example="rsa", xkrokom_example="rsa"))
    with capture_logs() as lines:
        for sender in ("ide@are.example", "ide@are.example", "ide@notkrokom.example"):
            mail = f"From: {sender}\r\n\r\nx\r\n".encode()
            assert signer.sign(mail) == mail

    assert [(line["event"], line["domain"]) for line in lines] == [
        ("mail_unsigned", "are.example"),
        ("mail_unsigned", "notkrokom.example"),
    ]


@pytest.mark.parametrize("name", ["short", "ec", "encrypted", "empty", "public", "noise", "cut", "damaged"])
def test_a_key_that_cannot_sign_is_named_at_the_start(name: str, tmp_path: Path) -> None:
    good = (KEYS / "rsa.pem").read_text()
    texts = {
        "empty": "",
        "public": good.replace("PRIVATE", "PUBLIC"),
        "noise": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "cut": good[:400] + "\n-----END PRIVATE KEY-----\n",
        "damaged": good[:400] + ("B" if good[400] != "B" else "C") + good[401:],
    }
    path = tmp_path / "krokom.example" / "x.pem"
    path.parent.mkdir()
    path.write_text(texts[name] if name in texts else (KEYS / f"{name}.pem").read_text())

    with pytest.raises(MisconfiguredError) as fault:
        Dkim(tmp_path)
    assert str(fault.value).startswith(f"IDESLUSS_DKIM_KEYS: {path}")


def test_a_key_with_the_line_ends_of_windows_is_read(tmp_path: Path) -> None:
    path = folder_with(tmp_path, krokom_example="rsa") / "krokom.example" / "rsa.pem"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert verified(Dkim(tmp_path).sign(MAIL)) == [True]


@pytest.mark.parametrize("name", ["krokom.example/UPPER_case.pem", "krokom.example/..pem"])
def test_a_file_whose_name_is_no_selector_is_named(name: str, tmp_path: Path) -> None:
    (tmp_path / "krokom.example").mkdir()
    shutil.copy(KEYS / "rsa.pem", tmp_path / name)
    with pytest.raises(MisconfiguredError, match=r"<domain>/<selector>\.pem"):
        Dkim(tmp_path)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(MisconfiguredError, match="nowhere"):
        Dkim(tmp_path / "nowhere")

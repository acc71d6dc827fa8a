"""Links of ours in somebody's words are shown without what opens them; all else stays as it was written."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

import pytest

from services.intake.web.downloads import size_in_words
from shared.mail import addresses, reply_addresses
from shared.signing import Signer
from shared.web import links
from shared.web.own_links import without_tokens
from tests.support.growth import assert_linear

SIGNER = Signer([b"k" * 32])
SOMEBODY = UUID("01a20c2d-a652-7054-be86-4fa1a5b49c3e")
FOLLOW = links.follow_token(SIGNER, "KRO-2026-0042")
CONTACT = links.contact_token(SIGNER, "KRO-2026-0042", SOMEBODY)
CONFIRM = links.confirm_token(SIGNER, SOMEBODY)
UNDELIVERED = links.undelivered_token(SIGNER, SOMEBODY)
PREFERENCES = links.preferences_token(SIGNER, "Åsa+idéer@kommun.example")
ACT = links.act_token(SIGNER, "svara", SOMEBODY, SOMEBODY)
REPLY, HOST, PROPOSAL = (
    links.id_token(SIGNER, purpose, SOMEBODY) for purpose in (links.REPLY, links.HOST, links.PROPOSAL)
)
IN_MAILS = [
    (f"https://ide.example/kontakt/gor/svara/{ACT}", ACT),
    (f"https://ide.example/i/samma/{ACT}", ACT),
    (f"https://ide.example/i/KRO-2026-0042?t={FOLLOW}", FOLLOW),
    (f"https://ide.example/i/KRO-2026-0042?lang=en&t={FOLLOW}", FOLLOW),
    (f"https://ide.example/kontakt/ide/KRO-2026-0042?t={CONTACT}", CONTACT),
    (f"https://ide.example/kontakt/bekrafta/{CONFIRM}", CONFIRM),
    (f"https://ide.example/kontakt/meddelande/{UNDELIVERED}", UNDELIVERED),
    (f"https://ide.example/utskick/{PREFERENCES}", PREFERENCES),
    (f"https://ide.example/utskick/{PREFERENCES}/avsluta?sort=news", PREFERENCES),
    (f"https://ide.example/svar/{REPLY}", REPLY),
    (f"https://ide.example/svar/vard/{HOST}", HOST),
    (f"https://ide.example/svar/forslag/{PROPOSAL}", PROPOSAL),
]


@pytest.mark.parametrize(("address", "token"), IN_MAILS)
@pytest.mark.parametrize("written", ["> {}\n> mer", "<{}>", "Se {}.", "https://checked.example/?url={}&data=x"])
def test_a_link_is_shown_without_its_token(address: str, token: str, written: str) -> None:
    wrapped = "checked" in written
    text = written.format(quote(address, safe="") if wrapped else address)

    shown = without_tokens(text)

    assert token not in shown
    assert shown == text.replace(token, "…")


@pytest.mark.parametrize(("address", "token"), IN_MAILS)
@pytest.mark.parametrize("fold", ["\n> ", "\r\n> > ", " \n>> ", "\n"])
@pytest.mark.parametrize("kept", [0, 1, 12, 32, 40])
def test_a_link_that_quoting_broke_is_shown_without_its_token(address: str, token: str, fold: str, kept: int) -> None:
    broken = token[:kept] + fold + token[kept:]

    shown = without_tokens(f"> {address.replace(token, broken)}\n> mer")

    assert token[-14:] not in shown.replace(fold, "")
    assert shown.endswith("\n> mer")


@pytest.mark.parametrize(("address", "token"), IN_MAILS)
def test_a_link_encoded_several_times_is_shown_without_its_token(address: str, token: str) -> None:
    for _ in range(4):
        address = quote(address, safe="")

        assert without_tokens(f"https://checked.example/?url={address}&x") == (
            f"https://checked.example/?url={address.replace(token, '…')}&x"
        )


def test_however_much_stands_before_it_a_link_s_token_is_cut() -> None:
    link = f"https://ide.example/i/KRO-2026-0042?utm={'x' * 3000}&t="

    assert without_tokens(f"{link}{FOLLOW} och") == f"{link}… och"


REPLY = [
    reply_addresses.make(SIGNER, "ide@krokom.example", "kontakt", "KRO-2026-0042", str(SOMEBODY)),
    reply_addresses.make(SIGNER, "ide@krokom.example", "svar", "KRO-2026-0042"),
    addresses.return_path(SIGNER, "ide@krokom.example", SOMEBODY),
]


@pytest.mark.parametrize("address", REPLY)
def test_a_signed_address_is_shown_as_the_sluice_s_own(address: str) -> None:
    assert without_tokens(f"Den 3 nov skrev <{address}>:") == "Den 3 nov skrev <ide@krokom.example>:"
    assert without_tokens(address.upper()) == "IDE@KROKOM.EXAMPLE"
    assert without_tokens(f"mailto:{quote(address)}") == "mailto:ide%40krokom.example"
    at = address.index("@")
    assert without_tokens(f"{address[: at - 5]}\n> {address[at - 5 :]}") == "ide@krokom.example"


@pytest.mark.parametrize(
    "text",
    [
        "asa+svar.2026@invanare.example",
        f"/i/KRO-2026-0042 och t={FOLLOW}",
        "https://ide.example/utskick/\n> kommunalt",
        "https://ide.example/i/KRO-2026-0042?t=kort",
        f"https://other.example/x?t={FOLLOW}",
        "https://ide.example/tavla/krokom",
        "https://ide.example/utskick/nyhetsbrev",
        f"t={FOLLOW}",
        "",
    ],
)
def test_what_is_no_link_of_ours_stays(text: str) -> None:
    assert without_tokens(text) == text


@pytest.mark.parametrize(
    "piece",
    [
        "t=",
        "/i/KRO-2026-0042",
        "/i/KRO-2026-0042?t=" + "a\n> " * 25 + "!",
        "/utskick/",
        "/utskick/" + "a" * 29 + "\n" + ">" * 20,
        "/utskick/\n" + "a" * 11,
        "+svar.kro-2026-0042." + "a\n" * 15 + "!",
        "+studs." + "a" * 25,
        "%25252525",
        " \n> ",
        "a",
    ],
)
def test_hostile_text_takes_no_time(piece: str) -> None:
    def text(count: int) -> str:
        return "/i/KRO-2026-0042" + piece * (count // len(piece))

    assert without_tokens(text(400_000)) == text(400_000)
    assert_linear(without_tokens, make=text)


@pytest.mark.parametrize(
    ("size", "language", "words"),
    [
        (0, "sv", "0 B"),
        (999, "sv", "999 B"),
        (1_000, "sv", "1 kB"),
        (14_449, "sv", "14 kB"),
        (1_449_000, "sv", "1,4 MB"),
        (1_449_000, "en", "1.4 MB"),
        (41_943_040, "sv", "42 MB"),
    ],
)
def test_a_size_is_said_as_people_read_it(size: int, language: str, words: str) -> None:
    assert size_in_words(size, language) == words.replace(" ", "\u00a0")

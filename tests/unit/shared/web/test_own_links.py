"""Links of ours in somebody's words are shown without what opens them; all else stays as it was written."""

from __future__ import annotations

from urllib.parse import quote
from uuid import UUID

import pytest

from services.intake.web.contact_idea import size_in_words
from shared.signing import Signer
from shared.web import links
from shared.web.own_links import without_tokens

SIGNER = Signer([b"k" * 32])
SOMEBODY = UUID("01a20c2d-a652-7054-be86-4fa1a5b49c3e")
FOLLOW = links.follow_token(SIGNER, "KRO-2026-0042")
CONTACT = links.contact_token(SIGNER, "KRO-2026-0042", SOMEBODY)
CONFIRM = links.confirm_token(SIGNER, SOMEBODY)
UNDELIVERED = links.undelivered_token(SIGNER, SOMEBODY)
PREFERENCES = links.preferences_token(SIGNER, "Åsa+idéer@kommun.example")
IN_MAILS = [
    (f"https://ide.example/i/KRO-2026-0042?t={FOLLOW}", FOLLOW),
    (f"https://ide.example/i/KRO-2026-0042?lang=en&t={FOLLOW}", FOLLOW),
    (f"https://ide.example/kontakt/ide/KRO-2026-0042?t={CONTACT}", CONTACT),
    (f"https://ide.example/kontakt/bekrafta/{CONFIRM}", CONFIRM),
    (f"https://ide.example/kontakt/meddelande/{UNDELIVERED}", UNDELIVERED),
    (f"https://ide.example/utskick/{PREFERENCES}", PREFERENCES),
    (f"https://ide.example/utskick/{PREFERENCES}/avsluta?sort=news", PREFERENCES),
]


@pytest.mark.parametrize(("address", "token"), IN_MAILS)
@pytest.mark.parametrize("written", ["> {}\n> mer", "<{}>", "Se {}.", "https://checked.example/?url={}&data=x"])
def test_a_link_is_shown_without_its_token(address: str, token: str, written: str) -> None:
    wrapped = "checked" in written
    text = written.format(quote(address, safe="") if wrapped else address)

    shown = without_tokens(text)

    assert token not in shown
    assert shown == text.replace(token, "…")


@pytest.mark.parametrize(
    "text",
    [
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


def test_hostile_text_takes_no_time() -> None:
    text = "/i/KRO-2026-0042" + "t=" * 200_000

    assert without_tokens(text) == text


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

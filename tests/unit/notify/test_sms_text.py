"""What an SMS says."""

from __future__ import annotations

from typing import Any

import pytest

from services.notify.domain.sms import segments
from services.notify.usecases.send_sms import MOST_SEGMENTS, text_of

URL = "https://ide.krokom.example/i/KRO-2026-0042?t=abcdefghijklmnopqrstuvwxyz"


@pytest.mark.parametrize("link", [None, {"label": None, "url": None}, {"label": "", "url": ""}])
def test_a_message_without_a_link_is_its_text(link: dict[str, Any] | None) -> None:
    assert text_of({"subject": "Svar", "text": "Hej!\r\n\r\nDu har fått svar.\n", "link": link}) == (
        "Hej!\n\nDu har fått svar."
    )


@pytest.mark.parametrize("word", ["ord ", "слово ", "😀 ", "€"])
def test_a_long_message_is_cut_before_its_link_and_costs_no_more_than_it_may(word: str) -> None:
    said = text_of({"text": word * 1000, "link": {"label": "Läs mer", "url": URL}})

    assert said.endswith(f"...\n{URL}")
    assert segments(said).count == MOST_SEGMENTS


def test_a_link_that_is_longer_than_an_sms_stays_whole() -> None:
    url = f"https://ide.krokom.example/{'x' * 300}"

    assert text_of({"text": "Hej!", "link": {"label": "Läs mer", "url": url}}) == f"Hej!\n{url}"

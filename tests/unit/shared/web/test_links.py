"""Signed links are good for one purpose and one thing."""

from __future__ import annotations

from uuid import UUID

from shared.settings import load
from shared.signing import Signer
from shared.web import links

SIGNER = Signer([b"a" * 32])
DRAFT = UUID("01a20c2d-a652-7054-be86-4fa1a5b49c3e")
SETTINGS = load({"IDESLUSS_SECRET_KEY": "a" * 32, "IDESLUSS_BASE_URL": "https://idesluss.example/"})


def test_a_follow_link_opens_its_own_idea_and_no_other() -> None:
    token = links.follow_token(SIGNER, "KRO-2026-0042")

    assert links.opens_follow(SIGNER, "KRO-2026-0042", token)
    assert not links.opens_follow(SIGNER, "KRO-2026-0043", token)


def test_a_shortened_token_opens_nothing() -> None:
    token = links.follow_token(SIGNER, "KRO-2026-0042")

    assert not links.opens_follow(SIGNER, "KRO-2026-0042", token[:-1])
    assert not links.opens_follow(SIGNER, "KRO-2026-0042", token[:10])
    assert not links.opens_follow(SIGNER, "KRO-2026-0042", "")


def test_a_confirm_link_names_its_draft() -> None:
    assert links.draft_of(SIGNER, links.confirm_token(SIGNER, DRAFT)) == DRAFT


def test_a_follow_token_confirms_nothing() -> None:
    forged = DRAFT.hex + links.follow_token(SIGNER, DRAFT.hex)

    assert links.draft_of(SIGNER, forged) is None


def test_what_is_no_confirm_token_names_no_draft() -> None:
    token = links.confirm_token(SIGNER, DRAFT)

    for wrong in ("", "x", token[:-1], token + "a", "g" * len(token), token.replace("0", "1", 1), "å" * 58):
        assert links.draft_of(SIGNER, wrong) is None


def test_addresses_are_built_from_the_base_url() -> None:
    assert links.follow_url(SETTINGS, "KRO-2026-0042").startswith("https://idesluss.example/i/KRO-2026-0042?t=")
    assert links.confirm_answer_url(SETTINGS, DRAFT).startswith("https://idesluss.example/kontakt/bekrafta/")


def test_a_preferences_link_names_its_address_in_any_spelling() -> None:
    token = links.preferences_token(SIGNER, "Åsa+Idéer@Kommun.example")

    assert links.address_of(SIGNER, token) == links.address_of(SIGNER, token.upper()) == "åsa+idéer@kommun.example"
    assert token == links.preferences_token(SIGNER, " åsa+idéer@kommun.EXAMPLE ")


def test_what_is_no_preferences_token_names_no_address() -> None:
    token = links.preferences_token(SIGNER, "asa@kommun.example")
    other = links.preferences_token(SIGNER, "bo@kommun.example")
    unsigned = token[: -links.TOKEN_LENGTH]

    wrong = ("", "x", unsigned, token[:-1], token + "a", "a" + token, other[:8] + token[8:], "å" * 60, "/" * 60)
    for each in wrong:
        assert links.address_of(SIGNER, each) is None
    assert links.address_of(SIGNER, links.follow_token(SIGNER, unsigned)) is None
    assert links.address_of(SIGNER, unsigned + links.follow_token(SIGNER, unsigned)) is None


def test_one_post_to_the_unsubscribe_address_is_enough() -> None:
    address = links.unsubscribe_url(SETTINGS, "asa@kommun.example", "news")

    page = links.preferences_url(SETTINGS, "asa@kommun.example")
    assert page.startswith("https://idesluss.example/utskick/")
    assert address == f"{page}/avsluta?sort=news"


def test_an_undelivered_link_names_its_notification_and_is_good_for_nothing_else() -> None:
    token = links.undelivered_token(SIGNER, DRAFT)

    assert links.undelivered_of(SIGNER, token) == DRAFT
    assert links.undelivered_url(SETTINGS, DRAFT).startswith("https://idesluss.example/kontakt/meddelande/")
    assert links.draft_of(SIGNER, token) is None
    for wrong in ("", "x", token[:-1], token + "a", links.confirm_token(SIGNER, DRAFT), token.replace("0", "1", 1)):
        assert links.undelivered_of(SIGNER, wrong) is None

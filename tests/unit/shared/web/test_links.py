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

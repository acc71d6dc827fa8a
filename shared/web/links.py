"""The signed links that mails carry and pages open. A link is good for one purpose and one thing.

Addresses are built from IDESLUSS_BASE_URL alone, never from a request's Host (a forged one once reached a mail
in many a product). The functions know neither Flask nor a database, so that use cases and workers can call them.
"""

from __future__ import annotations

from uuid import UUID

from shared.settings import Settings
from shared.signing import Signer

FOLLOW = "follow-link"
CONFIRM = "confirm-answer-link"
CONTACT = "contact-link"
TOKEN_LENGTH = 26
"""Base32 characters: 130 bits."""


def follow_token(signer: Signer, reference: str) -> str:
    """What opens the page of that idea for whoever holds it."""
    return signer.token(FOLLOW, reference, length=TOKEN_LENGTH)


def follow_url(settings: Settings, reference: str) -> str:
    """The page where somebody follows their idea: ``…/i/KRO-2026-0042?t=…``."""
    return f"{settings.base_url}/i/{reference}?t={follow_token(settings.signer, reference)}"


def opens_follow(signer: Signer, reference: str, token: str) -> bool:
    """True if the token is that idea's."""
    return len(token) == TOKEN_LENGTH and signer.verify(FOLLOW, reference, token)


def contact_token(signer: Signer, reference: str, contact_id: UUID) -> str:
    """What opens an idea for one contact: shows more than the submitter's page, and acts as nobody."""
    return f"{contact_id.hex}{signer.token(CONTACT, f'{reference} {contact_id.hex}', length=TOKEN_LENGTH)}"


def contact_url(settings: Settings, reference: str, contact_id: UUID) -> str:
    """The page where a contact sees an idea: ``…/kontakt/ide/KRO-2026-0042?t=…``."""
    return f"{settings.base_url}/kontakt/ide/{reference}?t={contact_token(settings.signer, reference, contact_id)}"


def contact_of(signer: Signer, reference: str, token: str) -> UUID | None:
    """The contact whose link this is, or None where we did not sign it for that idea."""
    contact, signature = token[:32], token[32:]
    if len(signature) != TOKEN_LENGTH or not signer.verify(CONTACT, f"{reference} {contact}", signature):
        return None
    return UUID(hex=contact)


def confirm_token(signer: Signer, draft_id: UUID) -> str:
    """What shows a drafted answer and lets its holder send it."""
    return f"{draft_id.hex}{signer.token(CONFIRM, draft_id.hex, length=TOKEN_LENGTH)}"


def confirm_answer_url(settings: Settings, draft_id: UUID) -> str:
    """The page where a contact confirms an answer that they drafted by mail."""
    return f"{settings.base_url}/kontakt/bekrafta/{confirm_token(settings.signer, draft_id)}"


def draft_of(signer: Signer, token: str) -> UUID | None:
    """The draft that a confirm token is for, or None where we did not sign it."""
    draft, signature = token[:32], token[32:]
    if len(signature) != TOKEN_LENGTH or not signer.verify(CONFIRM, draft, signature):
        return None
    return UUID(hex=draft)

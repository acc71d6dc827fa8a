"""The signed links that mails carry and pages open. A link is good for one purpose and one thing.

Addresses are built from IDESLUSS_BASE_URL alone, never from a request's Host (a forged one once reached a mail
in many a product). The functions know neither Flask nor a database, so that use cases and workers can call them.
"""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.signing import Signer

FOLLOW = "follow-link"
CONFIRM = "confirm-answer-link"
CONTACT = "contact-link"
UNDELIVERED = "undelivered-link"
PREFERENCES = "preferences-link"
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


def preferences_token(signer: Signer, address: str) -> str:
    """What shows which mails an address gets, and lets its holder choose: all spellings of it have one token."""
    named = base64.b32encode(canonical(address).encode()).decode("ascii").lower().rstrip("=")
    return f"{named}{signer.token(PREFERENCES, named, length=TOKEN_LENGTH)}"


def preferences_url(settings: Settings, address: str) -> str:
    """The page where somebody chooses which mails they get: ``…/utskick/…``."""
    return f"{settings.base_url}/utskick/{preferences_token(settings.signer, address)}"


def unsubscribe_url(settings: Settings, address: str, category: str) -> str:
    """Where one POST ends mails of one category to an address (RFC 8058): ``…/utskick/…/avsluta?sort=reminders``."""
    return f"{preferences_url(settings, address)}/avsluta?sort={category}"


def address_of(signer: Signer, token: str) -> str | None:
    """The address that a preferences token is for, in its canonical spelling, or None where we did not sign it."""
    named, signature = token[:-TOKEN_LENGTH].lower(), token[-TOKEN_LENGTH:]
    if not named or not signer.verify(PREFERENCES, named, signature):
        return None
    try:
        return base64.b32decode(named.upper() + "=" * (-len(named) % 8)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def undelivered_token(signer: Signer, notification_id: UUID) -> str:
    """What shows a message that did not arrive and lets its holder correct the address and send it anew."""
    return f"{notification_id.hex}{signer.token(UNDELIVERED, notification_id.hex, length=TOKEN_LENGTH)}"


def undelivered_url(settings: Settings, notification_id: UUID) -> str:
    """The page where a contact sees why a message did not arrive, and sends it anew."""
    return f"{settings.base_url}/kontakt/meddelande/{undelivered_token(settings.signer, notification_id)}"


def undelivered_of(signer: Signer, token: str) -> UUID | None:
    """The notification that such a token is for, or None where we did not sign it."""
    notification, signature = token[:32], token[32:]
    if len(signature) != TOKEN_LENGTH or not signer.verify(UNDELIVERED, notification, signature):
        return None
    return UUID(hex=notification)

"""The signed links that mails carry and pages open. A link is good for one purpose and one thing.

Addresses are built from IDESLUSS_BASE_URL alone, never from a request's Host (a forged one once reached a mail
in many a product). The functions know neither Flask nor a database, so that use cases and workers can call them.
"""

from __future__ import annotations

import base64
import binascii
from uuid import UUID

from shared.errors import NotFound
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.signing import Signer

FOLLOW = "follow-link"
CONFIRM = "confirm-answer-link"
CONTACT = "contact-link"
UNDELIVERED = "undelivered-link"
NEW_ADDRESS = "new-address-link"
PREFERENCES = "preferences-link"
SUPPORT = "support-link"
STOP_FOLLOWING = "stop-following-link"
COMMENT = "comment-link"
NEWS = "news-link"
STOP_NEWS = "stop-news-link"
ACT = "act-link"
SAME = "same-idea-link"
REPLY = "reply-link"
HOST = "host-link"
PROPOSAL = "proposal-link"
FEEDBACK = "feedback-link"
SUMMARY_READER = "summary-reader-link"
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


def new_address_url(settings: Settings, reference: str, address: str) -> str:
    """The page where somebody shows that an address is theirs, and so makes it that of their idea."""
    named = _written(address)
    token = settings.signer.token(NEW_ADDRESS, f"{reference} {named}", length=TOKEN_LENGTH)
    return f"{settings.base_url}/i/{reference}/adress/{named}{token}"


def new_address_of(signer: Signer, reference: str, token: str) -> str | None:
    """The address that such a token is for, in its canonical spelling; None where we did not sign it for that idea."""
    named, signature = token[:-TOKEN_LENGTH].lower(), token[-TOKEN_LENGTH:]
    if not named or not signer.verify(NEW_ADDRESS, f"{reference} {named}", signature):
        return None
    return _read(named)


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


def sign_in_url(settings: Settings, token: str) -> str:
    """The page with the button that signs in: ``…/kontakt/in/…``. The token is random, not signed."""
    return f"{settings.base_url}/kontakt/in/{token}"


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
    named = _written(address)
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
    return _read(named) if named and signer.verify(PREFERENCES, named, signature) else None


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


def _written(address: str) -> str:
    """An address in base32, all its spellings in the same signs."""
    return base64.b32encode(canonical(address).encode()).decode("ascii").lower().rstrip("=")


def _read(named: str) -> str | None:
    try:
        return base64.b32decode(named.upper() + "=" * (-len(named) % 8)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None


def support_url(settings: Settings, follower_id: UUID) -> str:
    """The page with the button that says "yes, I support that idea": ``…/tavla/stod/…``."""
    return f"{settings.base_url}/tavla/stod/{id_token(settings.signer, SUPPORT, follower_id)}"


def stop_following_url(settings: Settings, follower_id: UUID) -> str:
    """The page with the button that ends mails about an idea, and the address that one POST ends them at."""
    return f"{settings.base_url}/tavla/sluta/{id_token(settings.signer, STOP_FOLLOWING, follower_id)}"


def comment_url(settings: Settings, comment_id: UUID) -> str:
    """The page on which somebody says that they wrote a comment: ``…/tavla/kommentar/…``."""
    return f"{settings.base_url}/tavla/kommentar/{id_token(settings.signer, COMMENT, comment_id)}"


def news_url(settings: Settings, subscriber_id: UUID) -> str:
    """The page with the button that says "yes, mail me news": ``…/nyheter/prenumeration/…``."""
    return f"{settings.base_url}/nyheter/prenumeration/{id_token(settings.signer, NEWS, subscriber_id)}"


def stop_news_url(settings: Settings, subscriber_id: UUID) -> str:
    """The page with the button that ends news by mail, and the address that one POST ends them at."""
    return f"{settings.base_url}/nyheter/sluta/{id_token(settings.signer, STOP_NEWS, subscriber_id)}"


def id_token(signer: Signer, purpose: str, identity: UUID) -> str:
    """What opens the page of that purpose for one thing."""
    return f"{identity.hex}{signer.token(purpose, identity.hex, length=TOKEN_LENGTH)}"


def id_of(signer: Signer, purpose: str, token: str) -> UUID | None:
    """The thing that such a token is for, or None where we did not sign it for that purpose."""
    identity, signature = token[:32], token[32:]
    if len(signature) != TOKEN_LENGTH or not signer.verify(purpose, identity, signature):
        return None
    return UUID(hex=identity)


def opened(signer: Signer, purpose: str, token: str) -> UUID:
    """The same, for a page that has nothing to show without it.

    :raises NotFound: we did not sign it for that purpose.
    """
    identity = id_of(signer, purpose, token)
    if identity is None:
        raise NotFound("no link of ours")
    return identity


ACTS = ("ta", "fraga", "svara", "lamna", "slapp")
"""What a contact may do from a mail: take an idea, ask about it, answer (and move it), hand it over, release it."""


def act_token(signer: Signer, act: str, idea_id: UUID, contact_id: UUID) -> str:
    """What lets one contact do one thing with one idea, for as long as they are its contact."""
    named = f"{idea_id.hex}{contact_id.hex}"
    return f"{named}{signer.token(ACT, f'{act} {named}', length=TOKEN_LENGTH)}"


def act_path(signer: Signer, act: str, idea_id: UUID, contact_id: UUID) -> str:
    """The page with the button: ``/kontakt/gor/svara/…``. Looking at it changes nothing."""
    return f"/kontakt/gor/{act}/{act_token(signer, act, idea_id, contact_id)}"


def act_url(settings: Settings, act: str, idea_id: UUID, contact_id: UUID) -> str:
    """The same, as a mail carries it."""
    return settings.base_url + act_path(settings.signer, act, idea_id, contact_id)


def act_of(signer: Signer, act: str, token: str) -> tuple[UUID, UUID] | None:
    """The idea and the contact that such a token is for, or None where we did not sign it for that act."""
    named, signature = token[:64], token[64:]
    if act not in ACTS or len(signature) != TOKEN_LENGTH or not signer.verify(ACT, f"{act} {named}", signature):
        return None
    return UUID(hex=named[:32]), UUID(hex=named[32:])


def same_idea_url(settings: Settings, idea_id: UUID, other_id: UUID) -> str:
    """The page with the button by which the submitter of one idea follows another: ``…/i/samma/…``."""
    named = f"{idea_id.hex}{other_id.hex}"
    return f"{settings.base_url}/i/samma/{named}{settings.signer.token(SAME, named, length=TOKEN_LENGTH)}"


def same_idea_of(signer: Signer, token: str) -> tuple[UUID, UUID] | None:
    """The submitter's own idea and the other that such a token is for, or None where we did not sign it."""
    named, signature = token[:64], token[64:]
    if len(signature) != TOKEN_LENGTH or not signer.verify(SAME, named, signature):
        return None
    return UUID(hex=named[:32]), UUID(hex=named[32:])


def reply_url(settings: Settings, guest_id: UUID) -> str:
    """The page on which a guest answers an invitation: ``…/svar/…``. Looking at it changes nothing."""
    return f"{settings.base_url}/svar/{id_token(settings.signer, REPLY, guest_id)}"


def host_url(settings: Settings, question_id: UUID) -> str:
    """The page on which a host picks a day for a stop: ``…/svar/vard/…``."""
    return f"{settings.base_url}/svar/vard/{id_token(settings.signer, HOST, question_id)}"


def proposal_url(settings: Settings, proposal_id: UUID) -> str:
    """The page with the button that puts a mailed reply in force: ``…/svar/forslag/…``."""
    return f"{settings.base_url}/svar/forslag/{id_token(settings.signer, PROPOSAL, proposal_id)}"


def feedback_url(settings: Settings, guest_id: UUID) -> str:
    """The page on which a guest says what they thought of an event: ``…/svar/tyck/…``."""
    return f"{settings.base_url}/svar/tyck/{id_token(settings.signer, FEEDBACK, guest_id)}"


def summary_reader_url(settings: Settings, reader_id: UUID) -> str:
    """The page with the button that says "yes, mail me the summary": ``…/svar/summering/…``."""
    return f"{settings.base_url}/svar/summering/{id_token(settings.signer, SUMMARY_READER, reader_id)}"

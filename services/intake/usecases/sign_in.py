"""Sign in by a link that is sent by mail, works once, for ten minutes, and best in the browser that asked for it.

The link itself is kept nowhere, only its hash. Looking at it changes nothing: programs that open every link in a mail
burn none. An address that nobody of ours has is answered in the same way, and with the same work.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.intake.store import sluices
from services.intake.store.hits import HITS
from services.intake.store.people_tables import SignInLink
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from services.intake.usecases.known_people import KnownPerson, find_person, fold
from services.intake.usecases.sessions import Place, begin_session
from shared.db import hold
from shared.errors import NotFound, Rejected
from shared.ids import new_id
from shared.settings import Settings
from shared.web import links

HOLDS = timedelta(minutes=10)
"""How long a link may be used."""
MOST_LINKS = 3
"""Links to one address within ``WINDOW``."""
MOST_ASKS = 30
"""Times that one place may ask within ``WINDOW``, for whatever address."""
WINDOW = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Link:
    """An open link, as its page shows it."""

    address: str
    asked_at: datetime
    asked_from: str
    is_from_here: bool
    """Was it this browser that asked?"""
    next_path: str


@dataclass(frozen=True, slots=True)
class Entered:
    """Somebody who has just signed in."""

    person: KnownPerson
    session_id: str
    next_path: str


def ask_for_link(
    session: Session, settings: Settings, *, address: str, browser: str, place: Place, next_path: str, moment: datetime
) -> bool:
    """Send a link to that address, if somebody of ours has it; False where that place has asked too often.

    Nothing else tells the asker whether there is such a person, or whether they got their three links already.

    :param browser: the secret of the asking browser's cookie.
    """
    asked = HITS.count(session.connection(), f"sign-in {place.network}", WINDOW.total_seconds())
    # Counting alone need not wait for the disk. This must, and does for strangers too: the time tells nothing.
    session.execute(select(func.set_config("synchronous_commit", "on", True)))
    if asked > MOST_ASKS:
        return False
    wanted = fold(address)
    hold(session, f"sign-in {wanted}")
    person = find_person(session, wanted)
    lately = session.scalar(
        select(func.count())
        .select_from(SignInLink)
        .where(SignInLink.address == wanted, SignInLink.asked_at > moment - WINDOW)
    )
    if person is None or person.sluice_id is None or (lately or 0) >= MOST_LINKS:
        return True
    token = new_token()
    row = SignInLink(
        id=new_id(),
        token_hash=_hash(token),
        address=wanted,
        browser_hash=_hash(browser),
        asked_at=moment,
        asked_from=place.words,
        next_path=next_path,
        expires_at=moment + HOLDS,
    )
    session.add(row)
    ask_for_mail(
        session,
        settings,
        "sign-in",
        about=row.id,
        to=Recipient(person.name, person.address, person.language),
        sluice=sluices.profile(session, person.sluice_id),
        facts={
            "sign_in_url": links.sign_in_url(settings, token),
            "asked_at": moment.isoformat(),
            "asked_from": place.words,
            "minutes": int(HOLDS.total_seconds() // 60),
        },
    )
    return True


def look_at_link(session: Session, token: str, browser: str, moment: datetime) -> Link:
    """What an open link is for. Changes nothing.

    :raises NotFound: it was used, is too old, or was never ours.
    """
    row = _open(session, token, moment)
    return Link(row.address, row.asked_at, row.asked_from, row.browser_hash == _hash(browser), row.next_path)


def use_link(
    session: Session, token: str, *, browser: str, is_confirmed: bool, place: Place, moment: datetime
) -> Entered:
    """Sign in, once; every other open link of that person dies with it.

    :param is_confirmed: in another browser than the one that asked, the person said that it was them.
    :raises NotFound: the link was used, is too old, or was never ours; or its owner has no role any more.
    :raises Rejected: another browser, and nobody said that it was them.
    """
    row = _open(session, token, moment)
    if row.browser_hash != _hash(browser) and not is_confirmed:
        raise Rejected("confirmed", "sign_in.fault.confirm")
    hold(session, f"sign-in {row.address}")
    used = session.execute(
        update(SignInLink)
        .where(SignInLink.id == row.id, SignInLink.used_at.is_(None))
        .values(used_at=moment)
        .returning(SignInLink.address)
    ).scalar()
    person = find_person(session, row.address)
    if used is None or person is None:
        raise NotFound("the link was used")
    end_links(session, row.address, moment)
    return Entered(person, begin_session(session, person.address, "link", place, moment), row.next_path)


def enter_vouched(session: Session, address: str, *, next_path: str, place: Place, moment: datetime) -> Entered:
    """Sign in somebody whose address an identity provider vouches for; their open links die.

    :raises NotFound: nobody of ours has that address.
    """
    hold(session, f"sign-in {fold(address)}")
    person = find_person(session, address)
    if person is None:
        raise NotFound("nobody of ours")
    end_links(session, person.address, moment)
    return Entered(person, begin_session(session, person.address, "oidc", place, moment), next_path)


def end_links(session: Session, address: str, moment: datetime) -> None:
    """Let every open link of that person die."""
    session.execute(
        update(SignInLink).where(SignInLink.address == address, SignInLink.used_at.is_(None)).values(used_at=moment)
    )


def new_token() -> str:
    """130 random bits as 26 signs of base32, lower case."""
    return base64.b32encode(secrets.token_bytes(17)).decode().lower()[:26]


def _open(session: Session, token: str, moment: datetime) -> SignInLink:
    row = session.scalar(
        select(SignInLink).where(
            SignInLink.token_hash == _hash(token), SignInLink.used_at.is_(None), SignInLink.expires_at > moment
        )
    )
    if row is None:
        raise NotFound("no open link")
    return row


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

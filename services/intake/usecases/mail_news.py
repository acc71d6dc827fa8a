"""News by mail: ask for it, show that the address is one's own, get it once, and end it.

A post is mailed once, when somebody says so. It goes out in chunks: each is one transaction that asks for its mails,
for the next chunk, and marks its own duty as done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, not_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.domain.light_markup import plain
from services.intake.domain.sluice import SluiceProfile
from services.intake.domain.written_address import fault_in
from services.intake.store import news as store
from services.intake.store import sluices
from services.intake.store.public_tables import News, NewsSubscriber
from services.intake.store.tables import Sluice
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from services.intake.usecases.ask_to_confirm import ASKED_AGAIN_AFTER, ask_to_confirm
from services.intake.usecases.sayings import say, spoken
from services.intake.usecases.write_news import locked
from shared import logs
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.clock import now
from shared.contracts.registry import NEWS_DUE
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.mail.addresses import canonical
from shared.settings import Settings
from shared.viewer import Viewer
from shared.web import links

log = logs.get(__name__)

CHUNK: Final = 100


@dataclass(frozen=True, slots=True)
class Subscription:
    """What somebody asked for, as their link shows it."""

    sluice_name: str | None
    """None for everything."""
    slug: str | None
    is_confirmed: bool
    has_ended: bool


def ask(session: Session, settings: Settings, *, address: str, sluice: str, language: str) -> None:
    """Write to that address with a link whose button is the subscription. The answer is the same for every address.

    :param sluice: a slug, or empty for all news.
    :raises Rejected: we cannot write to that address, or there is no such sluice.
    """
    address, language, moment = address.strip(), spoken(language), now()
    if (fault := fault_in(address)) is not None:
        raise Rejected("address", fault)
    profile = _whose(session, sluice, language)
    hears = and_(NewsSubscriber.confirmed_at.is_not(None), NewsSubscriber.ended_at.is_(None))
    asked = session.execute(
        insert(NewsSubscriber)
        .values(
            id=new_id(),
            sluice_id=profile.id if sluice else None,
            address=canonical(address),
            language=language,
            asked_at=moment,
        )
        .on_conflict_do_update(
            index_elements=[NewsSubscriber.sluice_id, NewsSubscriber.address],
            set_={"asked_at": moment, "language": language},
            where=and_(NewsSubscriber.asked_at <= moment - ASKED_AGAIN_AFTER, not_(hears)),
        )
        .returning(NewsSubscriber.id)
    ).scalar()
    if asked is None:
        return
    ask_to_confirm(
        session,
        settings,
        "news",
        links.news_url(settings, asked),
        about=f"{asked}:{moment:%Y%m%d%H%M%S}",
        address=address,
        language=language,
        sluice=profile,
    )


def look(session: Session, subscriber_id: UUID) -> Subscription:
    """What somebody's link is about.

    :raises NotFound: nothing any more.
    """
    row = session.execute(
        select(NewsSubscriber, Sluice)
        .outerjoin(Sluice, Sluice.id == NewsSubscriber.sluice_id)
        .where(NewsSubscriber.id == subscriber_id)
    ).one_or_none()
    if row is None:
        raise NotFound("no such subscriber")
    subscriber, sluice = row
    return Subscription(
        sluice_name=sluice.name if sluice else None,
        slug=sluice.slug if sluice else None,
        is_confirmed=subscriber.confirmed_at is not None,
        has_ended=subscriber.ended_at is not None,
    )


def confirm(session: Session, subscriber_id: UUID) -> None:
    """Let news come. Pressing twice changes nothing more.

    :raises NotFound: the link is of nobody.
    """
    subscriber = _held(session, subscriber_id)
    subscriber.confirmed_at, subscriber.ended_at = subscriber.confirmed_at or now(), None


def stop(session: Session, subscriber_id: UUID) -> None:
    """Let no more news come.

    :raises NotFound: the link is of nobody.
    """
    subscriber = _held(session, subscriber_id)
    subscriber.ended_at = subscriber.ended_at or now()


def send(session: Session, viewer: Viewer, news_id: UUID) -> None:
    """Mail a published post to everybody who asked, once.

    :raises NotFound: there is none, for them.
    :raises Conflict: it is not published, or was mailed already.
    """
    news = locked(session, viewer, news_id)
    if news.published_at is None or news.sent_at is not None:
        raise Conflict("the post is not published, or was mailed already")
    news.sent_at = now()
    outbox.put(session, NEWS_DUE, {"news_id": news.id}, priority=Priority.BULK)
    log.info("news_mailed", news_id=str(news.id))


@dataclass(frozen=True, slots=True)
class MailNews:
    """What the worker does with ``news.due.v1``."""

    settings: Settings

    def __call__(self, session: Session, payload: Mapping[str, Any]) -> None:
        """Ask for the mails of one chunk, and for the next chunk where there is one. A post taken back stops here."""
        news = session.get(News, payload["news_id"])
        if news is None or news.published_at is None:
            return
        slug = session.scalar(select(Sluice.slug).where(Sluice.id == news.sluice_id)) if news.sluice_id else ""
        found = store.subscribers(session, news.sluice_id, after=payload["after"], limit=CHUNK)
        profile = _whose(session, slug or "", "sv")
        for subscriber in found:
            self._mail(session, news, profile, subscriber)
        if len(found) == CHUNK:
            after = {"news_id": news.id, "after": found[-1].address}
            outbox.put(session, NEWS_DUE, after, priority=Priority.BULK)

    def _mail(self, session: Session, news: News, sluice: SluiceProfile, subscriber: NewsSubscriber) -> None:
        ask_for_mail(
            session,
            self.settings,
            "news",
            about=news.id,
            to=Recipient("", subscriber.address, subscriber.language),
            sluice=sluice,
            facts={
                "title": news.title,
                "text": plain(news.text),
                "press_contact": news.press_contact,
                "news_url": f"{self.settings.base_url}/nyheter/{news.slug}",
                "stop_url": links.stop_news_url(self.settings, subscriber.id),
            },
            priority=Priority.BULK,
        )


def _whose(session: Session, slug: str, language: str) -> SluiceProfile:
    """The sluice in whose name a mail goes out: the region's own mails go by its first sluice's address."""
    if slug:
        try:
            return sluices.profile_by_slug(session, slug)
        except NotFound as error:
            raise Rejected("sluice", "unknown") from error
    first = next(iter(sluices.profiles(session)), None)
    if first is None:
        raise Rejected("sluice", "unknown")
    return replace(first, name=say("region.sender", language))


def _held(session: Session, subscriber_id: UUID) -> NewsSubscriber:
    found = session.scalar(select(NewsSubscriber).where(NewsSubscriber.id == subscriber_id).with_for_update())
    if found is None:
        raise NotFound("no such subscriber")
    return found

"""Write, publish and take back a news post: of a sluice by those who answer for it, of the region by coaches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from services.intake.domain.address_name import address_name
from services.intake.domain.fingerprint import fingerprint
from services.intake.store import news as store
from services.intake.store.public_tables import News
from services.intake.store.tables import Sluice
from services.intake.usecases.access import own_sluices
from shared import logs
from shared.clock import now
from shared.db import hold
from shared.errors import Conflict, NotFound, Rejected
from shared.ids import new_id
from shared.viewer import Viewer
from shared.web.own_links import without_tokens
from shared.words import clean, one_line

log = logs.get(__name__)

MAX_TITLE: Final = 120
MAX_TEXT: Final = 20_000
MAX_CONTACT: Final = 1000
RESERVED: Final = frozenset({"flode", "prenumeration", "sluta", "prenumerera"})
"""What the addresses below /nyheter/ mean otherwise."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a person typed into the form."""

    title: str
    text: str
    press_contact: str
    sluice: str
    """A slug; empty for the region."""


@dataclass(frozen=True, slots=True)
class Desk:
    """A post as those who may change it see it."""

    id: UUID
    slug: str
    title: str
    text: str
    press_contact: str
    sluice: str
    sluice_name: str | None
    published_at: datetime | None
    sent_at: datetime | None
    created_at: datetime
    actor: str
    subscribers: int
    seen: str


def choices(session: Session, viewer: Viewer) -> Sequence[tuple[str, str]]:
    """Slug and name of every sluice that the viewer may write for; an empty slug first where it is the region."""
    own = session.execute(select(Sluice.slug, Sluice.name).where(own_sluices(viewer)).order_by(Sluice.name))
    return [*([("", "")] if _for_region(viewer) else []), *((slug, name) for slug, name in own)]


def listed(session: Session, viewer: Viewer, *, limit: int = 100) -> list[Desk]:
    """Every post that the viewer may change: drafts first, then what was published last."""
    rows = session.execute(
        select(News, Sluice)
        .outerjoin(Sluice, Sluice.id == News.sluice_id)
        .where(_own(viewer))
        .order_by(News.published_at.desc().nulls_first(), News.created_at.desc(), News.id)
        .limit(limit)
    )
    return [_desk(news, sluice, 0) for news, sluice in rows]


def look(session: Session, viewer: Viewer, news_id: UUID) -> Desk:
    """One post.

    :raises NotFound: there is none, for them.
    """
    news, sluice = _found(session, viewer, news_id)
    return _desk(news, sluice, store.count_subscribers(session, news.sluice_id))


def write(session: Session, viewer: Viewer, written: Written) -> UUID:
    """Keep a new post that nobody but those who may change it sees.

    :raises Rejected: something is missing, too long, or not theirs to write for.
    """
    values = _checked(written)
    sluice = _sluice(session, viewer, written.sluice)
    hold(session, "news address")
    news = News(
        id=new_id(),
        sluice_id=sluice.id if sluice else None,
        slug=_free_slug(session, values["title"]),
        created_at=now(),
        actor=viewer.address,
        **values,
    )
    session.add(news)
    session.flush()
    return news.id


def change(session: Session, viewer: Viewer, news_id: UUID, written: Written, *, seen: str) -> None:
    """Put other words into a post; what was mailed stays as it was. Its address stays once it was published.

    :raises NotFound: there is none, for them.
    :raises Conflict: somebody else has changed it since ``seen``.
    :raises Rejected: something is missing, too long, or not theirs to write for.
    """
    news, _ = _found(session, viewer, news_id)
    values = _checked(written)
    sluice = _sluice(session, viewer, written.sluice)
    if seen != _seen(news):
        raise Conflict("somebody else has changed the post meanwhile")
    if news.published_at is None and news.sent_at is None and news.title != values["title"]:
        hold(session, "news address")
        news.slug = _free_slug(session, values["title"], but=news.id)
    for name, value in values.items():
        setattr(news, name, value)
    if news.sent_at is None:
        news.sluice_id = sluice.id if sluice else None
    news.actor = viewer.address


def publish(session: Session, viewer: Viewer, news_id: UUID) -> None:
    """Show a post to everybody. Nothing is mailed by that.

    :raises NotFound: there is none, for them.
    """
    news, _ = _found(session, viewer, news_id)
    news.published_at = news.published_at or now()
    log.info("news_published", news_id=str(news.id))


def unpublish(session: Session, viewer: Viewer, news_id: UUID) -> None:
    """Take a post back: only those who may change it see it then.

    :raises NotFound: there is none, for them.
    """
    news, _ = _found(session, viewer, news_id)
    news.published_at = None
    log.info("news_unpublished", news_id=str(news.id))


def locked(session: Session, viewer: Viewer, news_id: UUID) -> News:
    """The post, for whoever acts on it in this transaction.

    :raises NotFound: there is none, for them.
    """
    return _found(session, viewer, news_id)[0]


def _for_region(viewer: Viewer) -> bool:
    return viewer.is_administrator or bool(viewer.coach_of)


def _own(viewer: Viewer) -> ColumnElement[bool]:
    ids = select(Sluice.id).where(own_sluices(viewer))
    region = News.sluice_id.is_(None) if _for_region(viewer) else false()
    return or_(and_(News.sluice_id.is_not(None), News.sluice_id.in_(ids)), region)


def _found(session: Session, viewer: Viewer, news_id: UUID) -> tuple[News, Sluice | None]:
    news = session.scalar(select(News).where(News.id == news_id, _own(viewer)).with_for_update())
    if news is None:
        raise NotFound(f"news {news_id}")
    return news, session.get(Sluice, news.sluice_id) if news.sluice_id else None


def _sluice(session: Session, viewer: Viewer, slug: str) -> Sluice | None:
    if not slug and _for_region(viewer):
        return None
    sluice = session.scalar(select(Sluice).where(Sluice.slug == slug, own_sluices(viewer)))
    if sluice is None:
        raise Rejected("sluice", "not_yours")
    return sluice


def _checked(written: Written) -> dict[str, str]:
    title = one_line(without_tokens(written.title), MAX_TITLE * 4)
    text, contact = (clean(without_tokens(words)).strip() for words in (written.text, written.press_contact))
    if not title:
        raise Rejected("title", "empty")
    if len(title) > MAX_TITLE:
        raise Rejected("title", "too_long")
    if not text:
        raise Rejected("text", "empty")
    if len(text) > MAX_TEXT:
        raise Rejected("text", "too_long")
    if len(contact) > MAX_CONTACT:
        raise Rejected("press_contact", "too_long")
    return {"title": title, "text": text, "press_contact": contact}


def _free_slug(session: Session, title: str, *, but: UUID | None = None) -> str:
    """An address that no other post has; the caller holds the name, so that two at once get two."""
    base = address_name(title) or "nyhet"
    if base in RESERVED:
        base += "-1"
    taken = set(
        session.scalars(
            select(News.slug).where(News.slug.startswith(base, autoescape=True), News.id != (but or new_id()))
        )
    ) | set(session.scalars(select(Sluice.slug)))
    return next(
        name for number in range(1, 10_000) if (name := base if number == 1 else f"{base}-{number}") not in taken
    )


def _seen(news: News) -> str:
    return fingerprint(news.title, news.text, news.press_contact)


def _desk(news: News, sluice: Sluice | None, subscribers: int) -> Desk:
    return Desk(
        id=news.id,
        slug=news.slug,
        title=news.title,
        text=news.text,
        press_contact=news.press_contact,
        sluice=sluice.slug if sluice else "",
        sluice_name=sluice.name if sluice else None,
        published_at=news.published_at,
        sent_at=news.sent_at,
        created_at=news.created_at,
        actor=news.actor,
        subscribers=subscribers,
        seen=_seen(news),
    )

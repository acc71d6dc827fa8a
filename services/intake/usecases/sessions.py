"""Sessions: begun at a sign-in, renewed while they are used, seen by their owner, ended by either."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.intake.store.people_tables import EndedAccess, SignedIn
from services.intake.usecases.known_people import KnownPerson, find_person
from shared.bus import outbox
from shared.contracts.registry import ACCESS_ENDED
from shared.errors import NotFound
from shared.ids import new_id

IDLE = timedelta(hours=8)
"""A session that nobody uses ends after so long."""
WHOLE = timedelta(hours=12)
"""And every session after so long: a working day."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request comes from."""

    ip: str
    browser: str
    """As people know it; may be empty."""

    @property
    def words(self) -> str:
        """Both, to be shown."""
        return f"{self.ip} ({self.browser})" if self.browser else self.ip

    @property
    def network(self) -> str:
        """What limits count by: the address, or the /64 that one subscriber has of IPv6."""
        try:
            address = ip_address(self.ip)
        except ValueError:
            return self.ip
        return self.ip if address.version == 4 else str(ip_network((address, 64), strict=False))


def begin_session(session: Session, address: str, way: str, place: Place, moment: datetime) -> str:
    """A new session; its id. ``way`` is ``link`` or ``oidc``."""
    row = SignedIn(
        id=new_id(),
        address=address,
        way=way,
        began_at=moment,
        seen_at=moment,
        seen_from=place.ip,
        browser=place.browser,
        ends_at=moment + WHOLE,
    )
    session.add(row)
    session.flush()
    return str(row.id)


def renew_session(session: Session, session_id: str, place: Place, moment: datetime) -> KnownPerson | None:
    """Whose session it is, with their roles as they are now; None where it has ended or they have no role any more."""
    row = session.scalar(select(SignedIn).where(SignedIn.id == UUID(session_id), *_alive(moment)).with_for_update())
    if row is None:
        return None
    person = find_person(session, row.address)
    if person is None:
        _end(session, [row.id], moment)
        return None
    row.seen_at, row.seen_from, row.browser = moment, place.ip, place.browser
    return person


def sessions_of(session: Session, address: str, moment: datetime) -> Sequence[SignedIn]:
    """Somebody's living sessions, last used first."""
    statement = select(SignedIn).where(SignedIn.address == address, *_alive(moment)).order_by(SignedIn.seen_at.desc())
    return session.scalars(statement).all()


def end_session(session: Session, address: str, session_id: UUID, moment: datetime) -> None:
    """End one of somebody's sessions. What has ended already stays so.

    :raises NotFound: it is not theirs.
    """
    row = session.scalar(select(SignedIn).where(SignedIn.id == session_id, SignedIn.address == address))
    if row is None:
        raise NotFound("no such session")
    _end(session, [row.id], moment)


def end_sessions(session: Session, address: str, moment: datetime, *, keep: str = "") -> None:
    """End all of somebody's sessions, but one where that is said."""
    _end(session, [row.id for row in sessions_of(session, address, moment) if str(row.id) != keep], moment)


def remember_ended(session: Session, kind: str, name: str, moment: datetime) -> None:
    """Keep that a session or token has ended, and tell others."""
    session.execute(insert(EndedAccess).values(kind=kind, name=name, at=moment).on_conflict_do_nothing())
    outbox.put(session, ACCESS_ENDED, {"kind": kind, "name": name, "at": moment})


def ended_access(session: Session, moment: datetime) -> frozenset[tuple[str, str]]:
    """What has ended and might still be believed by its signature alone."""
    may_live = (EndedAccess.kind == "token") | (EndedAccess.at > moment - WHOLE)
    rows = session.execute(select(EndedAccess.kind, EndedAccess.name).where(may_live))
    return frozenset((row.kind, row.name) for row in rows)


def _end(session: Session, ids: Sequence[UUID], moment: datetime) -> None:
    statement = update(SignedIn).where(SignedIn.id.in_(ids), SignedIn.ended_at.is_(None)).values(ended_at=moment)
    for ended in session.scalars(statement.returning(SignedIn.id)).all():
        remember_ended(session, "session", str(ended), moment)


def _alive(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    return (SignedIn.ended_at.is_(None), SignedIn.ends_at > moment, SignedIn.seen_at > moment - IDLE)

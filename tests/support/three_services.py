"""The workers of all three services in one process, with a mailbox that catches: rung until nothing is left."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from services.intake.actors import handlers as intake_handlers
from services.intake.domain.sluice import SluiceProfile
from services.intake.usecases.announce import Announcer
from services.intake.usecases.read_mail import ReadMail
from services.rsvp.actors import handlers as rsvp_handlers
from shared.bus.inbox import Inbox
from shared.db import Database, Role
from shared.settings import Settings
from tests.integration.intake.desk import VOUCHED, Checker, Desk, one_desk
from tests.integration.notify.workbench import worker
from tests.support.ideas import a_sluice
from tests.support.relays import catching_mailbox
from tests.support.scan import columns_with
from tests.support.waiting import wait_until


@dataclass
class Services:
    """Three databases, three inboxes."""

    settings: Settings
    desk: Desk
    rsvp: Database
    notify: Database
    inboxes: dict[str, Inbox]

    @property
    def intake(self) -> Database:
        return self.desk.database

    @property
    def sluice(self) -> SluiceProfile:
        return self.desk.sluice

    def ring(self, *names: str) -> int:
        """Ring once for all that is due at these services (else at every one); how often that was."""
        rung = 0
        for name in names or self.inboxes:
            for message_id in self._due(name):
                self.inboxes[name].run(message_id)
                rung += 1
        return rung

    def settle(self, *names: str) -> None:
        """Ring until nothing is due or put off: what a service says may ask something of another."""
        wait_until(lambda: self.ring(*names) == 0 and not self._open(names or tuple(self.inboxes)), 30)

    def _due(self, name: str) -> list[Any]:
        with self.databases[name].transaction() as session:
            return list(session.scalars(text(_OPEN + " AND next_try <= now() ORDER BY message_id"), {"name": name}))

    def _open(self, names: tuple[str, ...]) -> bool:
        for name in names:
            with self.databases[name].transaction() as session:
                if session.scalars(text(_OPEN + " AND next_try <= now() + interval '1 min'"), {"name": name}).first():
                    return True
        return False

    @property
    def databases(self) -> dict[str, Database]:
        return {"intake": self.intake, "rsvp": self.rsvp, "notify": self.notify}

    def where(self, words: str) -> dict[str, int]:
        """``schema.table.column`` → rows of any type that hold the words, in any letter case; as the owner sees it."""
        return columns_with(self.settings, words)


_OPEN = "SELECT message_id FROM bus.delivery WHERE consumer = :name AND done_at IS NULL AND parked_at IS NULL"


@contextmanager
def services(settings: Settings) -> Iterator[Services]:
    """All three, with one sluice; every sender is vouched for."""
    intake, rsvp = Database(settings, Role.INTAKE), Database(settings, Role.RSVP)
    try:
        with intake.transaction() as session:
            sluice = a_sluice(session)
        read = ReadMail(Announcer(settings), one_desk(Checker(VOUCHED)))
        with catching_mailbox(settings) as (port, _), worker(settings, port) as notify:
            inboxes = {
                "intake": Inbox(intake, "intake", intake_handlers(read)),
                "rsvp": Inbox(rsvp, "rsvp", rsvp_handlers(settings)),
                "notify": notify.inbox,
            }
            yield Services(settings, Desk(settings, intake, sluice), rsvp, notify.database, inboxes)
    finally:
        intake.dispose()
        rsvp.dispose()

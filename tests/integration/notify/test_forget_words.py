"""Messages lose their recipients and words: with age, or with their idea. Rows, states and books stay."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from services.notify.domain.delivery import State
from services.notify.mailbox.store import MailStore
from services.notify.store import books
from services.notify.store.tables import Notification
from services.notify.usecases.forget_words import ForgetWords, forget_ideas
from shared.clock import now
from shared.db import Database, Role
from shared.errors import TemporaryFailure
from shared.settings import Settings
from tests.integration.notify.workbench import web_client
from tests.support.outgoing import Outgoing, in_every_state
from tests.support.scan import columns_with
from tests.support.signed_in import client_for

REFERENCE = "KRO-2026-0042"


@pytest.fixture
def forget(settings: Settings, made: Outgoing) -> Iterator[ForgetWords]:
    mailbox = Database(settings, Role.MAILBOX, pool_size=1)
    yield ForgetWords(settings, made.database, MailStore(mailbox).forget_older, lambda: True)
    mailbox.dispose()


def read(made: Outgoing, identity: UUID) -> Notification:
    with made.database.transaction() as session:
        return session.get_one(Notification, identity)


def test_what_ended_long_ago_is_emptied_what_waits_is_not_and_the_books_balance(
    settings: Settings, made: Outgoing, forget: ForgetWords
) -> None:
    in_every_state(made)
    waiting = made.ask("vantar@invanare.example")
    with made.database.transaction() as session:
        before = books.read(session)
        long_ago = now() - timedelta(days=settings.retention_messages_days + 1)
        session.execute(update(Notification).values(updated_at=long_ago))

    emptied = forget()

    assert emptied == 3
    assert forget() == 0
    assert read(made, waiting).recipient_address == "vantar@invanare.example"
    with made.database.transaction() as session:
        assert books.read(session) == before
        assert before.difference == 0
        ended = session.query(Notification).filter(~books.booked_at(books.Account.WAITING)).all()
        assert len(ended) == emptied
        assert {(row.recipient_address, row.recipient_name, row.facts, row.reply) for row in ended} == {
            ("", "", "{}", None)
        }
    with web_client(settings) as client:
        boss = client_for(client.application, "admin@region.example", "administrator")
        for row in ended:
            assert boss.get(f"/kontakt/drift/utskick/{row.id}").status_code == 200


def test_nothing_young_and_nothing_for_ever_is_emptied(settings: Settings, made: Outgoing, forget: ForgetWords) -> None:
    made.sent(made.ask())
    assert forget() == 0
    ever = Settings(**{name: getattr(settings, name) for name in settings.__slots__} | {"retention_messages_days": 0})
    with made.database.transaction() as session:
        session.execute(update(Notification).values(updated_at=now() - timedelta(days=9000)))
    assert ForgetWords(ever, made.database, None, lambda: True)() == 0
    assert ForgetWords(settings, made.database, None, lambda: False)() == 0


def test_with_a_removed_idea_go_its_words_and_what_waits_is_not_sent(settings: Settings, made: Outgoing) -> None:
    sent, waits = made.ask("asa@invanare.example"), made.ask("bo@invanare.example")
    other = made.ask("cecilia@invanare.example", idea_reference="KRO-2026-0043")
    made.sent(sent)
    told = {"references": [REFERENCE], "removed": True, "at": now()}
    for _ in range(2):
        with made.database.transaction() as session:
            forget_ideas(session, told)

    assert [read(made, each).state for each in (sent, waits)] == [State.SENT, State.CANCELLED]
    assert read(made, other).recipient_address == "cecilia@invanare.example"
    # What the cancelling itself said on the bus goes IDESLUSS_RETENTION_BUS_DAYS later.
    for words in ("asa@invanare", "bo@invanare"):
        assert columns_with(settings, words, but=["bus"]) == {}
    with made.database.transaction() as session:
        assert books.read(session).difference == 0


def test_what_is_on_its_way_is_waited_for(made: Outgoing) -> None:
    identity = made.ask()
    with made.database.transaction() as session:
        session.execute(update(Notification).where(Notification.id == identity).values(state=State.SENDING))
    with pytest.raises(TemporaryFailure), made.database.transaction() as session:
        forget_ideas(session, {"references": [REFERENCE], "removed": True, "at": now()})
    assert read(made, identity).recipient_address

"""The books under many writers."""

from __future__ import annotations

import threading
from collections import Counter

from services.notify.domain.account import Account
from services.notify.store import books
from shared.clock import now
from shared.db import Database, Role
from shared.settings import Settings


def test_two_threads_that_book_in_other_orders_do_not_wait_for_each_other_crosswise(settings: Settings) -> None:
    database = Database(settings, Role.NOTIFY)
    both_have_begun = threading.Barrier(2)
    faults: list[Exception] = []

    def book(first: Account, then: Account) -> None:
        try:
            with database.transaction() as session:
                books.book(session, now(), Counter({first: 1}))
                both_have_begun.wait(5)
                books.book(session, now(), Counter({then: 1}))
        except Exception as error:
            faults.append(error)

    orders = [(Account.FAILED, Account.ASKED), (Account.ASKED, Account.FAILED)]
    threads = [threading.Thread(target=book, args=order) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert faults == []
    with database.transaction() as session:
        assert books.read(session).booked == {Account.ASKED: 2, Account.FAILED: 2}
    database.dispose()

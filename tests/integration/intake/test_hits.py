"""Counting in our own database: exact however many count at once, and out of the way where it cannot."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from limits import RateLimitItemPerMinute, strategies
from limits.storage import storage_from_string
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.intake.store.hits import HITS
from shared import limits_storage
from shared.clock import now
from shared.db import Database, Role
from shared.ids import new_secret_id


@pytest.fixture(scope="module")
def database(module_settings):
    database = Database(module_settings, Role.INTAKE, pool_size=10)
    yield database
    database.dispose()


@pytest.fixture
def storage(database):
    return storage_from_string(limits_storage.ADDRESS, database=database)


def test_twenty_threads_count_exactly(storage) -> None:
    key = new_secret_id()

    with ThreadPoolExecutor(20) as pool:
        counts = list(pool.map(lambda _: storage.incr(key, 60), range(400)))

    assert sorted(counts) == list(range(1, 401))
    assert storage.get(key) == 400


def test_of_many_at_once_just_as_many_pass_as_may(storage) -> None:
    limiter, limit = strategies.FixedWindowRateLimiter(storage), RateLimitItemPerMinute(50)
    key = new_secret_id()

    with ThreadPoolExecutor(20) as pool:
        passed = list(pool.map(lambda _: limiter.hit(limit, key), range(200)))

    assert sum(passed) == 50
    stats = limiter.get_window_stats(limit, key)
    assert stats.remaining == 0
    assert 0 < stats.reset_time - now().timestamp() <= 61


def test_a_window_that_has_ended_begins_anew(storage, database) -> None:
    key = new_secret_id()
    storage.incr(key, 60, 7)
    with database.transaction() as session:
        session.execute(
            text("UPDATE intake.hit SET expires_at = now() - interval '1 second' WHERE key = :key"), {"key": key}
        )

    assert storage.get(key) == 0
    assert storage.incr(key, 60) == 1
    storage.clear(key)
    assert storage.get(key) == 0


def test_what_has_expired_is_taken_away_in_passing(storage, database, monkeypatch) -> None:
    monkeypatch.setattr(limits_storage, "_FORGET_EVERY", 5)
    with database.transaction() as session:
        session.execute(
            text("INSERT INTO intake.hit SELECT 'old/' || n, 1, now() - interval '1 day' FROM generate_series(1, 50) n")
        )
    for _ in range(5):
        storage.incr("fresh", 60)

    with database.transaction() as session:
        assert session.scalar(text("SELECT count(*) FROM intake.hit WHERE key LIKE 'old/%'")) == 0
        assert session.scalar(text("SELECT count(*) FROM intake.hit WHERE key = 'fresh'")) == 1


def test_what_is_good_for_once_is_spent_once_and_not_by_a_transaction_that_failed(database) -> None:
    key, later = new_secret_id(), now() + timedelta(hours=1)
    with Session(database.engine) as session:
        assert HITS.spend(session, key, later)
        session.rollback()

    def spend(_: int) -> bool:
        with database.transaction() as session:
            return HITS.spend(session, key, later)

    with ThreadPoolExecutor(20) as pool:
        assert sum(pool.map(spend, range(40))) == 1


def test_a_database_that_is_away_is_told_and_not_hidden_from_the_limiter(storage, database, monkeypatch) -> None:
    assert storage.check()
    monkeypatch.setattr(storage._hits, "_count", text("SELECT 1/0"))

    with pytest.raises(storage.base_exceptions):
        storage.incr("any", 60)

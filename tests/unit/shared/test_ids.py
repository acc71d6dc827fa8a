"""Identifiers: UUIDv7 that rise."""

from __future__ import annotations

import time

from shared.ids import new_id


def test_ids_are_version_7_and_rise_strictly() -> None:
    made = [new_id() for _ in range(20_000)]

    assert made == sorted(set(made))
    assert {identity.version for identity in made} == {7}


def test_an_id_bears_the_present() -> None:
    milliseconds = new_id().int >> 80

    assert abs(milliseconds - time.time() * 1000) < 10_000

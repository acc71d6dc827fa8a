"""Cursors come back as what they were, and made-up ones are refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from shared.web.paging import PageQuery, Position, page


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_position_survives_the_round_trip(at: datetime, identity) -> None:
    position = Position(at, identity)

    assert Position.parse(str(position)) == position


@given(st.text(max_size=60))
def test_any_other_text_is_refused_and_never_breaks(text: str) -> None:
    try:
        position = Position.parse(text)
    except ValueError:
        return
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize("limit", ["0", "201", "-1", "many", "1.5"])
def test_a_limit_outside_1_to_200_is_refused(limit: str) -> None:
    with pytest.raises(ValidationError, match="limit"):
        PageQuery().load({"limit": limit})


def test_a_page_says_where_the_next_begins() -> None:
    moments = [Position(datetime(2026, 11, day, tzinfo=UTC), Position.parse("A" * 32).id) for day in (3, 2, 1)]

    first = page(moments, 2, lambda moment: moment)
    last = page(moments[2:], 2, lambda moment: moment)

    assert first["items"] == moments[:2]
    assert Position.parse(first["next"]) == moments[1]
    assert last["next"] is None

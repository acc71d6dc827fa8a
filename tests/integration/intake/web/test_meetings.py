"""The region's page tells of coming meetings as rsvp told of them last."""

from __future__ import annotations

from datetime import timedelta

from services.intake.store import meetings
from shared.clock import now
from shared.ids import new_id


def told(**changes):
    starts_at = now() + timedelta(days=3)
    return {
        "id": new_id(),
        "slug": "kreativa-byrakrater",
        "sluice": "krokom",
        "tour": None,
        "state": "published",
        "title": {"sv": "Kreativa <b>", "en": "Creative"},
        "place": "Kulturhuset",
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=4),
        "version": 3,
        "at": now(),
    } | changes


def test_the_front_page_shows_published_meetings_to_come_and_the_newest_word_wins(client, database, sluice) -> None:
    shown = told()
    quiet = {"state": "draft", "title": {}, "place": "", "starts_at": None, "ends_at": None}
    past = told(slug="har-varit", starts_at=now() - timedelta(days=2), ends_at=now() - timedelta(days=1))
    with database.transaction() as session:
        for one in (shown, told(slug="ett-utkast", **quiet), told(slug="installd", state="cancelled"), past):
            meetings.keep(session, one)
        meetings.keep(
            session, shown | quiet | {"version": 2, "at": shown["at"] + timedelta(hours=1)}
        )  # came late, from a clock that was set back since

    page = client.get("/", headers={"Accept-Language": "sv"}).text

    assert '<a class="ds-link" href="/traffar/kreativa-byrakrater">Kreativa &lt;b&gt;</a>' in page
    assert f"Kulturhuset, {sluice.name}" in page
    assert "Creative" in client.get("/?lang=en").text
    for absent in ("ett-utkast", "installd", "har-varit"):
        assert absent not in page

    with database.transaction() as session:
        meetings.keep(session, shown | quiet | {"version": 4, "at": shown["at"] - timedelta(hours=1)})
    assert "kreativa-byrakrater" not in client.get("/").text

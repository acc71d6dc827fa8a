"""Events for the demo: the tour "Kalasturné" with a stop in each of the eight, and the half-day "Kreativa byråkrater".

Made by the organisers' own use cases, as the system, published and open, with nobody invited and nobody mailed. An
installation whose demo is older gets them too; one that has sluices of its own does not. They always lie ahead of the
first run: in November where that is at least a fortnight off, else in the first weeks after that fortnight in which no
day is a holiday.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.domain.sluice import SluiceProfile
from services.intake.store import sluices as intake_sluices
from services.rsvp.domain.event_form import COMMON, new_values
from services.rsvp.domain.plan import half_day, new_plan, reply_by
from services.rsvp.store import events, sluices
from services.rsvp.store.tables import Event, Tour
from services.rsvp.usecases import plan_event, plan_tour
from services.rsvp.usecases.publish_event import publish
from shared.clock import STOCKHOLM, now
from shared.db import Database, Role
from shared.settings import Settings
from shared.viewer import Viewer
from shared.working_days import is_working_day

TOUR = "kalasturne"
BUREAUCRATS = "kreativa-byrakrater"
OWNER = "ostersund"
"""Whose tour it is, and where the bureaucrats meet."""
SYSTEM = Viewer("", is_administrator=True)
AHEAD = timedelta(days=14)
_IN_THREE_WEEKS = (0, 1, 2, 3, 7, 8, 9, 10, 15)
"""Days after a Monday."""
LANGUAGES = ["sv", "en"]
COACH = {
    "name": "Innovationscoach",
    "address": "coach@region.example",
    "phone": "063-000 00 01",
    "language": "sv",
    "is_told": True,
}
PLACES = {
    "berg": ("Hoverbergs bygdegård", "Svenstavik"),
    "bracke": ("Folkets hus", "Bräcke"),
    "harjedalen": ("Medborgarhuset", "Sveg"),
    "krokom": ("Kommunhuset, sal Hissmofors", "Krokom"),
    "ragunda": ("Folkets hus", "Hammarstrand"),
    "stromsund": ("Hjalmar Strömerskolans aula", "Strömsund"),
    "are": ("Racklöfska huset", "Järpen"),
    "ostersund": ("Gamla tingshuset", "Östersund"),
}
"""Slug → place, town."""
_QUESTION = {
    "id": "q1",
    "kind": "text",
    "label": {
        "sv": "Vilken fråga vill du prata om?",
        "en": "Which question do you want to talk about?",
    },
    "help": {"sv": "Några ord räcker.", "en": "A few words will do."},
    "options": [],
    "required": False,
}
_TOUR_WORDS: Mapping[str, Mapping[str, str]] = {
    "title": {"sv": "Kalasturné", "en": "Party tour"},
    "text": {
        "sv": "En halv dag om idéer, i varje kommun. Vi börjar med att lyssna: vad är krångligt i din vardag, och vad "
        "skulle göra den lättare? Sedan arbetar vi i små grupper och skickar det som kommer fram rakt in i kommunens "
        "idésluss.\n\nDu behöver inte förbereda något. Ta gärna med en kollega som tycker annorlunda än du.",
        "en": "Half a day about ideas, in every municipality. We begin by listening: what is difficult in your "
        "everyday work, and what would make it easier? Then we work in small groups and send what comes out of it "
        "straight into the municipality's idésluss.\n\nYou need not prepare anything. Do bring a colleague who thinks "
        "differently.",
    },
    "programme": {
        "sv": "- 13.00 Välkommen, och vad som hände med förra årets idéer\n- 13.20 Idéverkstad i små grupper\n"
        "- 14.30 Fika\n- 15.00 Vi läser varandras idéer på väggen\n- 15.45 Så går vi vidare\n- 16.00 Slut",
        "en": "- 13:00 Welcome, and what became of last year's ideas\n- 13:20 Idea workshop in small groups\n"
        "- 14:30 Coffee\n- 15:00 We read each other's ideas on the wall\n- 15:45 What happens next\n- 16:00 End",
    },
    "fika": {"sv": "Kaffe, te och kalastårta", "en": "Coffee, tea and party cake"},
}
_BUREAUCRATS_WORDS: Mapping[str, Mapping[str, str]] = {
    "title": {"sv": "Kreativa byråkrater", "en": "Creative bureaucrats"},
    "text": {
        "sv": "En halv dag för dig som arbetar i kommun eller region och vill pröva något nytt utan att be om "
        "ursäkt.\n\n"
        "### Frågor att prata om\n\n- Vad får vi göra som ingen har sagt nej till?\n"
        "- Vilken regel håller vi oss till fast den inte finns?\n"
        "- Hur provar man i liten skala utan att det blir ett projekt?\n"
        "- Vem behöver veta, och vem behöver bestämma?\n\nEfteråt skriver vi ihop vad vi kom fram till och mejlar det "
        "till alla som var med.",
        "en": "Half a day for you who work in a municipality or the region and want to try something new without "
        "apologising.\n\n### Questions to discuss\n\n- What may we do that nobody has said no to?\n"
        "- Which rule do we keep although it does not exist?\n- How do you try on a small scale without it becoming a "
        "project?\n- Who needs to know, and who needs to decide?\n\nAfterwards we write down what came out of it and "
        "mail it to everybody who was there.",
    },
    "programme": {
        "sv": "- 08.30 Kaffe och smörgås\n- 09.00 Tre berättelser om att göra på ett annat sätt\n"
        "- 09.45 Samtal vid borden\n- 11.00 Vad tar vi med oss hem?\n- 12.00 Slut",
        "en": "- 08:30 Coffee and sandwich\n- 09:00 Three stories about doing it another way\n"
        "- 09:45 Talks at the tables\n- 11:00 What do we take home?\n- 12:00 End",
    },
    "fika": {"sv": "Kaffe och smörgås", "en": "Coffee and a sandwich"},
}


def seed(settings: Settings, moment: datetime | None = None) -> int:
    """Make what is missing of the demo's events; returns how many were made."""
    moment = moment or now()
    intake, rsvp = (Database(settings, role, pool_size=1) for role in (Role.INTAKE, Role.RSVP))
    try:
        with intake.transaction() as session:
            profiles = {profile.slug: profile for profile in intake_sluices.profiles(session)}
        if not profiles.keys() >= PLACES.keys():
            return 0
        with rsvp.transaction() as session:
            has_tour = session.scalar(select(Tour.id).where(Tour.slug == TOUR)) is not None
            has_event = session.scalar(select(Event.id).where(Event.slug == BUREAUCRATS)) is not None
            if has_tour and has_event:
                return 0
            for slug in PLACES:
                _tell(session, profiles[slug])
            days = days_from(moment)
            return (0 if has_tour else _tour(session, days[:-1], moment)) + (
                0 if has_event else _bureaucrats(session, days[-1], moment)
            )
    finally:
        intake.dispose()
        rsvp.dispose()


def days_from(moment: datetime) -> list[date]:
    """A day for each stop, Monday to Thursday of two weeks, and one in the week after them.

    All are working days, at least a fortnight ahead; in November, where one is still so far off.
    """
    today = moment.astimezone(STOCKHOLM).date()
    begins = max(today + AHEAD, date(today.year, 11, 1))
    monday = begins + timedelta(days=-begins.weekday() % 7)
    while True:
        found = [monday + timedelta(days=after) for after in _IN_THREE_WEEKS]
        if all(is_working_day(day) for day in found):
            return found
        monday += timedelta(weeks=1)


def _tell(session: Session, sluice: SluiceProfile) -> None:
    """What intake tells of its sluices comes by message, perhaps later than this; whatever was told is newer."""
    sluices.keep(
        session,
        {
            "slug": sluice.slug,
            "name": sluice.name,
            "address": sluice.address,
            "language": sluice.language,
            "accent": sluice.accent,
            "origins": list(sluice.origins),
            "contacts": [
                {"name": contact.name, "address": contact.address, "language": contact.language}
                for contact in sluice.contacts
            ],
            "at": datetime.min.replace(tzinfo=UTC) + timedelta(days=365),
        },
    )


def _tour(session: Session, days: Sequence[date], moment: datetime) -> int:
    values = _values(_TOUR_WORDS, capacity=30)
    plan = {
        **new_plan(LANGUAGES),
        "values": {name: values[name] for name in COMMON},
        "starts": "13:00",
        "ends": "16:00",
        "reply_days": 5,
        "contacts": [COACH],
    }
    stops = list(zip(PLACES, days, strict=True))
    tour = plan_tour.create_tour(session, SYSTEM, OWNER, plan, stops, moment=moment)
    made = events.of_tour(session, tour)
    for stop in made:
        place, town = PLACES[stop.sluice_slug]
        contacts = plan_event.contacts_as_data(events.contacts_of(session, stop))
        for number, contact in enumerate(contacts):
            contact["phone"] = contact["phone"] or f"063-000 00 {number + 2:02}"
        there = {"place": place, "address": town, "contacts": contacts}
        _publish(session, stop, there, moment)
    return len(made)


def _bureaucrats(session: Session, day: date, moment: datetime) -> int:
    times = half_day(day, "08:30", "12:00", STOCKHOLM.key)
    assert times is not None  # no clock changes on a working day in the morning
    place, town = PLACES[OWNER]
    values = {
        **_values(_BUREAUCRATS_WORDS, capacity=60),
        "starts_at": times[0],
        "ends_at": times[1],
        "reply_by": reply_by(times[0], 7, STOCKHOLM.key),
        "place": place,
        "address": town,
        "contacts": [COACH],
    }
    event = plan_event.create_event(session, SYSTEM, OWNER, values, moment=moment)
    _publish(session, event, {}, moment)
    return 1


def _publish(session: Session, event: Event, values: Mapping[str, Any], moment: datetime) -> None:
    if values:
        plan_event.apply(session, events.locked(session, event.id), values, actor="", moment=moment, tells=False)
    publish(session, SYSTEM, event.slug, version=event.version, moment=moment)


def _values(words: Mapping[str, Mapping[str, str]], *, capacity: int) -> dict[str, Any]:
    return {
        **new_values(LANGUAGES, STOCKHOLM.key),
        **{name: dict(texts) for name, texts in words.items()},
        "capacity": capacity,
        "is_open": True,
        "questions": [_QUESTION],
    }

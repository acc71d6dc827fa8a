"""Ways to put one event into one's calendar: a file, a subscription, and the pages of Google and Outlook.

Plain links that the visitor follows: nothing is fetched from those services, and they learn nothing from our page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlencode, urlsplit

from services.rsvp.domain.said import said
from services.rsvp.store.tables import Event
from services.rsvp.usecases.calendar_facts import where
from shared import markdown
from shared.settings import Settings

MOST_TEXT = 900
"""Characters of the event's text in a link: browsers and servers end addresses at some thousands."""


@dataclass(frozen=True, slots=True)
class CalendarLink:
    """One of them; ``key`` names its words."""

    key: str
    href: str
    is_ours: bool


def links_of(settings: Settings, event: Event, language: str) -> list[CalendarLink]:
    """The links, the file first; none where the event has no time yet."""
    if event.starts_at is None:
        return []
    file = f"{settings.base_url}/traffar/{event.slug}/kalender.ics"
    return [
        CalendarLink("file", f"{file}?lang={language}", True),
        CalendarLink("google", _google(settings, event, language), False),
        CalendarLink("outlook", _outlook(settings, event, language), False),
        CalendarLink("subscribe", subscription(file), True),
    ]


def subscription(address: str) -> str:
    """The same address as calendar programs take it for one to look at again and again (``webcal:``)."""
    parts = urlsplit(address)
    return parts._replace(scheme="webcal").geturl()


def _google(settings: Settings, event: Event, language: str) -> str:
    start, end = _times(event)
    return "https://calendar.google.com/calendar/render?" + urlencode(
        {
            "action": "TEMPLATE",
            "text": said(event.title, language),
            "dates": f"{start:%Y%m%dT%H%M%SZ}/{end:%Y%m%dT%H%M%SZ}",
            "ctz": event.zone,
            "location": _place(settings, event),
            "details": _details(settings, event, language),
        },
        quote_via=quote,
    )


def _outlook(settings: Settings, event: Event, language: str) -> str:
    start, end = _times(event)
    return "https://outlook.live.com/calendar/0/deeplink/compose?" + urlencode(
        {
            "path": "/calendar/action/compose",
            "rru": "addevent",
            "subject": said(event.title, language),
            "startdt": f"{start:%Y-%m-%dT%H:%M:%SZ}",
            "enddt": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "location": _place(settings, event),
            "body": _details(settings, event, language),
        },
        quote_via=quote,
    )


def _times(event: Event) -> tuple[datetime, datetime]:
    assert event.starts_at is not None
    return event.starts_at.astimezone(UTC), (event.ends_at or event.starts_at).astimezone(UTC)


def _place(settings: Settings, event: Event) -> str:
    """The place; where it is online alone, our page: the link to the meeting is for those who come."""
    return where(event) or (f"{settings.base_url}/traffar/{event.slug}" if event.online_url else "")


def _details(settings: Settings, event: Event, language: str) -> str:
    text = markdown.plain(said(event.text, language))
    cut = text if len(text) <= MOST_TEXT else text[:MOST_TEXT].rsplit(" ", 1)[0] + " …"
    return f"{cut}\n\n{settings.base_url}/traffar/{event.slug}".strip()

"""An event as people read it in a chat: one short sentence and a link, as Slack, Mattermost and Teams want it.

A title is somebody's words from outside. It must stand there as it was written: never calling a whole channel,
never a link or a heading of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from services.notify.domain.webhook import Event, Format
from services.notify.domain.words import one_line

LONGEST_TITLE = 150
_GAP = "\u200b"
"""A sign without width: what it parts is read as before, and is no mention or address any more."""

_SENTENCES: Mapping[str, Mapping[Event, str]] = {
    "sv": {
        Event.IDEA_RECEIVED: "{sluice} har fått en idé, {reference}",
        Event.IDEA_ADDED: "Någon har lagt till något i {reference} hos {sluice}",
        Event.IDEA_ANSWERED: "{sluice} har svarat på {reference}",
        Event.EVENT_CHANGED: "En träff har publicerats eller ändrats",
        Event.REPLY_RECEIVED: "Någon har svarat på inbjudan till {event}",
        Event.NOTIFICATION_SENT: "Ett meddelande har skickats",
        Event.NOTIFICATION_FAILED: "Ett meddelande kom inte fram",
        Event.NOTIFICATION_SUPPRESSED: "Ett meddelande skickades inte, med flit",
        Event.NOTIFICATION_DELIVERED: "Ett meddelande har kommit fram",
        Event.TEST: "Det här är ett prov från Idéslussen. Kopplingen fungerar",
    },
    "en": {
        Event.IDEA_RECEIVED: "{sluice} has a new idea, {reference}",
        Event.IDEA_ADDED: "Somebody added to {reference} at {sluice}",
        Event.IDEA_ANSWERED: "{sluice} answered {reference}",
        Event.EVENT_CHANGED: "An event was published or changed",
        Event.REPLY_RECEIVED: "Somebody replied to the invitation to {event}",
        Event.NOTIFICATION_SENT: "A message was sent",
        Event.NOTIFICATION_FAILED: "A message did not arrive",
        Event.NOTIFICATION_SUPPRESSED: "A message was left unsent, on purpose",
        Event.NOTIFICATION_DELIVERED: "A message arrived",
        Event.TEST: "This is a test from Idéslussen. The connection works",
    },
}
_ABOUT = {"sv": " (om {reference})", "en": " (about {reference})"}
_OPEN = {"sv": "Öppna i Idéslussen", "en": "Open in Idéslussen"}

_SLACK = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|>~])")
_MENTION = re.compile(r"@(?=\w)")
_ADDRESS = re.compile(r"(?i)://|\bwww\.")


@dataclass(frozen=True, slots=True)
class Said:
    """What a chat message says, as plain text on one line each."""

    sentence: str
    title: str | None
    url: str
    link: str


def say(event: Event, data: Mapping[str, object], language: str) -> Said:
    """An event's data in words.

    :param language: ``sv`` or ``en``.
    """
    names = ("reference", "sluice_name", "event")
    reference, sluice, meeting = (one_line(str(data.get(name) or "")) for name in names)
    sentence = _SENTENCES[language][event].format(reference=reference, sluice=sluice, event=meeting)
    if event.startswith("notification.") and reference:
        sentence += _ABOUT[language].format(reference=reference)
    title = data.get("title")
    return Said(
        sentence=f"{sentence}.",
        title=one_line(str(title), LONGEST_TITLE) if title else None,
        url=str(data["url"]),
        link=_OPEN[language],
    )


def body(form: Format, said: Said) -> bytes:
    """The JSON that a chat takes.

    :raises ValueError: the format is none of a chat's.
    """
    match form:
        case Format.SLACK:
            shaped = _slack(said)
        case Format.MATTERMOST:
            shaped = _mattermost(said)
        case Format.TEAMS:
            shaped = _teams(said)
        case Format.STANDARD:
            raise ValueError("a program gets webhook.payload")
    return json.dumps(shaped, ensure_ascii=False, separators=(",", ":")).encode()


def _slack(said: Said) -> dict[str, object]:
    """Words stand in ``plain_text``, where nothing is markup; ``text`` is what phones show, and there it is."""
    whole = f"{said.sentence} {said.title}" if said.title else said.sentence
    link = f"<{said.url.translate(_SLACK)}|{said.link.translate(_SLACK)}>"
    return {
        "text": _apart(whole).translate(_SLACK),
        "blocks": [
            {"type": "section", "text": {"type": "plain_text", "text": whole, "emoji": False}},
            {"type": "section", "text": {"type": "mrkdwn", "text": link, "verbatim": True}},
        ],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _mattermost(said: Said) -> dict[str, object]:
    title = f"\n> {_escaped(said.title)}" if said.title else ""
    return {"text": f"{_escaped(said.sentence)}{title}\n\n[{_escaped(said.link)}]({said.url})"}


def _teams(said: Said) -> dict[str, object]:
    """An Adaptive Card for a Workflows webhook. A ``TextRun`` knows no Markdown; a ``TextBlock`` would."""
    paragraphs = [{"type": "TextRun", "text": said.sentence, "weight": "Bolder"}]
    rows: list[dict[str, object]] = [{"type": "RichTextBlock", "inlines": paragraphs}]
    if said.title:
        rows.append({"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": said.title}]})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": rows,
        "actions": [{"type": "Action.OpenUrl", "title": said.link, "url": said.url}],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _apart(text: str) -> str:
    """``text`` without a mention that calls anybody and without an address that becomes a link."""
    parted = _MENTION.sub(f"@{_GAP}", text)
    return _ADDRESS.sub(lambda found: f"{found[0][:-1]}{_GAP}{found[0][-1]}", parted)


def _escaped(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", _apart(text))

"""What the mails say that are asked for by name (``mail.wanted.v1``): their variables, and what is made from facts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.notify.domain.kinds import Kind
from services.notify.domain.variable import (
    ANSWER,
    ANSWER_BY,
    FOLLOW,
    IDEA,
    IDEA_URL,
    REFERENCE,
    TITLE,
    Form,
    Variable,
)
from shared.clock import STOCKHOLM

_ADDRESS = "https://idesluss.example"
_SIGNED_BY = Variable(
    "signed_by", Form.TEXT, ("kontaktpersonens namn", "the contact person’s name"), "Kim Kontakt", lacking=""
)
_STOP = Variable(
    "stop_url",
    Form.LINK,
    ("sidan där personen säger nej till fler sådana mejl", "the page where the person stops such emails"),
    f"{_ADDRESS}/sluta/abcdefghijklmnop",
    is_needed=True,
)


def _entry(reference: str, title: str, day: str, late: int, **more: Any) -> dict[str, Any]:
    return {
        "reference": reference,
        "title": title,
        "answer_by": day,
        "days_late": late,
        "idea_url": f"{_ADDRESS}/kontakt/gor/{reference[-4:]}ponmlkjihgfedcba",
        **more,
    }


def _entries(**more: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    return (
        [
            _entry("KRO-2026-0017", "Läsplats på biblioteket", "2026-10-29", 3, **more),
            _entry("KRO-2026-0042", "Cykelpump vid busstorget", "2026-11-04", 0, **dict.fromkeys(more, "")),
        ],
        [
            _entry("KRO-2026-0017", "A reading corner in the library", "2026-10-29", 3, **more),
            _entry("KRO-2026-0042", "A bicycle pump at the bus square", "2026-11-04", 0, **dict.fromkeys(more, "")),
        ],
    )


ACTS = ("ta", "fraga", "svara", "lamna", "slapp")
"""What a contact may be offered to do straight from a mail."""
_ACT_MEANINGS = (
    ("sidan där kontaktpersonen tar idén", "the page where the contact person takes the idea"),
    ("sidan där kontaktpersonen ställer en fråga", "the page where the contact person asks something"),
    ("sidan där kontaktpersonen svarar", "the page where the contact person answers"),
    ("sidan där kontaktpersonen lämnar över idén", "the page where the contact person hands the idea over"),
    ("sidan där kontaktpersonen släpper fram idén", "the page where the contact person releases the idea"),
)
ACT_LINKS = tuple(
    Variable(f"acts.{act}", Form.LINK, meaning, f"{_ADDRESS}/kontakt/gor/{act}/ponmlkjihgfedcba", lacking=None)
    for act, meaning in zip(ACTS, _ACT_MEANINGS, strict=True)
)
"""Links by which a contact acts without signing in; older mails have none."""

HELPS = (
    Variable(
        "similar",
        Form.LIST,
        ("idéer som liknar den här och redan finns på tavlan", "ideas like this one that stand on the board already"),
        (
            [
                {
                    "reference": "KRO-2026-0017",
                    "title": "En pump till cyklarna vid stationen",
                    "stage": "piloting",
                    "answer": "Vi provar en pump vid stationen i vår.",
                    "same_url": f"{_ADDRESS}/i/samma/abcdefghijklmnop",
                }
            ],
            [
                {
                    "reference": "KRO-2026-0017",
                    "title": "A pump for the bicycles at the station",
                    "stage": "piloting",
                    "answer": "We try out a pump at the station in spring.",
                    "same_url": f"{_ADDRESS}/i/samma/abcdefghijklmnop",
                }
            ],
        ),
        lacking=[],
        fields=(
            Variable("reference", Form.REFERENCE, ("idéns nummer", "the idea’s number"), None),
            Variable("title", Form.TEXT, ("idéns rubrik", "the idea’s title"), None),
            Variable("stage", Form.CODE, ("idéns steg", "the idea’s stage"), None, texts="stage"),
            Variable("answer", Form.TEXT, ("svaret på den, på en rad", "its answer, on one line"), None, lacking=""),
            Variable(
                "same_url",
                Form.LINK,
                ("sidan där personen börjar följa den idén", "the page where the person begins to follow that idea"),
                None,
            ),
        ),
    ),
    *(
        Variable(name, Form.LINK, meaning, None, is_derived=True)
        for name, meaning in {
            "add_url": ("sidan där personen lägger till text eller en bild", "the page where the person adds to it"),
            "correct_url": ("sidan där personen rättar något", "the page where the person corrects something"),
            "withdraw_url": ("sidan där personen drar tillbaka idén", "the page where the person withdraws the idea"),
        }.items()
    ),
)
"""How a confirmation already helps: what exists, and what its reader can do."""

_COUNT = Variable("count", Form.NUMBER, ("hur många idéer det är", "how many ideas there are"), None, is_derived=True)
_ENTRY = (
    Variable("reference", Form.REFERENCE, ("idéns nummer", "the idea’s number"), None),
    Variable("title", Form.TEXT, ("idéns rubrik", "the idea’s title"), None),
    Variable("answer_by", Form.DAY, ("dagen då svaret är utlovat", "the day of the promise"), None),
    Variable("is_late", Form.FLAG, ("om den dagen har gått", "whether that day is past"), None),
    Variable("days_late", Form.NUMBER, ("arbetsdagar sedan dess", "working days since then"), None),
    Variable("idea_url", Form.LINK, ("sidan om idén", "the idea’s page"), None),
)

BY_KIND: dict[Kind, tuple[Variable, ...]] = {
    Kind.SIGN_IN: (
        Variable(
            "sign_in_url",
            Form.LINK,
            ("sidan där personen loggar in", "the page where the person signs in"),
            f"{_ADDRESS}/kontakt/in/abcdefghijklmnop",
            is_needed=True,
        ),
        Variable("minutes", Form.NUMBER, ("hur länge länken gäller", "how long the link works"), 30),
        Variable(
            "asked_at",
            Form.DAY,
            ("dagen då någon bad om länken", "the day on which somebody asked for the link"),
            "2026-11-03T08:30:00+00:00",
        ),
        Variable("asked_clock", Form.TEXT, ("klockslaget", "the time of day"), None, is_derived=True),
        Variable(
            "asked_from",
            Form.TEXT,
            ("webbläsaren och platsen", "the browser and the place"),
            "Firefox, Windows",
            lacking="",
        ),
    ),
    Kind.VERIFY: (
        Variable(
            "what",
            Form.CODE,
            (
                "vad som bekräftas: support, comment, news, address eller follow",
                "what is confirmed: support, comment, news, address or follow",
            ),
            "support",
            texts="verify",
        ),
        Variable(
            "verify_url",
            Form.LINK,
            ("sidan där personen bekräftar", "the page where the person confirms"),
            f"{_ADDRESS}/bekrafta/abcdefghijklmnop",
            is_needed=True,
        ),
    ),
    Kind.QUESTION: (
        *IDEA,
        Variable(
            "question",
            Form.PROSE,
            ("frågan", "the question"),
            (
                "Hej Åsa!\n\nVar på torget tänker du dig att pumpen ska stå?",
                "Hello Åsa,\n\nWhere on the square would you put the pump?",
            ),
            is_needed=True,
        ),
        _SIGNED_BY,
        FOLLOW,
    ),
    Kind.FOLLOWED: (
        REFERENCE,
        TITLE,
        Variable("stage", Form.CODE, ("idéns steg", "the idea’s stage"), "piloting", texts="stage"),
        replace(ANSWER, lacking="", is_needed=False),
        _SIGNED_BY,
        Variable(
            "board_url",
            Form.LINK,
            ("idéns sida på tavlan", "the idea’s page on the board"),
            f"{_ADDRESS}/tavla/krokom/KRO-2026-0042",
            is_needed=True,
        ),
        _STOP,
    ),
    Kind.MERGED: (
        *IDEA,
        Variable(
            "into.reference", Form.REFERENCE, ("den andra idéns nummer", "the other idea’s number"), "KRO-2026-0017"
        ),
        Variable(
            "into.title",
            Form.TEXT,
            ("den andra idéns rubrik, om den är publicerad", "the other idea’s title, where it is published"),
            ("En pump till cyklarna", "A pump for the bicycles"),
            lacking=None,
        ),
        replace(ANSWER, lacking="", is_needed=False),
        _SIGNED_BY,
        FOLLOW,
    ),
    Kind.PASSED_ON: (
        *IDEA,
        Variable(
            "former",
            Form.TEXT,
            ("den som fick idén först", "who got the idea first"),
            ("Region Jämtland Härjedalen", "Region Jämtland Härjedalen"),
        ),
        ANSWER_BY,
        FOLLOW,
    ),
    Kind.ASSIGNED: (
        *IDEA,
        Variable("by", Form.TEXT, ("vem som lämnade idén till dig", "who handed you the idea"), "Kim Kontakt"),
        Variable(
            "note",
            Form.PROSE,
            ("ett par ord från den personen", "a few words from them"),
            ("Du kan ju gatorna. Tar du den här?", "You know the streets. Will you take this one?"),
            lacking="",
        ),
        ANSWER_BY,
        IDEA_URL,
    ),
    Kind.REMINDER: (
        _COUNT,
        Variable(
            "entries",
            Form.LIST,
            ("idéerna som väntar på svar", "the ideas that wait for an answer"),
            _entries(coach="Camilla Coach"),
            is_needed=True,
            fields=(
                *_ENTRY,
                Variable(
                    "coach",
                    Form.TEXT,
                    ("coachen som har fått veta att det dröjer", "the coach who was told that it takes long"),
                    None,
                    lacking="",
                ),
            ),
        ),
    ),
    Kind.ESCALATION: (
        _COUNT,
        Variable(
            "entries",
            Form.LIST,
            ("idéerna som har väntat för länge", "the ideas that have waited too long"),
            _entries(waits_for="Kim Kontakt"),
            is_needed=True,
            fields=(
                *_ENTRY,
                Variable("waits_for", Form.TEXT, ("vem den väntar på", "whom it waits for"), None, lacking=""),
            ),
        ),
    ),
    Kind.NEWS: (
        Variable(
            "title",
            Form.TEXT,
            ("nyhetens rubrik", "the headline"),
            ("Nu finns cykelpumpen vid busstorget", "The bicycle pump stands at the bus square"),
            is_needed=True,
        ),
        Variable(
            "text",
            Form.PROSE,
            ("nyheten", "the news"),
            (
                "Idén kom från Åsa i november. I dag fyllde de första sina däck.\n\nPumpen är gratis att använda.",
                "The idea was Åsa’s, in November. Today people filled their first tyres.\n\nThe pump is free.",
            ),
            lacking="",
        ),
        Variable(
            "press_contact",
            Form.PROSE,
            ("vem pressen kan fråga", "whom the press can ask"),
            "Kim Kontakt, Krokoms kommun\n0640-161 00",
            lacking="",
        ),
        Variable(
            "news_url",
            Form.LINK,
            ("nyhetens sida", "the page of the news"),
            f"{_ADDRESS}/nyheter/cykelpumpen",
            is_needed=True,
        ),
        _STOP,
    ),
}


def derived(kind: Kind, facts: Mapping[str, Any], say: Callable[[str], str]) -> dict[str, Any]:
    """What is made from the facts of such a mail.

    :raises KeyError: a fact that it is made from is missing.
    """
    if kind is Kind.SIGN_IN:
        asked = datetime.fromisoformat(facts["asked_at"]).astimezone(STOCKHOLM)
        return {"asked_clock": asked.strftime(say("clock.format"))}
    if kind in (Kind.REMINDER, Kind.ESCALATION):
        entries = [
            {"coach": "", "waits_for": "", **entry, "is_late": entry["days_late"] > 0} for entry in facts["entries"]
        ]
        return {"entries": entries, "count": len(entries)}
    if kind is Kind.ANSWER:
        # Rows from before it was told have neither.
        return {"stage": facts.get("stage"), "close_reason": facts.get("close_reason")}
    if kind is Kind.CONFIRMATION:
        page = facts["follow_url"]
        return {
            "similar": facts.get("similar") or [],
            "add_url": f"{page}#lagg-till",
            "correct_url": f"{page}#ratta",
            "withdraw_url": f"{page}#dra-tillbaka",
        }
    if kind in (Kind.NOTICE, Kind.NOTICE_HELD, Kind.ADDED):
        return {"acts": facts.get("acts") or dict.fromkeys(ACTS)}
    return {}

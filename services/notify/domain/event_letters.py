"""What the mails about events may say: their variables. ``letters`` is about ideas; ``event_facts`` makes the rest."""

from __future__ import annotations

from typing import Any

from services.notify.domain.kinds import Kind
from services.notify.domain.variable import Form, Variable

_ADDRESS = "https://idesluss.example"


def _text(name: str, sv: str, en: str, sample: Any, **more: Any) -> Variable:
    return Variable(name, Form.TEXT, (sv, en), sample, **more)


def _day(name: str, sv: str, en: str, **more: Any) -> Variable:
    return Variable(name, Form.DAY, (sv, en), None, is_derived=True, **more)


def _link(name: str, sv: str, en: str, path: str, **more: Any) -> Variable:
    return Variable(name, Form.LINK, (sv, en), f"{_ADDRESS}{path}", **more)


def _code(name: str, sv: str, en: str, sample: str | None, texts: str, **more: Any) -> Variable:
    return Variable(name, Form.CODE, (sv, en), sample, texts=texts, **more)


def _number(name: str, sv: str, en: str, sample: int | None, **more: Any) -> Variable:
    return Variable(name, Form.NUMBER, (sv, en), sample, **more)


def _hours(path: str, *, optional: bool = True) -> tuple[Variable, ...]:
    """When a half-day is: one day, or from one to another. Hours are never broken over two lines, like a reference."""
    lacking: dict[str, Any] = {"lacking": None} if optional else {}
    dot = f"{path}." if path else ""
    return (
        _day(f"{dot}day", "dagen", "the day", **lacking),
        Variable(f"{dot}hours", Form.REFERENCE, ("klockslagen", "the hours"), None, is_derived=True, **lacking),
        _day(f"{dot}last_day", "sista dagen, om det är en annan", "the last day, where it is another", lacking=None),
        Variable(
            f"{dot}last_hours",
            Form.REFERENCE,
            ("klockslaget den sista dagen", "the hour on that last day"),
            None,
            is_derived=True,
            lacking=None,
        ),
    )


TITLE = _text(
    "event.title",
    "träffens rubrik",
    "the event’s title",
    ("Kreativa byråkrater i Krokom", "Creative bureaucrats in Krokom"),
    is_needed=True,
)
EVENT = (
    TITLE,
    *_hours("event"),
    _text("event.where", "platsen och adressen", "the place and its address", None, is_derived=True, lacking=None),
    _link("event.map_url", "kartan", "the map", "/karta", lacking=None),
    _link("event.online_url", "mötet på nätet", "the meeting online", "/mote", lacking=None),
    Variable("event.is_online", Form.FLAG, ("om den är på nätet", "whether it is online"), True, lacking=False),
    _text(
        "event.tour", "turnén som den hör till", "the tour it belongs to", ("Kalasturnén", "The Party Tour"), lacking=""
    ),
    _text("event.fika", "vad som bjuds", "what is served", ("Kaffe och bulle", "Coffee and a bun"), lacking=""),
    _day("event.reply_by", "dagen då man senast svarar", "the day by which to reply", lacking=None),
    _text(
        "event.reply_by_hour",
        "klockslaget den dagen",
        "the hour on that day",
        None,
        is_derived=True,
        lacking=None,
    ),
    _link("event.page_url", "träffens sida", "the event’s page", "/traffar/kreativa-byrakrater"),
)
CONTACTS = Variable(
    "contacts",
    Form.LIST,
    ("dem man kan fråga", "whom one can ask"),
    [
        {"name": "Kim Kontakt", "address": "kim@krokom.example", "phone": "0640-161 00", "language": "sv"},
        {"name": "Alva Arrangör", "address": "alva@region.example", "phone": "", "language": "sv"},
    ],
    lacking=[],
    fields=(
        Variable("name", Form.TEXT, ("namnet", "the name"), None),
        Variable("address", Form.TEXT, ("mejladressen", "the email address"), None),
        Variable("phone", Form.TEXT, ("telefonnumret", "the phone number"), None, lacking=""),
    ),
)
REPLY_URL = _link(
    "reply_url",
    "gästens egen sida, där svaret ges och ändras",
    "the guest’s own page, where the reply is given and changed",
    "/svar/abcdefghijklmnop",
    is_needed=True,
)
NOTE = Variable(
    "note",
    Form.PROSE,
    ("ett par ord från kontaktpersonen", "a few words from the contact person"),
    ("Hej!\n\nTa gärna med en kollega.", "Hello!\n\nDo bring a colleague."),
    lacking="",
)
PARTY_SIZE = _number("party_size", "hur många de är", "how many they are", 2)
_PARTY = (
    Variable("name", Form.TEXT, ("namnet", "the name"), None),
    Variable("diet", Form.TEXT, ("kosten", "the diet"), None, lacking=""),
)
REPLY = (
    _code(
        "reply.state",
        "läget: coming, waiting, declined eller maybe",
        "coming, waiting, declined or maybe",
        "waiting",
        "guest",
    ),
    _number("reply.party_size", "hur många de är", "how many they are", 2),
    _number("reply.place", "platsen i väntelistan", "the place in the waiting list", 3, lacking=None),
    _code("reply.why", "varför de väntar", "why they wait", "party-too-large", "why", lacking=None),
    Variable(
        "reply.wants_at_once",
        Form.FLAG,
        ("om de tar en ledig plats direkt", "whether they take a free seat at once"),
        True,
        lacking=False,
    ),
    Variable(
        "reply.party",
        Form.LIST,
        ("de andra i sällskapet", "the others of the party"),
        [{"name": "Alva Annan", "diet": "vegetarian"}, {"name": "Bo Berg", "diet": ""}],
        lacking=[],
        fields=_PARTY,
    ),
    _text("reply.diet", "kosten", "the diet", ("utan gluten", "no gluten"), lacking=""),
    _text(
        "reply.comment",
        "hälsningen",
        "the comment",
        ("Vi kommer med bussen 8.40.", "We take the bus at 8:40."),
        lacking="",
    ),
)
PROPOSALS = [
    {"starts_at": "2026-12-01T09:00:00+01:00", "ends_at": "2026-12-01T12:00:00+01:00"},
    {"starts_at": "2026-12-02T13:00:00+01:00", "ends_at": "2026-12-02T16:00:00+01:00"},
]
_WHO = _text("who", "gästen: namnet, eller adressen", "the guest: the name, or the address", None, is_derived=True)
_GUESTS_URL = _link(
    "guests_url",
    "gästlistan",
    "the guest list",
    "/kontakt/traffar/kreativa-byrakrater/gaster",
    is_needed=True,
)
CALENDAR = Variable(
    "has_calendar",
    Form.FLAG,
    ("om mejlet bär en kalenderinbjudan", "whether the email carries a calendar invitation"),
    None,
    is_derived=True,
    lacking=False,
)
GUEST_STATE = _code(
    "guest_state",
    "läget: invited, coming, waiting, offered eller maybe",
    "invited, coming, waiting, offered or maybe",
    "coming",
    "guest",
)
_OFTEN = (*EVENT, CONTACTS, REPLY_URL)

BY_KIND: dict[Kind, tuple[Variable, ...]] = {
    Kind.INVITATION: (
        *_OFTEN,
        NOTE,
        Variable(
            "event.text",
            Form.PROSE,
            ("vad träffen handlar om", "what the event is about"),
            (
                "En halvdag om hur idéer blir verklighet.\n\nVi börjar med fika.",
                "A half-day about making ideas real.\n\nWe begin with coffee.",
            ),
            lacking="",
        ),
        Variable(
            "is_unconfirmed",
            Form.FLAG,
            ("om någon skrev adressen i ett formulär", "whether somebody typed the address into a form"),
            False,
            lacking=False,
        ),
    ),
    Kind.INVITATION_AGAIN: (*_OFTEN, NOTE),
    Kind.REPLY_RECEIVED: (
        *_OFTEN,
        *REPLY,
        CALENDAR,
        Variable(
            "is_echoed",
            Form.FLAG,
            ("om mejlet får upprepa vad gästen skrev", "whether the email may repeat what the guest wrote"),
            True,
            lacking=False,
        ),
    ),
    Kind.REPLY_NOTICE: (
        *EVENT,
        *REPLY,
        _WHO,
        _text("guest.organisation", "gästens arbetsplats", "the guest’s organisation", "Krokoms kommun", lacking=""),
        _text("guest.address", "gästens adress", "the guest’s address", "gunilla@krokom.example", lacking=""),
        _code("before", "läget före svaret", "the state before the reply", "maybe", "guest", lacking=None),
        _number("counts.people", "hur många som kommer", "how many are coming", 17),
        _number("counts.capacity", "hur många platser det finns", "how many seats there are", 20, lacking=None),
        _number("counts.waiting", "hur många som väntar", "how many are waiting", 4),
        _GUESTS_URL,
    ),
    Kind.GUEST_NOTE: (
        *EVENT,
        _WHO,
        _code("why", "vad som hände", "what happened", "proposed", "note"),
        _text("sender", "adressen som det kom från", "the address it came from", "gunilla@krokom.example", lacking=""),
        Variable(
            "text",
            Form.PROSE,
            ("vad gästen skrev", "what the guest wrote"),
            ("Vi kommer två.\n\nFinns det parkering?", "Two of us are coming.\n\nIs there parking?"),
            lacking="",
        ),
        _code(
            "wanted.answer",
            "svaret som vi förstod det",
            "the reply as we understood it",
            "yes",
            "proposed",
            lacking=None,
        ),
        _number("wanted.party_size", "hur många de är", "how many they are", 2, lacking=None),
        _text("wanted.diet", "kosten", "the diet", ("vegetarian", "vegetarian"), lacking=""),
        _text(
            "wanted.delegated_to", "vem de lämnade över till", "to whom they delegated", "bo@krokom.example", lacking=""
        ),
        *_hours("wanted"),
        _number("files", "hur många filer som var med", "how many files came along", 1, lacking=0),
        _GUESTS_URL,
    ),
    Kind.REPLY_PROPOSED: (
        *_OFTEN,
        _code(
            "proposal.answer",
            "svaret som vi förstod det",
            "the reply as we understood it",
            "yes",
            "proposed",
            lacking=None,
        ),
        _number("proposal.party_size", "hur många de är", "how many they are", 2, lacking=None),
        _text("proposal.diet", "kosten", "the diet", ("vegetarian", "vegetarian"), lacking=""),
        _link(
            "proposal_url",
            "sidan där svaret börjar gälla",
            "the page where the reply takes effect",
            "/svar/forslag/abcdefghijklmnop",
            is_needed=True,
        ),
    ),
    Kind.CALENDAR_NOTE: (
        *_OFTEN,
        _code("why", "vad som hände i kalendern", "what happened in the calendar", "delegated", "calendar"),
    ),
    Kind.SEAT_OFFERED: (
        *_OFTEN,
        PARTY_SIZE,
        _day("until_day", "dagen då erbjudandet slutar", "the day on which the offer ends"),
        _text("until_hour", "klockslaget", "the hour", None, is_derived=True),
    ),
    Kind.SEAT_GIVEN: (
        *_OFTEN,
        PARTY_SIZE,
        CALENDAR,
        _code("why", "varför det blev en plats", "why there was a seat", "freed", "given"),
    ),
    Kind.SEAT_LOST: (
        *_OFTEN,
        _code("why", "varför platsen gick vidare", "why the seat went on", "offer-ended", "lost"),
        _code("state", "läget efteråt", "the state afterwards", "waiting", "guest"),
        _number("place", "platsen i väntelistan", "the place in the waiting list", 5, lacking=None),
    ),
    Kind.REPLY_REMINDER: _OFTEN,
    Kind.DAY_REMINDER: (*_OFTEN, PARTY_SIZE, GUEST_STATE),
    Kind.EVENT_CHANGED: (
        *_OFTEN,
        GUEST_STATE,
        CALENDAR,
        *_hours("before"),
        _text("before.where", "platsen som den var", "the place as it was", None, is_derived=True, lacking=None),
        Variable(
            "has_moved", Form.FLAG, ("om tiden är ny", "whether the time is new"), None, is_derived=True, lacking=False
        ),
        Variable(
            "is_elsewhere",
            Form.FLAG,
            ("om platsen är ny", "whether the place is new"),
            None,
            is_derived=True,
            lacking=False,
        ),
    ),
    Kind.EVENT_CANCELLED: (
        *EVENT,
        CONTACTS,
        CALENDAR,
        Variable(
            "reason",
            Form.PROSE,
            ("varför den är inställd", "why it is cancelled"),
            ("Den som skulle leda träffen är sjuk.", "The person who leads it is ill."),
            lacking="",
        ),
    ),
    Kind.HOST_QUESTION: (
        *EVENT,
        CONTACTS,
        NOTE,
        Variable(
            "proposals",
            Form.LIST,
            ("halvdagarna att välja bland", "the half-days to choose among"),
            PROPOSALS,
            is_needed=True,
            fields=_hours("", optional=False),
        ),
        _link(
            "host_url",
            "sidan där dagen väljs",
            "the page where the day is picked",
            "/svar/vard/abcdefghijklmnop",
            is_needed=True,
        ),
    ),
    Kind.HOST_ANSWER: (
        *EVENT,
        _text("host", "vem som svarade", "who answered", "Hanna Värd"),
        _code("answer", "picked eller countered", "picked or countered", "countered", "host"),
        *_hours("picked"),
        *_hours("counter"),
        Variable(
            "text",
            Form.PROSE,
            ("vad personen skrev", "what they wrote"),
            ("Då är sessionssalen ledig.", "The hall is free then."),
            lacking="",
        ),
        _link(
            "event_url",
            "träffens sida för kontaktpersoner",
            "the contacts’ page of the event",
            "/kontakt/traffar/kreativa-byrakrater/",
            is_needed=True,
        ),
    ),
    Kind.SUMMARY: (
        *_OFTEN[:-1],
        Variable(
            "text",
            Form.PROSE,
            ("summeringen", "the summary"),
            (
                "Vi fick 23 idéer. Tre går vidare direkt.\n\nTack vare er vet vi var det skaver.",
                "We got 23 ideas. Three go on at once.\n\nNow we know where it chafes.",
            ),
            lacking="",
        ),
    ),
    Kind.SUMMARY_WANTED: (
        TITLE,
        _link(
            "confirm_url",
            "sidan där personen bekräftar",
            "the page where the person confirms",
            "/svar/summering/abcdefghijklmnop",
            is_needed=True,
        ),
    ),
    Kind.FEEDBACK: (
        *EVENT,
        _link("feedback_url", "formuläret", "the form", "/svar/tyck/abcdefghijklmnop", is_needed=True),
    ),
    Kind.UNREACHED: (
        *EVENT,
        _code("what", "vad som inte kom fram", "what did not arrive", "invitation", "kind"),
        _text("recipient", "adressen som det gällde", "the address", "gunilla@krokom.example"),
        _code("reason", "varför det inte kom fram", "why it did not arrive", "mailbox-full", "reason"),
        _text(
            "line",
            "vad mottagarens server svarade",
            "what the recipient’s server said",
            "552 5.2.2 Mailbox full",
            lacking="",
        ),
        _GUESTS_URL,
    ),
}

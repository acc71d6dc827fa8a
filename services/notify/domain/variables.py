"""What a mail of each kind may say of the matter: names, what they mean, and an example of each.

The one list behind the editor's page, the check at save and the sample mails. A name that is not here cannot be
written in a wording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from services.notify.domain.kinds import Kind
from services.notify.domain.words import one_line

Say = Callable[[str], str]
"""From a key such as ``reason.mailbox-full`` to its words in the mail's language."""


ALWAYS_THERE = object()


class Form(StrEnum):
    """What a variable holds, which decides where it may stand and how it is written."""

    TEXT = "text"
    """Always on one line."""
    PROSE = "prose"
    """Keeps its paragraphs and line ends where it stands alone on its line."""
    REFERENCE = "reference"
    """An idea's number; never broken over two lines."""
    DAY = "day"
    """An ISO day or moment; written in words."""
    LINK = "link"
    CODE = "code"
    """One of our codes; compared as it is, written in words."""
    NUMBER = "number"
    FLAG = "flag"
    """Only asked about."""
    LIST = "list"
    """Gone through; a list of texts may also be written, with commas."""


@dataclass(frozen=True, slots=True)
class Variable:
    """One name. ``meaning`` and a text's ``sample`` are in Swedish and in English."""

    name: str
    """As written: ``idea.title``."""
    form: Form
    meaning: tuple[str, str]
    sample: Any
    """As the facts hold it; a tuple is Swedish and English."""
    lacking: Any = ALWAYS_THERE
    """What the facts hold where there is nothing to say; None must be asked about before it is written."""
    is_needed: bool = False
    """True where a mail without it would be of no use."""
    is_derived: bool = False
    """True where it is made from other facts (see ``values``)."""
    texts: str = ""
    """The beginning of the keys under which a code's words are found."""
    fields: tuple[Variable, ...] = ()
    """What each entry of a list has, where entries are more than a text."""

    @property
    def may_lack(self) -> bool:
        """True where a mail may have nothing to say there."""
        return self.lacking is not ALWAYS_THERE

    def meaning_in(self, language: str) -> str:
        """The meaning in that language."""
        return self.meaning[language != "sv"]


_SLUICE = (
    Variable(
        "sluice.name", Form.TEXT, ("idéslussens namn", "the sluice’s name"), ("Idéslussen Krokom", "Krokom’s ideas")
    ),
    Variable("sluice.address", Form.TEXT, ("idéslussens adress", "the sluice’s address"), "ide@krokom.example"),
)
_REFERENCE = Variable("idea.reference", Form.REFERENCE, ("idéns nummer", "the idea’s number"), "KRO-2026-0042")
_TITLE = Variable(
    "idea.title",
    Form.TEXT,
    ("idéns rubrik", "the idea’s title"),
    ("Cykelpump vid busstorget", "A bicycle pump at the bus square"),
)
_TEXT = Variable(
    "idea.text",
    Form.PROSE,
    ("det som personen skrev", "what the person wrote"),
    (
        "Sätt upp en fast cykelpump vid busstorget.\n\nDet tar fem minuter att laga en punktering.",
        "Put up a bicycle pump at the bus square.\n\nMending a puncture takes five minutes.",
    ),
    lacking="",
)
_ATTACHMENTS = Variable(
    "attachments",
    Form.LIST,
    ("namnen på bifogade filer", "the names of attached files"),
    ["pump.jpg", "karta.pdf"],
    lacking=[],
)
_ANSWER_BY = Variable(
    "answer_by",
    Form.DAY,
    ("dagen då personen ska ha fått svar", "the day by which the person has an answer"),
    "2026-12-01",
)
_FOLLOW = Variable(
    "follow_url",
    Form.LINK,
    ("sidan där personen följer sin idé", "the page where the person follows the idea"),
    "https://idesluss.example/i/KRO-2026-0042?t=abcdefghijklmnop",
    is_needed=True,
)
_IDEA_URL = Variable(
    "idea_url",
    Form.LINK,
    ("kontaktpersonens sida om idén", "the contact person’s page of the idea"),
    "https://idesluss.example/kontakt/ide/KRO-2026-0042?t=ponmlkjihgfedcba",
    is_needed=True,
)
_SENDER = Variable(
    "sender",
    Form.TEXT,
    ("vem som skrev: namn, adress och vem det är", "who wrote: name, address, and what they are"),
    None,
    is_derived=True,
)
_NOTES = Variable(
    "notes",
    Form.LIST,
    ("det som kontaktpersonen bör veta om mejlet", "what the contact person should know about the email"),
    (["Idén liknar KRO-2026-0017."], ["The idea resembles KRO-2026-0017."]),
    lacking=[],
)
_ANSWER = Variable(
    "answer",
    Form.PROSE,
    ("svaret", "the answer"),
    (
        "Hej Åsa!\n\nVi sätter upp en pump i april, vid cykelställen.",
        "Hello Åsa,\n\nWe put up a pump in April, by the bicycle racks.",
    ),
    is_needed=True,
)
_IDEA = (_REFERENCE, _TITLE, _TEXT)

_BY_KIND: dict[Kind, tuple[Variable, ...]] = {
    Kind.CONFIRMATION: (
        _REFERENCE,
        Variable(
            "idea.title",
            Form.TEXT,
            (
                "idéns rubrik, om vi vet att avsändaren är äkta",
                "the idea’s title, where the sender is certain",
            ),
            _TITLE.sample,
            lacking=None,
        ),
        replace(_TEXT, lacking=None),
        _ANSWER_BY,
        _FOLLOW,
        Variable(
            "asks_kind",
            Form.FLAG,
            ("om vi vill veta ifall personen arbetar hos oss", "whether we want to know if the person works for us"),
            True,
            lacking=False,
        ),
        _ATTACHMENTS,
    ),
    Kind.NOTICE: (
        *_IDEA,
        _ANSWER_BY,
        _SENDER,
        Variable(
            "has_address",
            Form.FLAG,
            ("om personen har lämnat en adress", "whether the person left an address"),
            None,
            lacking=False,
            is_derived=True,
        ),
        _NOTES,
        _ATTACHMENTS,
        _IDEA_URL,
    ),
    Kind.NOTICE_HELD: (
        *_IDEA,
        Variable(
            "held",
            Form.TEXT,
            ("varför idén hålls kvar", "why the idea is held"),
            ("Mejlet ser förfalskat ut.", "The email looks forged."),
        ),
        _SENDER,
        _NOTES,
        _ATTACHMENTS,
        _IDEA_URL,
    ),
    Kind.ADDED: (
        *_IDEA,
        Variable("author", Form.TEXT, ("vem som lade till", "who added"), "Åsa Öberg"),
        Variable(
            "added",
            Form.PROSE,
            ("det som lades till", "what was added"),
            ("Det behövs en med både bil- och cykelventil.", "It should fit car and bicycle valves."),
            lacking="",
        ),
        _ATTACHMENTS,
        _IDEA_URL,
    ),
    Kind.ANSWER_DRAFT: (
        *_IDEA,
        _ANSWER,
        Variable(
            "confirm_url",
            Form.LINK,
            ("sidan där svaret bekräftas", "the page where the answer is confirmed"),
            "https://idesluss.example/kontakt/bekrafta/abcdefghijklmnop",
            is_needed=True,
        ),
    ),
    Kind.ANSWER: (
        *_IDEA,
        _ANSWER,
        Variable(
            "signed_by",
            Form.TEXT,
            ("kontaktpersonens namn", "the contact person’s name"),
            "Kim Kontakt",
            lacking="",
        ),
        _FOLLOW,
    ),
    Kind.UNDELIVERED: (
        *_IDEA,
        Variable("what", Form.CODE, ("vad som inte kom fram", "what did not arrive"), "answer", texts="kind"),
        Variable("recipient", Form.TEXT, ("adressen som det gällde", "the address"), "asa@invanare.example"),
        Variable(
            "reason", Form.CODE, ("varför det inte kom fram", "why it did not arrive"), "mailbox-full", texts="reason"
        ),
        Variable(
            "line",
            Form.TEXT,
            ("vad mottagarens server svarade", "what the recipient’s server said"),
            "552 5.2.2 Mailbox full",
            lacking="",
        ),
        Variable(
            "correct_url",
            Form.LINK,
            ("sidan där adressen rättas", "the page where the address is corrected"),
            "https://idesluss.example/kontakt/drift/meddelanden/0192/ratta",
            is_needed=True,
        ),
    ),
    Kind.DIGEST: (
        Variable("rhythm", Form.CODE, ("hur ofta mejlet kommer", "how often the email comes"), "daily", texts="rhythm"),
        Variable(
            "count", Form.NUMBER, ("hur många händelser det är", "how many events there are"), None, is_derived=True
        ),
        Variable(
            "entries",
            Form.LIST,
            ("händelserna", "the events"),
            (
                [
                    {
                        "kind": "notice",
                        "reference": "KRO-2026-0042",
                        "title": "Cykelpump vid busstorget",
                        "line": "Svara senast tisdag 1 december.",
                        "url": "https://idesluss.example/kontakt/ide/KRO-2026-0042?t=ponmlkjihgfedcba",
                        "when": "2026-11-03T08:30:00+00:00",
                    },
                    {
                        "kind": "added",
                        "reference": "KRO-2026-0017",
                        "title": "Läsplats på biblioteket",
                        "line": "",
                        "url": "https://idesluss.example/kontakt/ide/KRO-2026-0017?t=ponmlkjihgfedcba",
                        "when": "2026-11-03T12:05:00+00:00",
                    },
                ],
                [
                    {
                        "kind": "notice",
                        "reference": "KRO-2026-0042",
                        "title": "A bicycle pump at the bus square",
                        "line": "Answer by Tuesday 1 December.",
                        "url": "https://idesluss.example/kontakt/ide/KRO-2026-0042?t=ponmlkjihgfedcba",
                        "when": "2026-11-03T08:30:00+00:00",
                    },
                    {
                        "kind": "added",
                        "reference": "KRO-2026-0017",
                        "title": "A reading corner in the library",
                        "line": "",
                        "url": "https://idesluss.example/kontakt/ide/KRO-2026-0017?t=ponmlkjihgfedcba",
                        "when": "2026-11-03T12:05:00+00:00",
                    },
                ],
            ),
            is_needed=True,
            fields=(
                Variable("kind", Form.CODE, ("vad som hände", "what happened"), None, texts="event"),
                Variable("reference", Form.REFERENCE, ("idéns nummer", "the idea’s number"), None),
                Variable("title", Form.TEXT, ("idéns rubrik", "the idea’s title"), None),
                Variable("line", Form.TEXT, ("det viktigaste på en rad", "the gist on one line"), None, lacking=""),
                Variable("url", Form.LINK, ("sidan om idén", "the idea’s page"), None),
                Variable("when", Form.DAY, ("när det hände", "when it happened"), None),
            ),
        ),
        Variable(
            "more",
            Form.NUMBER,
            ("hur många händelser som inte fick plats i mejlet", "how many events the email had no room for"),
            23,
            lacking=0,
        ),
        Variable(
            "more_url",
            Form.LINK,
            ("sidan om den första av dem", "the page of the first of those"),
            "https://idesluss.example/kontakt/ide/KRO-2026-0099?t=ponmlkjihgfedcba",
            lacking=None,
        ),
    ),
    Kind.MESSAGE: (
        Variable(
            "subject",
            Form.TEXT,
            ("ämnet", "the subject"),
            ("Biblioteket stänger tidigare", "The library closes early"),
            is_needed=True,
        ),
        Variable(
            "text",
            Form.PROSE,
            ("texten", "the text"),
            (
                "Hej!\n\nBiblioteket stänger klockan 16 på fredag.",
                "Hello,\n\nThe library closes at 4 pm on Friday.",
            ),
            is_needed=True,
        ),
        Variable("link.label", Form.TEXT, ("länkens text", "the link’s text"), ("Läs mer", "Read more"), lacking=None),
        Variable(
            "link.url",
            Form.LINK,
            ("länkens adress", "the link’s address"),
            "https://krokom.example/bibliotek",
            lacking=None,
        ),
    ),
}


_SUBMITTER_KINDS = frozenset({"employee", "citizen", "service_user", "nonprofit", "company"})
_NOTICES = (Kind.NOTICE, Kind.NOTICE_HELD)


def variables(kind: Kind) -> tuple[Variable, ...]:
    """What a mail of that kind may say, those of its own first; none for what is not written by a wording."""
    own = _BY_KIND.get(kind, ())
    return (*own, *_SLUICE) if own else ()


def worded_kinds() -> tuple[Kind, ...]:
    """The kinds that are written by a wording."""
    return tuple(_BY_KIND)


def values(kind: Kind, facts: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """The facts with what is made from them.

    :raises KeyError: a fact that it is made from is missing.
    """
    found = dict(facts)
    if kind in _NOTICES:
        found["has_address"] = facts["submitter"] is not None
        found["sender"] = sender(facts["submitter"], facts["submitter_kind"], facts["vouched"], say)
    if kind is Kind.DIGEST:
        found["count"] = len(facts["entries"]) + facts["more"]
    return found


def sender(submitter: Mapping[str, str] | None, kind: str, vouched: bool, say: Say) -> str:
    """Who sent an idea in, on one line: name, address, kind, and whether that can be relied on."""
    if submitter is None:
        return say("sender.nobody")
    who = one_line(", ".join(filter(None, (submitter["name"], submitter["address"]))))
    what = f" ({say(f'sender.{kind}')})" if kind in _SUBMITTER_KINDS else ""
    return f"{who}{what}{'' if vouched else say('sender.unvouched')}"


def samples(kind: Kind, language: str, *, lacking: bool = False) -> dict[str, Any]:
    """Facts of a made-up mail of that kind, as the queue holds them.

    ``lacking``: as poor as such a mail may be, where each variable that may lack does.
    """
    facts: dict[str, Any] = {
        "reply_to": "ide@krokom.example",
        "thread": {"in_reply_to": None, "references": []},
        "sluice": {"slug": "krokom", "language": language},
    }
    for variable in variables(kind):
        if not variable.is_derived:
            _put(
                facts, variable.name, variable.lacking if lacking and variable.may_lack else _sample(language, variable)
            )
    if "idea" in facts:
        facts["idea"]["created_at"] = "2026-11-03T08:30:00+00:00"
    if kind in _NOTICES:
        person = {"name": "Åsa Öberg", "address": "asa@invanare.example"}
        facts |= {"submitter": None if lacking else person, "submitter_kind": "citizen", "vouched": True}
    return facts


def _sample(language: str, variable: Variable) -> Any:
    return variable.sample[language != "sv"] if isinstance(variable.sample, tuple) else variable.sample


def _put(facts: dict[str, Any], name: str, value: Any) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        facts = facts.setdefault(parent, {})
    facts[last] = value


def tree(listed: Iterable[Variable]) -> dict[str, Any]:
    """Variables by the parts of their names: ``{"idea": {"title": …}, "answer_by": …}``."""
    found: dict[str, Any] = {}
    for variable in listed:
        _put(found, variable.name, variable)
    return found

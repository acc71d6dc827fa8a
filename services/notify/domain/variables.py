"""What a mail of each kind may say of the matter: names, what they mean, and an example of each.

The one list behind the editor's page, the check at save and the sample mails. A name that is not here cannot be
written in a wording.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from services.notify.domain import event_facts, event_letters, letters
from services.notify.domain.kinds import Kind
from services.notify.domain.variable import (
    ANSWER,
    ANSWER_BY,
    ATTACHMENTS,
    FOLLOW,
    IDEA,
    IDEA_URL,
    REFERENCE,
    SLUICE,
    TEXT,
    TITLE,
    Form,
    Variable,
)
from services.notify.domain.words import one_line

Say = Callable[[str], str]
"""From a key such as ``reason.mailbox-full`` to its words in the mail's language."""


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

_BY_KIND: dict[Kind, tuple[Variable, ...]] = {
    Kind.CONFIRMATION: (
        REFERENCE,
        Variable(
            "idea.title",
            Form.TEXT,
            (
                "idéns rubrik, om vi vet att avsändaren är äkta",
                "the idea’s title, where the sender is certain",
            ),
            TITLE.sample,
            lacking=None,
        ),
        replace(TEXT, lacking=None),
        ANSWER_BY,
        FOLLOW,
        Variable(
            "asks_kind",
            Form.FLAG,
            ("om vi vill veta ifall personen arbetar hos oss", "whether we want to know if the person works for us"),
            True,
            lacking=False,
        ),
        ATTACHMENTS,
        *letters.HELPS,
    ),
    Kind.NOTICE: (
        *IDEA,
        ANSWER_BY,
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
        ATTACHMENTS,
        IDEA_URL,
        *letters.ACT_LINKS,
    ),
    Kind.NOTICE_HELD: (
        *IDEA,
        Variable(
            "held",
            Form.CODE,
            ("varför idén hålls kvar", "why the idea is held"),
            "forged",
            texts="held",
        ),
        _SENDER,
        _NOTES,
        ATTACHMENTS,
        IDEA_URL,
        *letters.ACT_LINKS,
    ),
    Kind.ADDED: (
        *IDEA,
        Variable("author", Form.TEXT, ("vem som lade till", "who added"), "Åsa Öberg"),
        Variable(
            "added",
            Form.PROSE,
            ("det som lades till", "what was added"),
            ("Det behövs en med både bil- och cykelventil.", "It should fit car and bicycle valves."),
            lacking="",
        ),
        ATTACHMENTS,
        IDEA_URL,
        *letters.ACT_LINKS,
    ),
    Kind.ANSWER_DRAFT: (
        *IDEA,
        ANSWER,
        Variable(
            "confirm_url",
            Form.LINK,
            ("sidan där svaret bekräftas", "the page where the answer is confirmed"),
            "https://idesluss.example/kontakt/bekrafta/abcdefghijklmnop",
            is_needed=True,
        ),
    ),
    Kind.ANSWER: (
        *IDEA,
        ANSWER,
        Variable(
            "signed_by",
            Form.TEXT,
            ("kontaktpersonens namn", "the contact person’s name"),
            "Kim Kontakt",
            lacking="",
        ),
        Variable(
            "stage",
            Form.CODE,
            ("idéns nya steg, om den har flyttats", "the idea’s new stage, where it has moved"),
            "piloting",
            lacking=None,
            texts="stage",
        ),
        Variable(
            "close_reason",
            Form.TEXT,
            ("skälet, om idén har avslutats", "the reason, where the idea was closed"),
            ("En pump finns redan vid stationen", "There is a pump at the station already"),
            lacking=None,
        ),
        FOLLOW,
    ),
    Kind.UNDELIVERED: (
        *IDEA,
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
            ("kontaktpersonens lista med alla idéer", "the contact person’s list of all ideas"),
            "https://idesluss.example/kontakt/",
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
    **letters.BY_KIND,
    **event_letters.BY_KIND,
}


_SUBMITTER_KINDS = frozenset({"employee", "citizen", "service_user", "nonprofit", "company"})
_NOTICES = (Kind.NOTICE, Kind.NOTICE_HELD)


def variables(kind: Kind) -> tuple[Variable, ...]:
    """What a mail of that kind may say, those of its own first; none for what is not written by a wording."""
    own = _BY_KIND.get(kind, ())
    return (*own, *SLUICE) if own else ()


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
    return found | letters.derived(kind, facts, say) | event_facts.derived(kind, facts, say)


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
    return event_facts.completed(kind, facts, lacking=lacking)


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

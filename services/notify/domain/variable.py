"""A name that a wording may use: what it holds, what it means, an example; and those that several kinds share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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


SLUICE = (
    Variable(
        "sluice.name", Form.TEXT, ("idéslussens namn", "the sluice’s name"), ("Idéslussen Krokom", "Krokom’s ideas")
    ),
    Variable("sluice.address", Form.TEXT, ("idéslussens adress", "the sluice’s address"), "ide@krokom.example"),
)
REFERENCE = Variable("idea.reference", Form.REFERENCE, ("idéns nummer", "the idea’s number"), "KRO-2026-0042")
TITLE = Variable(
    "idea.title",
    Form.TEXT,
    ("idéns rubrik", "the idea’s title"),
    ("Cykelpump vid busstorget", "A bicycle pump at the bus square"),
)
TEXT = Variable(
    "idea.text",
    Form.PROSE,
    ("det som personen skrev", "what the person wrote"),
    (
        "Sätt upp en fast cykelpump vid busstorget.\n\nDet tar fem minuter att laga en punktering.",
        "Put up a bicycle pump at the bus square.\n\nMending a puncture takes five minutes.",
    ),
    lacking="",
)
ATTACHMENTS = Variable(
    "attachments",
    Form.LIST,
    ("namnen på bifogade filer", "the names of attached files"),
    ["pump.jpg", "karta.pdf"],
    lacking=[],
)
ANSWER_BY = Variable(
    "answer_by",
    Form.DAY,
    ("dagen då personen ska ha fått svar", "the day by which the person has an answer"),
    "2026-12-01",
)
FOLLOW = Variable(
    "follow_url",
    Form.LINK,
    ("sidan där personen följer sin idé", "the page where the person follows the idea"),
    "https://idesluss.example/i/KRO-2026-0042?t=abcdefghijklmnop",
    is_needed=True,
)
IDEA_URL = Variable(
    "idea_url",
    Form.LINK,
    ("kontaktpersonens sida om idén", "the contact person’s page of the idea"),
    "https://idesluss.example/kontakt/ide/KRO-2026-0042?t=ponmlkjihgfedcba",
    is_needed=True,
)
ANSWER = Variable(
    "answer",
    Form.PROSE,
    ("svaret", "the answer"),
    (
        "Hej Åsa!\n\nVi sätter upp en pump i april, vid cykelställen.",
        "Hello Åsa,\n\nWe put up a pump in April, by the bicycle racks.",
    ),
    is_needed=True,
)
IDEA = (REFERENCE, TITLE, TEXT)

"""A mail's words as a person may write them anew, and what is checked before they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from services.notify.domain import markup, template
from services.notify.domain.kinds import Kind
from services.notify.domain.template import Fault, FillError, Template
from services.notify.domain.variable import Variable
from services.notify.domain.variables import samples, values, variables

LONGEST_SUBJECT = 300
LONGEST_BODY = 20_000
LAST_VERSION = 2**31 - 1
"""As far as the table counts."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The source of one mail in one language."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Place:
    """What a wording is for: a kind of mail in one language, for one sluice or (without a slug) for all."""

    kind: Kind
    language: str
    slug: str | None


class WordingError(ValueError):
    """The source of a mail cannot be read as one."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A wording, read."""

    subject: Template
    body: Template

    @property
    def faults(self) -> tuple[Fault, ...]:
        """Everything that is wrong in the language of subject and body."""
        return self.subject.faults + self.body.faults


def from_source(source: str) -> Wording:
    """A wording from a file: the subject on the first line, a blank line, the body.

    :raises WordingError: the second line is not blank.
    """
    subject, _, rest = source.replace("\r\n", "\n").partition("\n")
    blank, _, body = rest.partition("\n")
    if blank.strip():
        raise WordingError("the second line of a template is blank")
    return Wording(subject, body)


@lru_cache(maxsize=256)
def compiled(kind: Kind, wording: Wording) -> Compiled:
    """A wording of that kind, read; faults are in it and not raised."""
    declared = variables(kind)
    return Compiled(template.read("subject", wording.subject, declared), template.read("body", wording.body, declared))


def check(kind: Kind, subject: str, body: str) -> list[Fault]:
    """Everything for which this wording may not be kept; by line, the subject first."""
    found = [
        *_subject_faults(subject),
        *_length_faults(body),
    ]
    if found:
        return found
    wording = compiled(kind, Wording(subject, body))
    found = [*wording.faults, *markup.faults(body)]
    return sorted(found, key=_place) if found else _tried(kind, wording)


def _subject_faults(subject: str) -> list[Fault]:
    if not subject.strip():
        return [Fault("subject", 1, "fault.subject_empty")]
    if "\n" in subject.replace("\r", "\n").strip("\n"):
        return [Fault("subject", 2, "fault.subject_lines")]
    if len(subject) > LONGEST_SUBJECT:
        return [Fault("subject", 1, "fault.too_long", (("most", str(LONGEST_SUBJECT)),))]
    return []


def _length_faults(body: str) -> list[Fault]:
    if not body.strip():
        return [Fault("body", 1, "fault.body_empty")]
    if len(body) > LONGEST_BODY:
        return [Fault("body", 1, "fault.too_long", (("most", str(LONGEST_BODY)),))]
    return []


def _place(fault: Fault) -> tuple[bool, int]:
    return fault.where != "subject", fault.line


def _tried(kind: Kind, wording: Compiled) -> list[Fault]:
    """What only shows when the richest and the poorest mail of that kind are written."""
    for lacking in (False, True):
        facts = values(kind, samples(kind, "sv", lacking=lacking), str)
        try:
            subject = template.fill(wording.subject, facts, str, date.isoformat)
            body = template.fill(wording.body, facts, str, date.isoformat)
            said = markup.document(body)
        except FillError as error:
            return [Fault("body", 1, "fault.does_not_fill", (("what", str(error)),))]
        if not markup.plain(subject):
            return [Fault("subject", 1, "fault.subject_empty")]
        if not said.blocks:
            return [Fault("body", 1, "fault.body_empty")]
        written = [value.variable for value in (*subject.values, *body.values)]
        missing = [each for each in variables(kind) if each.is_needed and not _is_written(each, written)]
        if missing:
            return [Fault("body", 1, "fault.needed", (("name", each.name),)) for each in missing]
    return []


def _is_written(needed: Variable, written: list[Variable]) -> bool:
    wanted = (needed, *needed.fields)
    return any(each is one for each in written for one in wanted)

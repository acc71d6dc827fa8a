"""What is asked of notify: one message to one person, before it has a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notify.domain.kinds import CATEGORIES, Category, Channel, Kind
from services.notify.domain.words import cleaned, cleaned_facts, one_line


@dataclass(frozen=True, slots=True)
class Asked:
    """One notification to make. Its facts are plain data (JSON) and already cleaned."""

    key: str
    """Asked again under the same key, it is the same notification."""
    kind: Kind
    address: str
    name: str
    language: str
    sluice_slug: str | None
    sluice_address: str
    idea_reference: str | None
    facts: Mapping[str, Any]
    category: Category
    channel: Channel = Channel.EMAIL
    withheld: str | None = None
    """Why it is recorded but not sent, or None."""
    is_echo: bool = False
    """True where a mail of the recipient's own brought it about: a machine that answers it goes round in a circle."""
    is_to_stranger: bool = False
    """True where somebody typed the address into a form: it may be somebody else's."""
    is_bulk: bool = False
    """True where it is one of very many, whatever its kind: what somebody waits for overtakes it."""
    series: str | None = None
    """Mails of one series to one person leave in the order of their ``number``."""
    number: int | None = None
    not_before: datetime | None = None
    replaces: UUID | None = None
    """The notification that did not arrive and in whose place this one goes out."""
    wants_receipt: bool = False


def asked(
    kind: Kind,
    about: object,
    person: Mapping[str, Any],
    *,
    sluice: Mapping[str, Any],
    reference: str | None,
    facts: Mapping[str, Any],
    withheld: str | None = None,
    is_echo: bool = False,
    is_to_stranger: bool = False,
) -> Asked:
    """A notification to one person about one thing: ``about`` is the id of an idea, entry, draft or answer."""
    address = cleaned(person["address"]).strip()
    everything = cleaned_facts({**facts, "reply_to": person["reply_to"], "sluice": dict(sluice)})
    assert isinstance(everything, dict)
    # One confirmation per idea, whatever becomes of the submitter's address.
    key = f"{kind}:{about}" if kind is Kind.CONFIRMATION else f"{kind}:{about}:{address.lower()}"
    return Asked(
        key=key,
        kind=kind,
        address=address,
        name=one_line(person["name"], 60),
        language=person["language"],
        sluice_slug=sluice["slug"],
        sluice_address=sluice["address"],
        idea_reference=reference,
        facts=everything,
        category=CATEGORIES[kind],
        withheld=withheld,
        is_echo=is_echo,
        is_to_stranger=is_to_stranger,
    )

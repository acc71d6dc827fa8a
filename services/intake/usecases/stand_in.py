"""Who answers for whom while somebody is away. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.intake.domain.sluice import ContactPerson, SluiceProfile


def is_away(person: ContactPerson, today: date) -> bool:
    """True up to and with the last day of their absence."""
    return person.away_until is not None and person.away_until >= today


def standing_in(sluice: SluiceProfile, people: Iterable[ContactPerson], today: date) -> list[ContactPerson]:
    """The people, with deputies for those who are away, each once.

    Where that leaves nobody it is everybody else of the sluice who is there, and at last the people themselves:
    somebody must hear of it.
    """
    wanted = list(people)
    known = {person.id: person for person in sluice.people}
    found: dict[object, ContactPerson] = {}
    for person in wanted:
        one = person
        if is_away(person, today):
            deputy = known.get(person.deputy_id) if person.deputy_id else None
            if deputy is None or is_away(deputy, today):
                continue
            one = deputy
        found[one.id] = one
    if not found:
        found = {person.id: person for person in sluice.people if not is_away(person, today)}
    return list(found.values()) or wanted

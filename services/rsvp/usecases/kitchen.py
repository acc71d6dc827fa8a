"""What the kitchen must know: how many come, and how many portions of what. Names only for whoever serves them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from services.rsvp.domain.kitchen import Portion, portions, servings
from services.rsvp.domain.name_order import name_key
from services.rsvp.domain.states import GuestState
from services.rsvp.store import guests
from services.rsvp.store.guest_tables import Guest
from services.rsvp.store.tables import Event


@dataclass(frozen=True, slots=True)
class Eater:
    """Somebody who wants something special."""

    name: str
    """Of a party member without a name: that of whoever brings them."""
    is_companion: bool
    """True where the name is that of whoever brings them."""
    diet: str


@dataclass(frozen=True, slots=True)
class Kitchen:
    """One event's meal."""

    people: int
    portions: Sequence[Portion]
    eaters: Sequence[Eater]

    @property
    def plain(self) -> int:
        """How many eat everything; nobody where more is asked for than there are people."""
        return max(0, self.people - sum(portion.number for portion in self.portions))


def kitchen(session: Session, event: Event) -> Kitchen:
    """The meal of everybody who is coming, party members included."""
    coming = guests.by_event(session, event.id, states=[GuestState.COMING.value])
    every = [eater for guest in coming for eater in _eaters(guest)]
    special = sorted((eater for eater in every if servings(eater.diet)), key=lambda eater: name_key(eater.name))
    return Kitchen(
        people=sum(guest.party_size for guest in coming),
        portions=portions(eater.diet for eater in every),
        eaters=special,
    )


def _eaters(guest: Guest) -> Iterator[Eater]:
    """The guest and those of their party who said something; never more than the party is large."""
    yield Eater(guest.name, is_companion=False, diet=guest.diet)
    for member in guest.party[: max(guest.party_size - 1, 0)]:
        name = str(member.get("name") or "")
        yield Eater(name or guest.name, is_companion=not name, diet=str(member.get("diet") or ""))

"""A contact's automatic reply to a mail of ours says that they are away: somebody else must answer meanwhile.

Anybody can write "I am away" in a contact's name. It counts only where the reply came to the signed return path of a
message that went to that very contact, and names them as its sender.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from services.intake.domain.absence import last_day, tells_of_absence
from services.intake.domain.sluice import ContactPerson
from services.intake.store.tables import Contact, Idea
from services.intake.usecases.announce import Announcer
from services.intake.usecases.assign_idea import assign_idea
from services.intake.usecases.handing_over import tell
from services.intake.usecases.letter import Letter
from services.intake.usecases.receive import note
from services.intake.usecases.returned import Origin
from services.intake.usecases.sayings import say, spoken
from services.intake.usecases.stand_in import is_away
from shared import i18n, logs
from shared.clock import STOCKHOLM
from shared.mail.addresses import canonical
from shared.viewer import Viewer
from shared.working_days import answer_by

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class NoteAbsence:
    """Looks whether an automatic reply is a contact's, and lets others answer."""

    session: Session
    announcer: Announcer
    letter: Letter
    because: Callable[[str], None]

    def __call__(self, origin: Origin) -> None:
        """Keep until when the contact is away, and hand the idea to the deputy; without one, tell the others.

        Told twice, it does nothing more.
        """
        person = self._person(origin)
        if person is None:
            return
        reading = self.letter.reading
        subject = reading.subject or ""
        if not tells_of_absence(subject, reading.text):
            self.because("it does not say that its writer is away")
            return
        today = self.letter.mail.received_at.astimezone(STOCKHOLM).date()
        told = last_day(subject, reading.text, today)
        until = told or answer_by(today, 1)
        # Whoever assigns an idea to them holds the idea and looks at this row: it must not have to wait for us.
        row = self.session.get_one(Contact, person.id, with_for_update={"key_share": True})
        row.away_until = until
        self.because(
            f"{person.name} is away until {until.isoformat()}, "
            + ("as the reply says" if told else "one working day, as it does not say until when")
        )
        if origin.idea.sluice_id == self.letter.sluice.id and _waits(origin.idea, person):
            self._hand_over(origin.idea, person, until, today)
        log.info("contact_away", sluice=self.letter.sluice.slug)

    def _person(self, origin: Origin) -> ContactPerson | None:
        """The contact that the message went to, where the reply is from that same address."""
        if origin.went_to_submitter or origin.recipient is None:
            return None
        wanted = canonical(origin.recipient)
        if canonical(self.letter.address or "") != wanted:
            self.because("an automatic reply by somebody else than the contact whom the message went to")
            return None
        return next((one for one in self.letter.sluice.people if canonical(one.address) == wanted), None)

    def _hand_over(self, idea: Idea, person: ContactPerson, until: date, today: date) -> None:
        sluice, session = self.letter.sluice, self.session
        known = {one.id: one for one in sluice.people}
        deputy = known.get(person.deputy_id) if person.deputy_id else None
        language = spoken(sluice.language)
        words = say("away", language, who=person.name, until=i18n.day(until, language))
        if deputy is not None and not is_away(deputy, today):
            slugs = frozenset({sluice.slug})
            is_coach = any(one.id == person.id for one in sluice.coaches)
            viewer = Viewer(person.address, coach_of=slugs) if is_coach else Viewer(person.address, contact_of=slugs)
            assign_idea(session, self.announcer, viewer, idea.reference, to=deputy.id, note=words, version=None)
            self.because(f"idea {idea.reference} is handed to the deputy, {deputy.name}")
            return
        others = [one for one in sluice.contacts if one.id != person.id and not is_away(one, today)]
        others = others or [one for one in sluice.coaches if one.id != person.id]
        note(
            session,
            idea,
            event="absent",
            at=self.letter.mail.received_at,
            actor=person.name,
            actor_kind="contact",
            facts={"to": ", ".join(one.name for one in others), "until": until.isoformat()},
            public=False,
        )
        # Their own mail about it tells of one absence once, however many notices were answered by the machine.
        about = f"away:{idea.id}:{person.id}:{until.isoformat()}"
        tell(session, self.announcer.settings, idea, sluice, others, about=about, by=person.name, note=words)
        self.because(f"there is no deputy: {len(others)} others of the sluice are told")


def _waits(idea: Idea, person: ContactPerson) -> bool:
    """True where the idea waits for an answer of that person's, or of anybody's."""
    return idea.is_unanswered and idea.assigned_to in (None, person.id)

"""Tell people that an idea is theirs now, or that they may have a say in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sqlalchemy.orm import Session

from services.intake.domain.sluice import ContactPerson, SluiceProfile
from services.intake.store.tables import Idea
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from shared.clock import STOCKHOLM
from shared.mail import reply_addresses
from shared.settings import Settings
from shared.web import links
from shared.web.own_links import without_tokens

MAX_WORDS: Final = 2_000
"""Characters of what is said on the way."""


def tell(
    session: Session,
    settings: Settings,
    idea: Idea,
    sluice: SluiceProfile,
    people: Iterable[ContactPerson],
    *,
    about: object,
    by: str,
    note: str,
) -> None:
    """The letter "assigned" to each, with their own link and reply address.

    :param sluice: the one that they answer for.
    :param by: who hands it over, as shown.
    """
    for person in people:
        ask_for_mail(
            session,
            settings,
            "assigned",
            about=about,
            to=Recipient(person.name, person.address, person.language),
            sluice=sluice,
            facts={
                "idea": {"reference": idea.reference, "title": idea.title, "text": without_tokens(idea.text)},
                "by": by,
                "note": without_tokens(note),
                "answer_by": idea.answer_by.astimezone(STOCKHOLM).date().isoformat(),
                "idea_url": _page(settings, idea, sluice, person),
            },
            idea=idea,
            reply_to=reply_addresses.make(
                settings.signer, sluice.address, reply_addresses.CONTACT, idea.reference, str(person.id)
            ),
        )


def _page(settings: Settings, idea: Idea, sluice: SluiceProfile, person: ContactPerson) -> str:
    """Where they can answer it without signing in; where it is only shared with them, what they may see of it."""
    if idea.sluice_id != sluice.id:
        return links.contact_url(settings, idea.reference, person.id)
    return links.act_url(settings, "slapp" if idea.held else "svara", idea.id, person.id)

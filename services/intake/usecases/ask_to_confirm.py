"""Ask whoever holds an address that somebody typed in whether it was them, by a mail that says nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sqlalchemy.orm import Session

from services.intake.domain.sluice import SluiceProfile
from services.intake.store.shown_addresses import is_shown
from services.intake.usecases.ask_for_mail import Recipient, ask_for_mail
from shared.mail.addresses import canonical
from shared.settings import Settings

ASKED_AGAIN_AFTER: Final = timedelta(days=1)
"""An address is asked about one thing once a day at most, however often somebody types it in."""


def ask_to_confirm(
    session: Session,
    settings: Settings,
    what: str,
    url: str,
    *,
    about: object,
    address: str,
    language: str,
    sluice: SluiceProfile,
) -> None:
    """Send the link whose button confirms it.

    :param what: ``support``, ``comment`` or ``news``; see ``LETTERS``.
    :param about: one mail goes out for each; ask about the same thing again under another.
    """
    ask_for_mail(
        session,
        settings,
        "verify",
        about=about,
        to=Recipient("", address, language),
        sluice=sluice,
        facts={"what": what, "verify_url": url},
        is_to_stranger=not is_shown(session, canonical(address)),
    )

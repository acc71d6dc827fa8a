"""Ask notify for a mail of a named kind: for all that is not told by what happened to an idea.

The kinds, and the facts that each one's wording needs, stand in ``LETTERS`` below. Facts are plain data; words that
somebody else wrote go through ``without_tokens`` first, so that no signed link travels on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy.orm import Session

from services.intake.domain.sluice import SluiceProfile
from services.intake.store.tables import Idea
from shared.bus import outbox
from shared.bus.outbox import Priority
from shared.contracts.registry import MAIL_WANTED
from shared.mail import message_ids
from shared.settings import Settings

LETTERS: Final[Mapping[str, frozenset[str]]] = {
    "sign-in": frozenset({"sign_in_url", "asked_at", "asked_from", "minutes"}),
    "verify": frozenset({"what", "verify_url"}),
    "question": frozenset({"idea", "question", "signed_by", "follow_url"}),
    "followed": frozenset({"idea", "stage", "answer", "signed_by", "board_url", "stop_url"}),
    "merged": frozenset({"idea", "into", "answer", "signed_by", "follow_url"}),
    "passed-on": frozenset({"idea", "former", "answer_by", "follow_url"}),
    "assigned": frozenset({"idea", "by", "note", "answer_by", "idea_url"}),
    "reminder": frozenset({"entries"}),
    "escalation": frozenset({"entries"}),
    "news": frozenset({"title", "text", "press_contact", "news_url", "stop_url"}),
}
"""Kind → its facts. All are text but these: ``idea`` and ``into`` are {reference, title, text} (``into`` without text;
for followers the published title, never the original), ``minutes`` a number, ``answer_by`` an ISO day, ``asked_at`` an
ISO moment, and each of ``entries`` {reference, title, answer_by, days_late, idea_url} (``days_late`` in working days,
0 or less while there is time). ``what`` is support, comment, news, address or follow. ``answer`` and ``note`` may be
empty. ``stop_url`` ends such mails with one button."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom a mail is for."""

    name: str
    address: str
    language: str


def ask_for_mail(
    session: Session,
    settings: Settings,
    kind: str,
    *,
    about: object,
    to: Recipient,
    sluice: SluiceProfile,
    facts: Mapping[str, Any],
    idea: Idea | None = None,
    reply_to: str | None = None,
    is_to_stranger: bool = False,
    priority: Priority = Priority.PROMPT,
) -> None:
    """Put ``mail.wanted.v1``. Asked again about the same thing, for the same person, it is the same mail.

    :param about: an id of what brought it about; it becomes part of the mail's key.
    :param reply_to: where a reply goes; the sluice's own address where nothing else is said.
    :raises ValueError: the facts are not those of that kind.
    """
    if set(facts) != LETTERS[kind]:
        raise ValueError(f"{kind}: the facts are {sorted(LETTERS[kind])}, not {sorted(facts)}")
    anchor = message_ids.make(settings.signer, idea.id, sluice.address) if idea is not None else None
    outbox.put(
        session,
        MAIL_WANTED,
        {
            "kind": kind,
            "about": str(about),
            "person": {"name": to.name, "address": to.address, "language": to.language},
            "reply_to": reply_to or sluice.address,
            "sluice": {
                "slug": sluice.slug,
                "name": sluice.name,
                "address": sluice.address,
                "language": sluice.language,
            },
            "idea_reference": idea.reference if idea is not None else None,
            "facts": dict(facts),
            "thread": {"in_reply_to": anchor, "references": [anchor]} if anchor else {},
            "is_to_stranger": is_to_stranger,
        },
        priority=priority,
    )

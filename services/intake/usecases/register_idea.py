"""Say how far an idea has come into the municipality's register, and that the archive has it."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from services.intake.domain.registry import LONGEST_RECEIPT, RegistryState, registration
from services.intake.store.tables import Idea
from services.intake.store.work_tables import Act
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea
from services.intake.usecases.acts import Done
from services.intake.usecases.receive import note
from shared.clock import now
from shared.errors import Rejected
from shared.viewer import Viewer
from shared.words import clean

_REGISTER: Final = ("registry_state", "registry_number", "registered_at", "registered_by")
_ARCHIVE: Final = ("archived_at", "archive_receipt")


def register_idea(
    session: Session,
    viewer: Viewer,
    reference: str,
    *,
    state: str,
    number: str,
    version: int | None,
    act: Act | None = None,
) -> Done:
    """Set the registry state and number. The same again changes nothing more.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: number and state do not belong together; see ``domain.registry``.
    """
    idea = own_idea(session, viewer, reference, version=version)
    wanted = registration(state, number)
    if (idea.registry_state, idea.registry_number) == (wanted.state.value, wanted.number):
        return Done(idea)
    before = {name: getattr(idea, name) for name in _REGISTER}
    name = acts.name_of(session, viewer, idea.sluice_id)
    is_registered = wanted.state is RegistryState.REGISTERED
    idea.registry_state, idea.registry_number = wanted.state.value, wanted.number
    idea.registered_at, idea.registered_by = (now(), name) if is_registered else (None, None)
    facts: dict[str, object] = {"state": wanted.state.value, "number": wanted.number}
    _note(session, idea, "registered", name, facts=facts)
    return Done(idea, acts.record(session, viewer, "registered", idea, before, act=act))


def hand_over(
    session: Session, viewer: Viewer, reference: str, *, receipt: str, version: int | None, act: Act | None = None
) -> Done:
    """Say that the archive has the idea, with what it answered; its own time limits may remove it here from now on.

    :raises NotFound: there is none, for them to act on.
    :raises Conflict: somebody else has changed it since ``version``.
    :raises Rejected: the receipt is empty or too long, or the idea is still to be registered.
    """
    idea = own_idea(session, viewer, reference, version=version)
    words = clean(receipt).strip()
    if not words:
        raise Rejected("receipt", "receipt_is_empty")
    if len(words) > LONGEST_RECEIPT:
        raise Rejected("receipt", "receipt_is_too_long")
    if idea.registry_state == RegistryState.TO_REGISTER:
        raise Rejected("idea", "idea_is_to_register")
    before = {name: getattr(idea, name) for name in _ARCHIVE}
    idea.archived_at, idea.archive_receipt = now(), words
    _note(session, idea, "handed_over", acts.name_of(session, viewer, idea.sluice_id), text=words)
    return Done(idea, acts.record(session, viewer, "handed_over", idea, before, act=act))


def _note(
    session: Session, idea: Idea, event: str, actor: str, *, text: str = "", facts: dict[str, object] | None = None
) -> None:
    moment = now()
    idea.version += 1
    idea.updated_at = moment
    note(session, idea, event=event, at=moment, actor=actor, actor_kind="contact", text=text, facts=facts, public=False)

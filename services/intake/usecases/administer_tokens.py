"""API tokens that administrators give to programs: shown once, listed without what opens anything, revoked for good."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.intake.store.people_tables import ApiToken, EndedAccess
from services.intake.usecases.changes import record_change
from services.intake.usecases.sessions import remember_ended
from shared.clock import now
from shared.db import hold
from shared.errors import Rejected
from shared.settings import Settings
from shared.web import tokens

SCOPES = ("intake:read", "intake:write", "notify:read", "notify:write", "notify:admin", tokens.ALL)
"""What a program may be let to do; ``*`` is everything, the administrators' pages too."""


def api_tokens(session: Session) -> Sequence[ApiToken]:
    """Every token that was issued here, newest first, revoked ones too."""
    return session.scalars(select(ApiToken).order_by(ApiToken.created_at.desc(), ApiToken.name)).all()


def issue_token(session: Session, settings: Settings, actor: str, *, name: str, scopes: Collection[str]) -> str:
    """A new token. It is kept nowhere: whoever asked must keep it.

    :raises Rejected: the name has another form or was used before, or no scope was chosen.
    """
    if not scopes or not set(scopes) <= set(SCOPES):
        raise Rejected("scopes", "admin.fault.scopes")
    try:
        token = tokens.issue(settings.signer, name=name, scopes=scopes)
    except ValueError as error:
        raise Rejected("name", "admin.fault.token_name") from error
    hold(session, "tokens")
    if session.get(ApiToken, name) is not None or session.get(EndedAccess, ("token", name)) is not None:
        raise Rejected("name", "admin.fault.token_taken")
    session.add(ApiToken(name=name, scopes=sorted(scopes), created_by=actor))
    record_change(session, actor, "token.issued", after={"name": name, "scopes": sorted(scopes)})
    return token


def revoke_token(session: Session, actor: str, name: str) -> None:
    """Let every token of that name open nothing any more, those made on the command line too. Cannot be undone.

    :raises Rejected: no token can bear that name.
    """
    if not tokens.is_name(name):
        raise Rejected("revoked", "admin.fault.token_name")
    row = session.get(ApiToken, name, with_for_update=True)
    if session.get(EndedAccess, ("token", name)) is not None:
        return
    if row is not None:
        row.revoked_at = now()
    remember_ended(session, "token", name, now())
    record_change(session, actor, "token.revoked", before={"name": name})

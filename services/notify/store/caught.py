"""What the catching mailbox keeps of mails that notify sent: reached with the mailbox's own role, never notify's."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import text

from shared.db import Role, opened
from shared.settings import Settings

_KEPT = text("SELECT id, message_id, recipients FROM mailbox.message")
_GONE = text("DELETE FROM mailbox.message WHERE id = ANY(:ids)")


def forget(settings: Settings, is_theirs: Callable[[str], bool], message_ids: Collection[str]) -> int:
    """Remove mails to whom ``is_theirs`` says, and those of some Message-IDs; how many. None where nothing is caught.

    It is a transaction of its own, and may be done again.
    """
    if not settings.catches_mail:
        return 0
    wanted = {each.strip("<>") for each in message_ids}
    with opened(settings, Role.MAILBOX) as database, database.transaction() as session:
        rows = session.execute(_KEPT).all()
        found = [row.id for row in rows if row.message_id in wanted or any(map(is_theirs, row.recipients))]
        session.execute(_GONE, {"ids": found})
    return len(found)

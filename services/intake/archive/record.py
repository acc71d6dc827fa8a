"""What the package's record says of an idea: plain facts, as JSON keeps them and as the page shows them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.intake.domain.package_files import PackagedFile
from services.intake.store.package import Belongings
from services.intake.store.tables import TimelineEntry
from shared.web.own_links import without_tokens

SCHEMA: Final = "idea-1"
"""See ``idea-1.schema.json``, which lies in each package."""
NOT_TOLD: Final = "packaged"
"""That somebody took a package changes nothing in the idea: the next one is the same, byte by byte."""

_WORKING = frozenset({"noted", "answer_drafted", "added"})


def is_working_material(entry: TimelineEntry) -> bool:
    """True for notes and drafts that the submitter does not see, which a municipality may keep out of its archive."""
    return not entry.public and entry.event in _WORKING


def record(
    found: Belongings,
    entries: Sequence[TimelineEntry],
    mails: Mapping[UUID, str | None],
    files: Sequence[PackagedFile],
    *,
    left_out: Sequence[str],
) -> dict[str, Any]:
    """The idea's facts, as ``idea-1.schema.json`` describes them.

    :param entries: the timeline as far as it is told.
    :param mails: id of a received mail → its path in the package; None where its bytes were removed by a decision.
    :param files: those that the record tells of: all but itself and what only describes the package.
    """
    idea = found.idea
    return {
        "schema": SCHEMA,
        "reference": idea.reference,
        "registry": {
            "state": idea.registry_state,
            "number": idea.registry_number,
            "registered_at": _moment(idea.registered_at),
            "registered_by": idea.registered_by,
            "archived_at": _moment(idea.archived_at),
            "archive_receipt": idea.archive_receipt,
        },
        "sluice": {"slug": found.sluice.slug, "code": found.sluice.code, "name": found.sluice.name},
        "title": idea.title,
        "text": without_tokens(idea.text),
        "set_apart": without_tokens(idea.set_apart),
        "language": idea.language,
        "kind": idea.kind,
        "via": idea.via,
        "created_at": _moment(idea.created_at),
        "answer_by": _moment(idea.answer_by),
        "answered_at": _moment(idea.answered_at),
        "stage": idea.stage,
        "close_reason": idea.close_reason,
        "held": idea.held,
        "submitter": {"name": idea.submitter_name, "email": idea.submitter_address},
        "vouched": idea.vouched,
        "erased_at": _moment(idea.erased_at),
        "own_answers": [
            {name: str(told.get(name, "")) for name in ("question", "kind", "answer")} for told in idea.answers.values()
        ],
        "consent": idea.consent,
        "tags": list(found.tags),
        "supporters": idea.supporters,
        "published": {
            "at": _moment(idea.published_at),
            "title": idea.public_title or idea.title,
            "text": idea.public_text or "",
        }
        if idea.published_at
        else None,
        "merged_into": found.into,
        "joined": list(found.joined),
        "timeline": [
            {
                "at": _moment(entry.at),
                "event": entry.event,
                "actor": entry.actor,
                "actor_kind": entry.actor_kind,
                "text": without_tokens(entry.text),
                "facts": entry.facts,
                "internal": not entry.public,
            }
            for entry in entries
        ],
        "comments": [
            {"at": _moment(one.at), "name": one.name, "text": one.text, "state": one.state} for one in found.comments
        ],
        "messages": [
            {
                "at": _moment(one.at),
                "kind": one.kind,
                "channel": one.channel,
                "recipient": one.recipient,
                "state": one.state,
            }
            for one in found.messages
        ],
        "mails": [
            {
                "received_at": _moment(one.mail.received_at),
                "from": str((one.mail.reading or {}).get("sender") or one.mail.envelope_from),
                "recipient": without_tokens(one.mail.recipient),
                "subject": str((one.mail.reading or {}).get("subject") or ""),
                "kind": one.mail.kind,
                "path": mails[one.mail.id],
            }
            for one in found.mails
            if one.mail.id in mails
        ],
        "files": [
            {"path": file.path, "name": file.name, "type": file.type, "size": file.size, "sha256": file.sha256}
            for file in files
        ],
        "left_out": list(left_out),
    }


def as_json(facts: Mapping[str, Any]) -> bytes:
    """The record as a file."""
    return (json.dumps(facts, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None

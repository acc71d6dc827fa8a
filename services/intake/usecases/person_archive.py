"""Pack what a job read out into one file: pages to read, the same as JSON, and mails and files as they came."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from html import escape
from typing import IO, Any
from uuid import UUID

from sqlalchemy import select

from services.intake.store.data_tables import DataJob
from services.intake.store.tables import Attachment, Blob, InboundEmail, RawMail
from services.intake.usecases import person_content, person_jobs
from services.intake.usecases.sayings import say
from shared.contracts.facts import LANGUAGES
from shared.contracts.registry import INTAKE, NOTIFY, RSVP
from shared.db import Database
from shared.errors import NotFound
from shared.i18n import MissingText
from shared.words import one_line

_SERVICES = (INTAKE, RSVP, NOTIFY)
_STYLE = (
    "body{font:1rem/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}dl{display:grid;"
    "grid-template-columns:minmax(8rem,14rem) 1fr;gap:.2rem 1rem;border-top:1px solid #767676;padding:.7rem 0;margin:0}"
    "dd{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}dt{font-weight:600}"
)


def pack(database: Database, job_id: UUID, target: IO[bytes]) -> None:
    """Write the archive (ZIP) to an open file. One original at a time is held in memory.

    :raises NotFound: nothing was read out, it is not whole yet, or it is thrown away.
    """
    with database.transaction() as session:
        seen = person_jobs.look(session, job_id)
        if not person_jobs.can_fetch(seen.job):
            raise NotFound("not whole yet, or its time is over")
        held = {service: person_content.content(session, job_id, service) for service in _SERVICES}
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        names = dict(_write_originals(database, held[INTAKE], archive))
        for service, tables in held.items():
            archive.writestr(f"{service}.json", json.dumps(tables, ensure_ascii=False, indent=2))
        for language in LANGUAGES:
            name = "index.html" if language == LANGUAGES[0] else f"index.{language}.html"
            archive.writestr(name, "".join(_page(seen.job, held, names, language)))


def _write_originals(
    database: Database, held: Mapping[str, Any], archive: zipfile.ZipFile
) -> Iterator[tuple[str, str]]:
    """Each mail and file that is still there, under a name that tells nothing; id → name."""
    for row in held.get("originals", ()):
        with database.transaction() as session:
            raw = session.scalar(
                select(RawMail.raw)
                .join(InboundEmail, InboundEmail.raw_id == RawMail.id)
                .where(InboundEmail.id == UUID(row["id"]))
            )
        if raw:
            name = f"original/{row['id']}.eml"
            archive.writestr(name, raw)
            yield row["id"], name
    for row in held.get("attachment", ()):
        with database.transaction() as session:
            content = session.scalar(
                select(Blob.content)
                .join(Attachment, Attachment.sha256 == Blob.sha256)
                .where(Attachment.id == row["id"])
            )
        if content is not None:
            ending = "".join(char for char in row["name"].rpartition(".")[2] if char.isascii() and char.isalnum())[:8]
            name = f"original/{row['id']}.{ending or 'bin'}"
            archive.writestr(name, content)
            yield row["id"], name


def _page(
    job: DataJob, held: Mapping[str, Mapping[str, Any]], names: Mapping[str, str], language: str
) -> Iterator[str]:
    title = escape(say("person.export.title", language))
    yield f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
    yield f"<h1>{title}</h1><p>{escape(say('person.export.lead', language, day=f'{job.asked_at:%Y-%m-%d}'))}</p>"
    for service, tables in held.items():
        yield f"<h2>{escape(_word(f'person.service.{service}', service, language))}</h2>"
        if not tables:
            yield f"<p>{escape(say('person.export.nothing', language))}</p>"
        for table, rows in tables.items():
            yield f"<h3>{escape(_word(f'person.table.{table}', table, language))} ({len(rows)})</h3>"
            for row in rows:
                yield "<dl>" + "".join(_line(name, value, language) for name, value in row.items() if value)
                if name := names.get(str(row.get("id", ""))):
                    yield f"<dt>{escape(say('person.export.original', language))}</dt>"
                    yield f'<dd><a href="{escape(name)}">{escape(name)}</a></dd>'
                yield "</dl>"
    yield "</html>"


def _line(name: str, value: object, language: str) -> str:
    shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
    return f"<dt>{escape(_word(f'person.column.{name}', one_line(name), language))}</dt><dd>{escape(shown)}</dd>"


def _word(key: str, otherwise: str, language: str) -> str:
    try:
        return say(key, language)
    except MissingText:
        return otherwise

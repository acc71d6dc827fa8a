"""An idea as a package that an authority registers and archives: everything that belongs to it, with checksums.

What belongs to it is read at once; the bytes of mails and files are read while the package is sent. The same state
gives the same bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.intake.archive import page, record
from services.intake.archive.zipped import Member, zipped
from services.intake.domain import mets
from services.intake.domain.mets import Packaged
from services.intake.domain.package_files import PackagedFile, manifest, media_type, numbered_name
from services.intake.store import package as store
from services.intake.store.package import Belongings
from services.intake.store.tables import Idea, Sluice
from services.intake.usecases import acts
from services.intake.usecases.access import own_idea, own_sluices
from services.intake.usecases.changes import record_change
from services.intake.usecases.receive import note
from shared import logs
from shared.clock import now
from shared.db import Database
from shared.viewer import Viewer

CONTENT: Final = "representations/rep1/data"
METS_FILE: Final = "METS.xml"
MANIFEST_FILE: Final = "manifest-sha256.txt"
INTERNAL_NOTES: Final = "internal-notes"

_SCHEMA = Path(record.__file__).with_name(f"{record.SCHEMA}.schema.json")
_README = Path(record.__file__).with_name("README.txt")

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Source:
    """Where the bytes of a packaged file are: at hand, in a mail, or in a file that came with the idea."""

    here: bytes | None = None
    raw_id: UUID | None = None
    blob: bytes | None = None

    def pieces(self, database: Database, size: int) -> Iterable[bytes]:
        """The bytes, none held longer than the next needs."""
        if self.here is not None:
            return (self.here,)
        if self.raw_id is not None:
            return store.mail_pieces(database, self.raw_id, size)
        return store.file_pieces(database, self.blob or b"", size)


@dataclass(frozen=True, slots=True)
class Package:
    """What is in one idea's package, the description of its content first."""

    reference: str
    files: Sequence[tuple[PackagedFile, Source]]

    @property
    def size(self) -> int:
        """Bytes of all its files, unpacked."""
        return sum(file.size for file, _ in self.files)


def take_package(session: Session, viewer: Viewer, reference: str, *, with_notes: bool, way: str) -> Package:
    """Put together what belongs to the idea, and write down who took it.

    :param with_notes: also what only those who work with the idea see: notes, and drafts of answers.
    :param way: ``page``, ``api`` or ``command``, for the record.
    :raises NotFound: there is none, for them to act on.
    """
    idea = own_idea(session, viewer, reference)
    found = _package(store.belongings(session, idea), with_notes=with_notes)
    name = acts.name_of(session, viewer, idea.sluice_id)
    facts: dict[str, object] = {"way": way, "notes": with_notes}
    note(session, idea, event=record.NOT_TOLD, at=now(), actor=name, actor_kind="contact", facts=facts, public=False)
    after = {"reference": idea.reference, **facts}
    record_change(session, viewer.address, "idea.packaged", sluice_id=idea.sluice_id, after=after)
    log.info("idea_packaged", idea_id=str(idea.id), way=way, size=found.size)
    return found


def may_take_all(session: Session, viewer: Viewer, references: Sequence[str]) -> bool:
    """True where the viewer may take a package of each of these."""
    own = select(Sluice.id).where(own_sluices(viewer))
    asked = select(func.count()).where(Idea.reference.in_(references), Idea.sluice_id.in_(own))
    return session.scalar(asked) == len(set(references))


def zip_of(database: Database, packages: Iterable[Package]) -> Iterator[bytes]:
    """The packages in one zip, each in a folder of its own; written while it is read.

    :raises NotFound: a mail or file was removed meanwhile: what was given so far is no zip.
    :raises DamagedError: one is not what its checksum says.
    """
    return zipped(
        Member(f"{package.reference}/{file.path}", file.created, file.sha256, source.pieces(database, file.size))
        for package in packages
        for file, source in package.files
    )


class _Content:
    """Gathers the content's files; the same mail is kept once."""

    def __init__(self) -> None:
        self.files: dict[str, tuple[PackagedFile, Source]] = {}

    def add(self, folder: str, file_name: str, source: Source, **facts: object) -> str:
        """Its path in the package."""
        path = "/".join(filter(None, (CONTENT, folder, file_name)))
        self.files.setdefault(path, (PackagedFile(path=path, **facts), source))  # type: ignore[arg-type] # its other fields
        return path


def _package(found: Belongings, *, with_notes: bool) -> Package:
    idea, content = found.idea, _Content()
    told = [entry for entry in found.timeline if entry.event != record.NOT_TOLD]
    entries = [entry for entry in told if with_notes or not record.is_working_material(entry)]
    unseen = {entry.inbound_email_id for entry in told} - {entry.inbound_email_id for entry in entries}
    moment = max([idea.updated_at, *(entry.at for entry in told), *(one.at for one in found.messages)])
    mails: dict[UUID, str | None] = {}
    for one in found.mails:
        if one.mail.id in unseen:
            continue
        mails[one.mail.id] = None
        if one.removed_at is None:
            mails[one.mail.id] = content.add(
                "originals",
                f"{one.sha256.hex()}.eml",
                Source(raw_id=one.mail.raw_id),
                type="message/rfc822",
                size=one.size,
                sha256=one.sha256.hex(),
                created=one.mail.received_at,
            )
    for number, file in enumerate((file for file in found.files if file.inbound_email_id not in unseen), 1):
        content.add(
            "attachments",
            numbered_name(number, file.name),
            Source(blob=file.sha256),
            type=media_type(file.type),
            size=file.size,
            sha256=file.sha256.hex(),
            created=idea.created_at,
            name=file.name,
        )
    for number, entry in enumerate((entry for entry in entries if entry.event == "answered"), 1):
        # As it was mailed: the words, and who signed them.
        words = f"{entry.text}\n\n{entry.actor}\n".encode()
        content.add("answers", f"{number:02d}.txt", Source(words), **_facts(words, "text/plain", entry.at))
    shown = [file for file, _ in content.files.values()]
    facts = record.record(found, entries, mails, shown, left_out=[] if with_notes else [INTERNAL_NOTES])
    for file_name, kind, written in (
        ("idea.html", "text/html", page.page(facts, found.sluice.language)),
        ("idea.json", "application/json", record.as_json(facts)),
    ):
        content.add("", file_name, Source(written), **_facts(written, kind, moment))
    return Package(idea.reference, _described(found, list(content.files.values()), moment))


def _described(
    found: Belongings, content: list[tuple[PackagedFile, Source]], moment: datetime
) -> list[tuple[PackagedFile, Source]]:
    """The content, and what describes it; last the manifest, which names all the rest."""
    documentation = _at_hand("documentation/README.txt", _README.read_bytes(), "text/plain", moment)
    schema = _at_hand(f"schemas/{_SCHEMA.name}", _SCHEMA.read_bytes(), "application/json", moment)
    core = _at_hand("metadata/descriptive/dc.xml", _dublin_core(found), "text/xml", moment)
    idea = found.idea
    whole = Packaged(
        reference=idea.reference,
        title=idea.title,
        archivist=found.sluice.name,
        software="Idéslussen",
        version=_version(),
        created=moment,
        registry_number=idea.registry_number,
    )
    groups = {
        "Documentation": [documentation[0]],
        "Schemas": [schema[0]],
        "Representations": [file for file, _ in content],
    }
    described = _at_hand(METS_FILE, mets.write_mets(whole, core[0], groups), "text/xml", moment)
    every = [described, core, documentation, schema, *content]
    listed = manifest([file for file, _ in every])
    return [*every, _at_hand(MANIFEST_FILE, listed, "text/plain", moment)]


def _dublin_core(found: Belongings) -> bytes:
    idea = found.idea
    return mets.write_dublin_core(
        [
            ("title", idea.title),
            ("identifier", idea.reference),
            ("identifier", idea.registry_number or ""),
            ("creator", idea.submitter_name or idea.submitter_address or ""),
            ("publisher", found.sluice.name),
            ("date", idea.created_at.isoformat(timespec="seconds")),
            ("language", idea.language),
            ("type", "Text"),
        ]
    )


def _at_hand(path: str, content: bytes, kind: str, moment: datetime) -> tuple[PackagedFile, Source]:
    return PackagedFile(path=path, **_facts(content, kind, moment)), Source(content)  # type: ignore[arg-type] # its other fields


def _facts(content: bytes, kind: str, moment: datetime) -> dict[str, object]:
    return {
        "type": kind,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "created": moment,
    }


@cache
def _version() -> str:
    return version("idesluss")

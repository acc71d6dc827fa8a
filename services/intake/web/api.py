"""The JSON API of intake: ideas, sluices, received mails, and the undoing of what was decided about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import Flask, Response
from sqlalchemy.orm import Session

from services.intake.domain.idea import SubmitterKind
from services.intake.store import queries
from services.intake.store.tables import Idea
from services.intake.usecases import undo
from services.intake.usecases.announce import Announcer
from services.intake.usecases.create_idea import IdeaByApi, create_idea
from services.intake.usecases.package_idea import take_package
from services.intake.web import downloads, schemas
from services.intake.web.api_acts import add_acts, program
from services.intake.web.known_reference import known
from shared.db import Database
from shared.settings import Settings
from shared.web.api import Blueprint, add, make_api
from shared.web.paging import PageQuery, page
from shared.web.tokens import bearer_name

READ = "intake:read"
WRITE = "intake:write"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/api/intake/…`` to the app."""
    api = make_api(
        app,
        "Intake API",
        "/api/intake",
        description="Ideas, the mails that they came with, and the sluices that they came through.",
    )
    announcer = Announcer(settings)
    add(
        api,
        _ideas(settings, database, announcer),
        _sluices(database),
        _inbound_emails(settings, database, announcer),
        _attachments(database),
    )


def _ideas(settings: Settings, database: Database, announcer: Announcer) -> Blueprint:
    ideas = Blueprint(schemas.API, "ideas", "What people sent in.")

    @ideas.route("", method="GET")
    @ideas.scope(READ)
    @ideas.takes(schemas.IdeaQuery, location="query")
    @ideas.gives(200, schemas.IdeaPageSchema)
    def list_ideas(query: dict[str, Any]) -> dict[str, Any]:
        """List ideas, newest first."""
        with database.transaction() as session:
            found = page(queries.find_ideas(session, **query), query["limit"], lambda row: row.position)
        return {**found, "items": [schemas.idea_shape(row, settings) for row in found["items"]]}

    @ideas.route("", method="POST")
    @ideas.scope(WRITE)
    @ideas.takes(schemas.IdempotencyHeader, location="headers")
    @ideas.takes(schemas.NewIdeaSchema)
    @ideas.gives(201, schemas.IdeaDetailSchema)
    def post_idea(header: dict[str, Any], asked: dict[str, Any]) -> tuple[dict[str, Any], int, dict[str, str]]:
        """Send in an idea on somebody's behalf."""
        key = f"api:{bearer_name()}:{header['key']}" if header["key"] else None
        submitter = asked["submitter"] or {"name": "", "email": None}
        with database.transaction() as session:
            idea = create_idea(
                session,
                announcer,
                IdeaByApi(
                    sluice=asked["sluice"],
                    title=asked["title"],
                    text=asked["text"],
                    kind=SubmitterKind(asked["kind"]) if asked["kind"] else None,
                    language=asked["language"],
                    submitter_name=submitter["name"],
                    submitter_address=submitter["email"],
                ),
                key,
            )
            session.flush()
            detail = _detail(session, settings, idea.reference)
        where = f"{settings.base_url}{schemas.API}/ideas/{idea.reference}"
        return detail, 201, {"Location": where}

    @ideas.route("/<reference>", method="GET")
    @ideas.scope(READ)
    @ideas.gives(200, schemas.IdeaDetailSchema)
    def get_idea(reference: str) -> dict[str, Any]:
        """Read one idea with its timeline, its files and what was sent about it."""
        with database.transaction() as session:
            return _detail(session, settings, known(reference))

    @ideas.route("/<reference>/package", method="GET")
    @ideas.scope(READ)
    @ideas.takes(schemas.PackageQuery, location="query")
    @ideas.gives(200, content_type="application/zip", of="A zip with the idea's folder.")
    def get_package(query: dict[str, Any], reference: str) -> Response:
        """Take the idea as an archive package (FGS Paketstruktur 2.0); that it was taken is written down."""
        with database.transaction() as session:
            found = take_package(session, program(), known(reference), with_notes=query["notes"], way="api")
        return downloads.packages(database, [found], known(reference))

    add_acts(ideas, database, announcer, lambda session, reference: _detail(session, settings, reference), scope=WRITE)
    return ideas


def _sluices(database: Database) -> Blueprint:
    sluices = Blueprint(schemas.API, "sluices", "The channels through which ideas come in.")

    @sluices.route("", method="GET")
    @sluices.scope(READ)
    @sluices.takes(PageQuery, location="query")
    @sluices.gives(200, schemas.SluicePageSchema)
    def list_sluices(query: dict[str, Any]) -> dict[str, Any]:
        """List sluices with their addresses and contacts."""
        with database.transaction() as session:
            found = page(queries.find_sluices(session, **query), query["limit"], lambda row: row.position)
        return {**found, "items": [schemas.sluice_shape(row) for row in found["items"]]}

    @sluices.route("/<slug>", method="GET")
    @sluices.scope(READ)
    @sluices.gives(200, schemas.SluiceSchema)
    def get_sluice(slug: str) -> dict[str, Any]:
        """Read one sluice."""
        with database.transaction() as session:
            return schemas.sluice_shape(queries.sluice_by_slug(session, slug))

    return sluices


def _inbound_emails(settings: Settings, database: Database, announcer: Announcer) -> Blueprint:
    emails = Blueprint(schemas.API, "inbound-emails", "Every accepted mail as it came, and what was decided.")

    @emails.route("", method="GET")
    @emails.scope(READ)
    @emails.takes(schemas.InboundQuery, location="query")
    @emails.gives(200, schemas.InboundPageSchema)
    def list_inbound_emails(query: dict[str, Any]) -> dict[str, Any]:
        """List received mails, newest first."""
        with database.transaction() as session:
            found = page(queries.find_inbound(session, **query), query["limit"], lambda row: row.position)
        return {**found, "items": [schemas.inbound_shape(row, settings) for row in found["items"]]}

    @emails.route("/<uuid:inbound_email_id>", method="GET")
    @emails.scope(READ)
    @emails.gives(200, schemas.InboundEmailDetailSchema)
    def get_inbound_email(inbound_email_id: UUID) -> dict[str, Any]:
        """Read one received mail, with the reason for every decision."""
        with database.transaction() as session:
            return schemas.inbound_shape(queries.inbound(session, inbound_email_id), settings)

    @emails.route("/<uuid:inbound_email_id>/raw", method="GET")
    @emails.scope(READ)
    @emails.gives(200, content_type="message/rfc822", of="The bytes as they came.")
    def get_raw(inbound_email_id: UUID) -> Response:
        """Download the original: the bytes of DATA after dot-unstuffing, unchanged."""
        with database.transaction() as session:
            raw = queries.raw_mail(session, inbound_email_id)
        return downloads.original(inbound_email_id, raw)

    def undone(change: Callable[[Session], Idea]) -> dict[str, Any]:
        with database.transaction() as session:
            idea = change(session)
            session.flush()
            return _detail(session, settings, idea.reference)

    @emails.route("/<uuid:inbound_email_id>/restore", method="POST")
    @emails.scope(WRITE)
    @emails.takes(schemas.ReasonSchema)
    @emails.gives(200, schemas.IdeaDetailSchema)
    def restore(body: dict[str, str], inbound_email_id: UUID) -> dict[str, Any]:
        """Put back what was set apart (quoted text, signature). Twice changes nothing more."""
        return undone(
            lambda session: undo.restore(session, inbound_email_id, actor=bearer_name(), reason=body["reason"])
        )

    @emails.route("/<uuid:inbound_email_id>/detach", method="POST")
    @emails.scope(WRITE)
    @emails.takes(schemas.ReasonSchema)
    @emails.gives(200, schemas.IdeaDetailSchema)
    def detach(body: dict[str, str], inbound_email_id: UUID) -> dict[str, Any]:
        """Make the mail an idea of its own. Twice gives the same idea."""
        return undone(
            lambda session: undo.detach(
                session, announcer, inbound_email_id, actor=bearer_name(), reason=body["reason"]
            )
        )

    @emails.route("/<uuid:inbound_email_id>/split", method="POST")
    @emails.scope(WRITE)
    @emails.takes(schemas.SplitSchema)
    @emails.gives(200, schemas.IdeaDetailSchema)
    def split(body: dict[str, str], inbound_email_id: UUID) -> dict[str, Any]:
        """Make a second idea of a part of the mail. The same part twice gives one idea."""
        return undone(
            lambda session: undo.split(
                session,
                announcer,
                inbound_email_id,
                title=body["title"],
                text=body["text"],
                actor=bearer_name(),
                reason=body["reason"],
            )
        )

    @emails.route("/<uuid:inbound_email_id>/release", method="POST")
    @emails.scope(WRITE)
    @emails.takes(schemas.ReasonSchema)
    @emails.gives(200, schemas.IdeaDetailSchema)
    def release(body: dict[str, str], inbound_email_id: UUID) -> dict[str, Any]:
        """Let go of a held mail: its sender is confirmed. Twice changes nothing more."""
        return undone(
            lambda session: undo.release(
                session, announcer, inbound_email_id, actor=bearer_name(), reason=body["reason"]
            )
        )

    return emails


def _attachments(database: Database) -> Blueprint:
    attachments = Blueprint(schemas.API, "attachments", "Files that came with ideas.")

    @attachments.route("/<attachment_id>", method="GET")
    @attachments.scope(READ)
    @attachments.gives(200, content_type="application/octet-stream", of="The file's bytes.")
    def get_attachment(attachment_id: str) -> Response:
        """Download a file. It is never shown in the browser, whatever it calls itself."""
        with database.transaction() as session:
            file, content = queries.attachment(session, attachment_id)
        return downloads.attachment(file, content)

    return attachments


def _detail(session: Session, settings: Settings, reference: str) -> dict[str, Any]:
    row = queries.idea_by_reference(session, reference)
    return {
        **schemas.idea_shape(row, settings),
        "timeline": [schemas.timeline_shape(entry) for entry in queries.timeline(session, row.idea.id)],
        "attachments": [schemas.attachment_shape(file, settings) for file in queries.attachments(session, row.idea.id)],
        "messages": [schemas.message_shape(message) for message in queries.messages(session, row.idea.id)],
    }

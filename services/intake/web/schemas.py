"""The API's shapes, in and out. No queries here: what goes out was read before."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.intake.domain.idea import PATH, Stage, SubmitterKind
from services.intake.domain.messages import did_not_arrive
from services.intake.domain.registry import LONGEST_NUMBER, RegistryState
from services.intake.mail.model import Kind
from services.intake.store.queries import IdeaRow, InboundRow, SluiceRow
from services.intake.store.search import MAX_FOUND
from services.intake.store.tables import Attachment, IdeaMessage, TimelineEntry
from shared.clock import STOCKHOLM
from shared.contracts.facts import LANGUAGES
from shared.settings import Settings
from shared.web import links
from shared.web.paging import PageQuery

STAGES = [stage.value for stage in (*PATH, Stage.CLOSED)]
REGISTRY = [state.value for state in RegistryState]
KINDS = [kind.value for kind in SubmitterKind]
MAX_TEXT = 100_000
API = "/api/intake/v1"


def _described(text: str, **more: Any) -> dict[str, Any]:
    return {"description": text, **more}


class SubmitterSchema(Schema):
    """Who sent an idea; both empty where nobody said."""

    name = fields.String(metadata=_described("As the sender wrote it."))
    email = fields.String(allow_none=True, metadata=_described("Null where the idea is anonymous."))


class TimelineSchema(Schema):
    """One thing that happened to an idea."""

    id = fields.UUID()
    at = fields.AwareDateTime()
    event = fields.String(metadata=_described("received, added, answered …"))
    actor = fields.String(metadata=_described("Who did it, as shown."))
    actor_kind = fields.String(metadata=_described("submitter, contact, other or system."))
    text = fields.String()
    facts = fields.Dict(keys=fields.String(), metadata=_described("More about it, by kind of event."))
    public = fields.Boolean(metadata=_described("Does the submitter see it?"))
    inbound_email = fields.UUID(allow_none=True, metadata=_described("The mail that it came with."))


class AttachmentSchema(Schema):
    """A file that came with an idea."""

    id = fields.String()
    name = fields.String()
    type = fields.String(metadata=_described("What its bytes look like, whatever the sender called it."))
    size = fields.Integer(metadata=_described("Bytes."))
    sha256 = fields.String()
    inline = fields.Boolean(metadata=_described("Shown inside the mail's text."))
    url = fields.Url(metadata=_described("Where to download it."))


class IdeaMessageSchema(Schema):
    """What became of one message about an idea."""

    id = fields.UUID(metadata=_described("The notification's, as in notify's API."))
    kind = fields.String(metadata=_described("confirmation, notice, added, answer …"))
    channel = fields.String(metadata=_described("email, sms or webhook."))
    recipient = fields.String()
    state = fields.String(metadata=_described("sent, delivered, permanent-failure, suppressed …"))
    reason = fields.String(
        allow_none=True, metadata=_described("Why, as a code such as recipient-gone; null where the state says it all.")
    )
    line = fields.String(allow_none=True, metadata=_described("What the other server said."))
    at = fields.AwareDateTime(metadata=_described("When it came into that state."))
    did_not_arrive = fields.Boolean(metadata=_described("Does somebody wait for it in vain?"))


class RegistrySchema(Schema):
    """Where an idea stands in the municipality's register."""

    state = fields.String(
        validate=validate.OneOf(REGISTRY), metadata=_described("none is kept in order without being registered.")
    )
    number = fields.String(allow_none=True, metadata=_described("As the register writes it, where it is registered."))
    handed_over_at = fields.AwareDateTime(allow_none=True, metadata=_described("When the archive got it."))


class IdeaSchema(Schema):
    """An idea, as lists show it."""

    reference = fields.String(metadata=_described("Such as KRO-2026-0042."))
    sluice = fields.String(metadata=_described("Its sluice's slug."))
    title = fields.String()
    text = fields.String()
    stage = fields.String(validate=validate.OneOf(STAGES))
    close_reason = fields.String(allow_none=True)
    kind = fields.String(
        allow_none=True,
        validate=validate.OneOf(KINDS),
        metadata=_described("Who sent it; null until somebody has said."),
    )
    submitter = fields.Nested(SubmitterSchema)
    vouched = fields.Boolean(metadata=_described("Is the sender's address vouched for (DMARC-aligned)?"))
    via = fields.String(metadata=_described("email, form, workshop or api."))
    language = fields.String()
    created_at = fields.AwareDateTime(metadata=_described("When it came in."))
    updated_at = fields.AwareDateTime()
    answer_by = fields.Date(metadata=_described("By when an answer is promised."))
    held = fields.Boolean(metadata=_described("Does it wait for a contact to release it?"))
    held_reason = fields.String(allow_none=True, metadata=_described("Why it is held: forged, spam …"))
    follow_url = fields.Url(metadata=_described("The submitter's own page: whoever has the link can read it."))
    registry = fields.Nested(RegistrySchema)
    version = fields.Integer(metadata=_described("Counts changes by people; a move names the one that it is about."))


class IdeaDetailSchema(IdeaSchema):
    """An idea with everything that happened to it."""

    set_apart = fields.String(metadata=_described("Quoted history and signature that came with it."))
    timeline = fields.List(fields.Nested(TimelineSchema))
    attachments = fields.List(fields.Nested(AttachmentSchema))
    messages = fields.List(
        fields.Nested(IdeaMessageSchema),
        metadata=_described("What was sent about it: what failed first, then newest first."),
    )


class IdeaPageSchema(Schema):
    """One page of ideas, newest first."""

    items = fields.List(fields.Nested(IdeaSchema))
    next = fields.String(allow_none=True, metadata=_described("The cursor for the next page, or null."))


class IdeaQuery(PageQuery):
    """Which ideas."""

    sluice = fields.String(metadata=_described("A sluice's slug."))
    stage = fields.String(validate=validate.OneOf(STAGES))
    kind = fields.String(validate=validate.OneOf(KINDS))
    held = fields.Boolean()
    submitter = fields.String(metadata=_described("The submitter's address."))
    registry = fields.String(validate=validate.OneOf(REGISTRY), metadata=_described("A registry state."))
    registry_number = fields.String(
        validate=validate.Length(1, LONGEST_NUMBER), metadata=_described("In any case of letters.")
    )
    q = fields.String(
        validate=validate.Length(1, 200),
        metadata=_described(
            "Words in title, text or reference, in any of their Swedish forms. All must be there; at most the"
            f" {MAX_FOUND} newest ideas that have them are gone through."
        ),
    )
    since = fields.AwareDateTime(metadata=_described("Came in at this time or later (RFC 3339, with its zone)."))


class PackageQuery(Schema):
    """What goes into an archive package."""

    notes = fields.Boolean(
        load_default=True, metadata=_described("Also notes and drafts that the submitter does not see?")
    )


class NewSubmitterSchema(Schema):
    """Who sends an idea."""

    name = fields.String(load_default="", validate=validate.Length(max=300))
    email = fields.Email(load_default=None, allow_none=True, validate=validate.Length(max=320))


class NewIdeaSchema(Schema):
    """An idea sent in on somebody's behalf."""

    sluice = fields.String(required=True, metadata=_described("The sluice's slug."))
    title = fields.String(required=True, validate=validate.Length(1, 1000))
    text = fields.String(required=True, validate=validate.Length(max=MAX_TEXT))
    kind = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(KINDS))
    language = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(LANGUAGES))
    submitter = fields.Nested(NewSubmitterSchema, load_default=None, allow_none=True)


class IdempotencyHeader(Schema):
    """The header that makes a POST safe to repeat."""

    key = fields.String(
        data_key="Idempotency-Key",
        load_default=None,
        validate=validate.Regexp(r"^[!-~]{1,200}$", error="1 to 200 visible ASCII characters."),
        metadata=_described("The same key gives the same idea, however often it is sent."),
    )


class ContactSchema(Schema):
    """Somebody who answers for a sluice."""

    name = fields.String()
    email = fields.String()
    language = fields.String()


class SluiceSchema(Schema):
    """The channel through which one organisation takes in ideas."""

    slug = fields.String()
    code = fields.String(metadata=_described("What its references begin with."))
    name = fields.String()
    language = fields.String()
    address = fields.String(metadata=_described("The address that its own mails are sent from."))
    addresses = fields.List(fields.String(), metadata=_described("Every address; mail to any of them comes here."))
    contacts = fields.List(fields.Nested(ContactSchema))
    open_to = fields.String(metadata=_described("staff or everybody."))
    staff_domains = fields.List(fields.String())
    answer_days = fields.Integer(metadata=_described("Working days until an answer is promised."))


class SluicePageSchema(Schema):
    """One page of sluices."""

    items = fields.List(fields.Nested(SluiceSchema))
    next = fields.String(allow_none=True)


class TraceSchema(Schema):
    """The session in which a mail came: what its Received field would say (RFC 5321 §4.4)."""

    peer_ip = fields.String()
    helo = fields.String()
    protocol = fields.String(metadata=_described("ESMTP, ESMTPS, UTF8SMTP, LMTP …"))
    tls = fields.String(allow_none=True)


class InboundEmailSchema(Schema):
    """One accepted recipient of one accepted mail, and what was decided about it."""

    id = fields.UUID()
    sha256 = fields.String(metadata=_described("Of the bytes of DATA after dot-unstuffing."))
    size = fields.Integer(metadata=_described("Bytes."))
    message_id = fields.String(allow_none=True)
    envelope_from = fields.String(metadata=_described("Empty for the null return path."))
    recipient = fields.String()
    sluice = fields.String()
    received_at = fields.AwareDateTime()
    read_at = fields.AwareDateTime(allow_none=True, metadata=_described("Null while it waits to be read."))
    kind = fields.String(
        allow_none=True,
        validate=validate.OneOf([kind.value for kind in Kind]),
        metadata=_described("Null while it waits to be read."),
    )
    idea = fields.String(allow_none=True, metadata=_described("The reference of the idea that it belongs to."))
    duplicate_of = fields.UUID(allow_none=True)
    held = fields.Boolean()
    held_reason = fields.String(allow_none=True)
    vouched = fields.Boolean(allow_none=True)
    reasons = fields.List(fields.String(), metadata=_described("Every decision in a sentence, in its order."))
    trace = fields.Nested(TraceSchema)
    raw_url = fields.Url(metadata=_described("The bytes as they came."))


class InboundEmailDetailSchema(InboundEmailSchema):
    """A received mail with what reading it gave."""

    reading = fields.Dict(
        keys=fields.String(),
        allow_none=True,
        metadata=_described("subject, sender, text, quoted, signature, language, forwarded, sender_check."),
    )


class InboundPageSchema(Schema):
    """One page of received mails, newest first."""

    items = fields.List(fields.Nested(InboundEmailSchema))
    next = fields.String(allow_none=True)


class InboundQuery(PageQuery):
    """Which received mails."""

    sluice = fields.String(metadata=_described("A sluice's slug."))
    kind = fields.String(validate=validate.OneOf([kind.value for kind in Kind]))
    idea = fields.String(metadata=_described("An idea's reference."))
    message_id = fields.String(metadata=_described("With or without its angle brackets."))
    sha256 = fields.String(validate=validate.Regexp(r"^[0-9a-f]{64}$", error="64 hex digits in lower case."))
    held = fields.Boolean()


class ReasonSchema(Schema):
    """Why a decision is undone; kept with the mail and the idea."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


class SplitSchema(ReasonSchema):
    """The part of a mail that becomes an idea of its own."""

    title = fields.String(required=True, validate=validate.Length(1, 1000))
    text = fields.String(required=True, validate=validate.Length(1, MAX_TEXT))


def idea_shape(row: IdeaRow, settings: Settings) -> dict[str, Any]:
    """An idea as IdeaSchema writes it."""
    idea = row.idea
    return {
        "reference": idea.reference,
        "sluice": row.sluice,
        "title": idea.title,
        "text": idea.text,
        "stage": idea.stage,
        "close_reason": idea.close_reason,
        "version": idea.version,
        "kind": idea.kind,
        "submitter": {"name": idea.submitter_name, "email": idea.submitter_address},
        "vouched": idea.vouched,
        "via": idea.via,
        "language": idea.language,
        "created_at": idea.created_at,
        "updated_at": idea.updated_at,
        "answer_by": idea.answer_by.astimezone(STOCKHOLM).date(),
        "held": idea.held is not None,
        "held_reason": idea.held,
        "follow_url": links.follow_url(settings, idea.reference),
        "set_apart": idea.set_apart,
        "registry": {
            "state": idea.registry_state,
            "number": idea.registry_number,
            "handed_over_at": idea.archived_at,
        },
    }


def timeline_shape(entry: TimelineEntry) -> dict[str, Any]:
    """One entry as TimelineSchema writes it."""
    return {
        "id": entry.id,
        "at": entry.at,
        "event": entry.event,
        "actor": entry.actor,
        "actor_kind": entry.actor_kind,
        "text": entry.text,
        "facts": entry.facts,
        "public": entry.public,
        "inbound_email": entry.inbound_email_id,
    }


def message_shape(message: IdeaMessage) -> dict[str, Any]:
    """What became of a message as IdeaMessageSchema writes it."""
    return {
        "id": message.notification_id,
        "kind": message.kind,
        "channel": message.channel,
        "recipient": message.recipient,
        "state": message.state,
        "reason": message.reason,
        "line": message.line,
        "at": message.at,
        "did_not_arrive": did_not_arrive(kind=message.kind, state=message.state, reason=message.reason),
    }


def attachment_shape(file: Attachment, settings: Settings) -> dict[str, Any]:
    """A file as AttachmentSchema writes it."""
    return {
        "id": file.id,
        "name": file.name,
        "type": file.type,
        "size": file.size,
        "sha256": file.sha256.hex(),
        "inline": file.inline,
        "url": f"{settings.base_url}{API}/attachments/{file.id}",
    }


def sluice_shape(row: SluiceRow) -> dict[str, Any]:
    """A sluice as SluiceSchema writes it."""
    sluice = row.sluice
    return {
        "slug": sluice.slug,
        "code": sluice.code,
        "name": sluice.name,
        "language": sluice.language,
        "address": row.addresses[0] if row.addresses else "",
        "addresses": row.addresses,
        "contacts": [
            {"name": contact.name, "email": contact.address, "language": contact.language} for contact in row.contacts
        ],
        "open_to": sluice.open_to,
        "staff_domains": sluice.staff_domains,
        "answer_days": sluice.answer_days,
    }


def inbound_shape(row: InboundRow, settings: Settings) -> dict[str, Any]:
    """A received mail as InboundEmailSchema writes it."""
    mail = row.mail
    return {
        "id": mail.id,
        "sha256": row.sha256.hex(),
        "size": row.size,
        "message_id": mail.message_id,
        "envelope_from": mail.envelope_from,
        "recipient": mail.recipient,
        "sluice": row.sluice,
        "received_at": mail.received_at,
        "read_at": mail.read_at,
        "kind": mail.kind,
        "idea": row.idea,
        "duplicate_of": mail.duplicate_of,
        "held": mail.held is not None,
        "held_reason": mail.held,
        "vouched": mail.vouched,
        "reasons": mail.reasons,
        "trace": {"peer_ip": mail.peer_ip, "helo": mail.helo, "protocol": mail.protocol, "tls": mail.tls},
        "raw_url": f"{settings.base_url}{API}/inbound-emails/{mail.id}/raw",
        "reading": mail.reading,
    }

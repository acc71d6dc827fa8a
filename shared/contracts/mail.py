"""What the listener and the reading worker tell of received mail."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.base import Contract


class MailReceivedV1(Contract):
    """A mail was accepted and stored; a worker must read it."""

    inbound_email_id = fields.UUID(required=True)


class DeliveryReportV1(Contract):
    """A delivery report came for a mail that notify sent. Its signed return path names the notification."""

    inbound_email_id = fields.UUID(required=True)
    notification_id = fields.UUID(required=True)
    recipient = fields.String(required=True, allow_none=True)
    status = fields.String(required=True, allow_none=True)
    action = fields.String(required=True, allow_none=True)
    bounce_class = fields.String(required=True)
    permanent = fields.Boolean(required=True)
    line = fields.String(required=True, allow_none=True)


class ComplaintV1(Contract):
    """Somebody marked a mail of ours as spam (RFC 5965). What the complaint quotes names the notification."""

    inbound_email_id = fields.UUID(required=True)
    notification_id = fields.UUID(required=True)
    feedback_type = fields.String(required=True)
    recipient = fields.String(required=True, allow_none=True)


class CalendarReplyV1(Contract):
    """An iTIP REPLY came by mail (RFC 5546 §3.2.3); the service that holds events decides on it."""

    inbound_email_id = fields.UUID(required=True)
    uid = fields.String(required=True, allow_none=True)
    sequence = fields.Integer(required=True, allow_none=True)
    attendee = fields.String(required=True, allow_none=True)
    partstat = fields.String(required=True, allow_none=True)
    sender = fields.String(required=True, allow_none=True)
    vouched = fields.Boolean(required=True)
    forged = fields.Boolean(
        load_default=False, metadata={"description": "the sender's domain says that it did not send this"}
    )
    guest_id = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "by the signed address that the mail came to"}
    )
    method = fields.String(load_default="REPLY", metadata={"description": "REPLY, COUNTER, REFRESH or DECLINECOUNTER"})
    stamp = fields.AwareDateTime(load_default=None, allow_none=True, metadata={"description": "DTSTAMP"})
    comment = fields.String(load_default=None, allow_none=True)
    delegated_to = fields.String(load_default=None, allow_none=True)
    proposed_start = fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "DTSTART of a COUNTER"}
    )


class NotificationDueV1(Contract):
    """A notification is due for sending; notify tells itself."""

    notification_id = fields.UUID(required=True)

"""What notify tells of its messages, so that each is seen where it belongs."""

from __future__ import annotations

from marshmallow import fields

from shared.contracts.base import Contract


class NotificationChangedV1(Contract):
    """A message about an idea reached a state that somebody should see. May come late, double or out of order."""

    notification_id = fields.UUID(required=True)
    idea_reference = fields.String(required=True)
    kind = fields.String(required=True)
    channel = fields.String(required=True)
    recipient = fields.String(required=True)
    state = fields.String(required=True)
    reason = fields.String(required=True, allow_none=True)
    line = fields.String(required=True, allow_none=True, metadata={"description": "the server's words"})
    replaces = fields.UUID(
        load_default=None, allow_none=True, metadata={"description": "the one that did not arrive, sent anew by this"}
    )
    at = fields.AwareDateTime(required=True, metadata={"description": "the newest wins"})


class AddressCorrectedV1(Contract):
    """A contact corrected the address of an idea's submitter; what had not arrived is sent anew."""

    idea_reference = fields.String(required=True)
    wrong = fields.String(required=True)
    right = fields.String(required=True)
    corrected_by = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


class DigestDueV1(Contract):
    """The time has come to collect for one person; notify tells itself."""

    address = fields.String(required=True)
    slot = fields.AwareDateTime(required=True)

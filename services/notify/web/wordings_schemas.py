"""How the API takes and shows mails' words."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from services.notify.domain.wording import LAST_VERSION, Wording
from services.notify.usecases.wordings import LONGEST_COMMENT
from shared.web.paging import DEFAULT_LIMIT, MAX_LIMIT


class SluiceQuery(Schema):
    """Whose wording."""

    sluice = fields.String(
        load_default=None, metadata={"description": "A sluice's slug; without it the wording of all sluices."}
    )


class ListQuery(SluiceQuery):
    """The query of the list."""

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(min=1, max=MAX_LIMIT))
    cursor = fields.String(load_default="", metadata={"description": "What next said on the page before."})


class VersionsQuery(SluiceQuery):
    """The query of the versions."""

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(min=1, max=MAX_LIMIT))
    cursor = fields.Integer(
        load_default=None,
        validate=validate.Range(min=1, max=LAST_VERSION),
        metadata={"description": "What next said on the page before."},
    )


class PlaceSchema(Schema):
    """What a wording is for."""

    kind = fields.String()
    language = fields.String()
    sluice = fields.String(allow_none=True)


class TemplateSchema(PlaceSchema):
    """Which wording is used there."""

    version = fields.Integer(metadata={"description": "The newest version of this place's own; 0: none yet."})
    origin = fields.String(
        validate=validate.OneOf(["sluice", "general", "built-in"]),
        metadata={"description": "Where the words come from that are used now."},
    )


class TemplatePageSchema(Schema):
    """One page of the list."""

    items = fields.List(fields.Nested(TemplateSchema))
    next = fields.String(allow_none=True)


class VariableSchema(Schema):
    """What a wording may say."""

    name = fields.String()
    form = fields.String()
    meaning = fields.String()
    is_needed = fields.Boolean(metadata={"description": "No wording may do without it."})
    may_lack = fields.Boolean(metadata={"description": "A mail may have nothing to say there."})


class WholeTemplateSchema(TemplateSchema):
    """A wording with what it may say."""

    subject = fields.String()
    body = fields.String()
    variables = fields.List(fields.Nested(VariableSchema))


class WordsSchema(Schema):
    """Subject and body; both null lead back to what stands above: the general wording, or the built-in one."""

    subject = fields.String(required=True, allow_none=True)
    body = fields.String(required=True, allow_none=True)

    @validates_schema
    def whole(self, data: dict[str, Any], **_: Any) -> None:
        """Both, or neither.

        :raises ValidationError: one of them alone is null.
        """
        if (data.get("subject") is None) != (data.get("body") is None):
            raise ValidationError("Subject and body are both given or both null.")

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """``wording``: the words, or None."""
        subject, body = data.pop("subject"), data.pop("body")
        return data | {"wording": None if subject is None else Wording(subject, body)}


class SaveSchema(WordsSchema):
    """A new version."""

    comment = fields.String(load_default="", validate=validate.Length(max=LONGEST_COMMENT))
    version = fields.Integer(
        load_default=None,
        metadata={"description": "The version you started from: 409 where somebody has saved since."},
    )


class SavedSchema(PlaceSchema):
    """What was saved."""

    version = fields.Integer()


class PreviewSchema(Schema):
    """A mail as it would be."""

    subject = fields.String()
    text = fields.String()
    html = fields.String()
    is_real = fields.Boolean(metadata={"description": "False where made-up facts show it: there is no such mail yet."})


class TrialSchema(Schema):
    """Where to send a trial."""

    address = fields.String(required=True, validate=validate.Length(max=320))


class KeyHeader(Schema):
    """A key that makes asking twice the same as asking once."""

    key = fields.String(data_key="Idempotency-Key", load_default=None, validate=validate.Length(min=1, max=100))


class VersionSchema(PlaceSchema):
    """One version."""

    version = fields.Integer()
    subject = fields.String(allow_none=True)
    body = fields.String(allow_none=True)
    comment = fields.String()
    author = fields.String()
    created_at = fields.AwareDateTime()


class VersionPageSchema(Schema):
    """One page of the versions."""

    items = fields.List(fields.Nested(VersionSchema))
    next = fields.String(allow_none=True)

"""The inbox's address: filters, order and page as people choose them in its form. What is no filter is left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, pre_load, validate

from services.intake.domain.idea import PATH, Stage, SubmitterKind
from services.intake.domain.inbox import Group, Sort, Wanted
from services.intake.domain.registry import RegistryState
from shared.web.language import link
from shared.web.paging import Position, position_in

INBOX = "/kontakt/"
STAGES = tuple(stage.value for stage in (*PATH, Stage.CLOSED))
KINDS = tuple(kind.value for kind in SubmitterKind)
VIAS = ("email", "form", "workshop", "api")
REGISTRY = tuple(state.value for state in RegistryState)
SORTS = tuple(sort.value for sort in Sort)
MAX_WORDS = 200
_YES_NO = {"yes": True, "no": False}


class WantedSchema(Schema):
    """``?q=&sluice=&stage=…``: an empty field is no filter."""

    class Meta:
        unknown = EXCLUDE

    q = fields.String(validate=validate.Length(max=MAX_WORDS))
    sluice = fields.String(validate=validate.Length(max=40))
    stage = fields.String(validate=validate.OneOf(STAGES))
    kind = fields.String(validate=validate.OneOf(KINDS))
    via = fields.String(validate=validate.OneOf(VIAS))
    tag = fields.UUID()
    assigned = fields.String(validate=validate.Length(max=40))
    held = fields.String(validate=validate.OneOf(_YES_NO))
    published = fields.String(validate=validate.OneOf(_YES_NO))
    late = fields.String(validate=validate.OneOf(_YES_NO))
    undelivered = fields.String(validate=validate.OneOf(_YES_NO))
    registry = fields.String(validate=validate.OneOf(REGISTRY))
    since = fields.Date()
    until = fields.Date()
    sort = fields.Enum(Sort, by_value=True)

    @pre_load
    def leave_out_empty(self, given: Mapping[str, str], **_: Any) -> dict[str, str]:
        """A form sends every field."""
        return {name: value.strip() for name, value in given.items() if value.strip()}

    @post_load
    def name_it(self, given: dict[str, Any], **_: Any) -> Wanted:
        """As the use case takes it."""
        return _wanted(given)


def _wanted(given: Mapping[str, Any]) -> Wanted:
    return Wanted(**{name: _YES_NO.get(value, value) if name in _BOOLEANS else value for name, value in given.items()})


_BOOLEANS = ("held", "published", "late", "undelivered")


@dataclass(frozen=True, slots=True)
class Query:
    """What the address asks for, and what in it could not be understood."""

    wanted: Wanted
    only: Group | None
    after: Position | None
    faults: tuple[str, ...] = ()
    """Names of fields whose content is shown again, with a word on what it should be."""
    typed: Mapping[str, str] = field(default_factory=dict)

    def href(self, path: str = INBOX, **changes: str | None) -> str:
        """The address with some of its query changed; None takes a part away. A new filter begins on page one."""
        kept = {name: value for name, value in self.typed.items() if name != "cursor" and value.strip()}
        asked = {name: value for name, value in (kept | changes).items() if value is not None}
        return link(path, **asked)


def read() -> Query:
    """The present request's query."""
    typed = {name: value for name, value in request.args.items() if name in _KNOWN}
    faults: tuple[str, ...] = ()
    try:
        wanted = WantedSchema().load(typed)
    except ValidationError as error:
        faults = tuple(sorted(error.messages)) if isinstance(error.messages, dict) else ()
        wanted = _wanted(error.valid_data if isinstance(error.valid_data, dict) else {})
    group = typed.get("group", "")
    only = Group(group) if group in set(Group) else None
    return Query(wanted, only, position_in(typed["cursor"]) if "cursor" in typed else None, faults, typed)


_KNOWN = (*WantedSchema().fields, "group", "cursor")

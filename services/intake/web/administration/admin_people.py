"""Administration of a sluice's addresses and of the people who answer for it."""

from __future__ import annotations

from uuid import UUID

from flask import Flask, request
from flask.typing import ResponseReturnValue

from services.intake.domain.sluice_settings import Fault
from services.intake.store import sluices
from services.intake.usecases import administer_addresses, administer_people
from services.intake.usecases.administer_people import PersonValues
from services.intake.web.administration.admin_forms import SLUICE, by_field, here, page, saved, typed
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.web import ended, session
from shared.web.session import require_admin

ADDRESSES = f"{SLUICE}/adresser"
PEOPLE = f"{SLUICE}/personer"


def register(app: Flask, database: Database) -> None:
    """Add the pages of addresses and people."""

    def addresses(slug: str, *, faults: dict[str, Fault] | None = None, typed_address: str = "") -> str:
        with database.transaction() as transaction:
            sluice = sluices.profile_by_slug(transaction, slug)
        return page("addresses", sluice=sluice, here=here(slug), faults=faults, typed_address=typed_address)

    def people(slug: str, *, faults: dict[str, Fault] | None = None, value: dict[str, str] | None = None) -> str:
        with database.transaction() as transaction:
            sluice = sluices.profile_by_slug(transaction, slug)
        value = value or {"language": sluice.language, "role": "contact"}
        return page("people", sluice=sluice, here=here(slug), faults=faults, value=value)

    def person(slug: str, identity: UUID, **more: object) -> str:
        with database.transaction() as transaction:
            sluice = sluices.profile_by_slug(transaction, slug)
            found, state = administer_people.look_at_person(transaction, slug, identity)
        facts = {"value": _written(found), "state": state, "faults": None, "is_late": False} | more
        return page("person", sluice=sluice, here=here(slug), identity=identity, found=found, **facts)  # type: ignore[arg-type] # templates take anything

    @app.get(ADDRESSES)
    @require_admin
    def address_page(slug: str) -> str:
        return addresses(slug)

    @app.post(ADDRESSES)
    @require_admin
    def add_address(slug: str) -> ResponseReturnValue:
        given = request.form.get("address", "")
        try:
            with database.transaction() as transaction:
                administer_addresses.add_address(transaction, session.who(), slug, given)
        except Rejected as fault:
            return addresses(slug, faults=by_field(fault), typed_address=given), 422
        return saved(f"{here(slug)}/adresser", "address_added")

    @app.post(f"{ADDRESSES}/<any(forsta,bort):act>")
    @require_admin
    def change_address(slug: str, act: str) -> ResponseReturnValue:
        use = administer_addresses.make_primary if act == "forsta" else administer_addresses.remove_address
        try:
            with database.transaction() as transaction:
                use(transaction, session.who(), slug, request.form.get("address", ""))
        except Rejected as fault:
            return addresses(slug, faults=by_field(fault)), 422
        return saved(f"{here(slug)}/adresser", f"address_{act}")

    @app.get(PEOPLE)
    @require_admin
    def people_page(slug: str) -> str:
        return people(slug)

    @app.post(PEOPLE)
    @require_admin
    def add_person(slug: str) -> ResponseReturnValue:
        try:
            with database.transaction() as transaction:
                administer_people.add_person(transaction, session.who(), slug, _read())
        except Rejected as fault:
            return people(slug, faults=by_field(fault), value=typed()), 422
        return saved(f"{here(slug)}/personer", "person_added")

    @app.get(f"{PEOPLE}/<uuid:identity>")
    @require_admin
    def person_page(slug: str, identity: UUID) -> str:
        return person(slug, identity)

    @app.post(f"{PEOPLE}/<uuid:identity>")
    @require_admin
    def change_person(slug: str, identity: UUID) -> ResponseReturnValue:
        state = request.form.get("state", "")
        try:
            with database.transaction() as transaction:
                administer_people.change_person(transaction, session.who(), slug, identity, _read(), state)
        except Rejected as fault:
            return person(slug, identity, value=typed(), faults=by_field(fault), state=state), 422
        except Conflict:
            return person(slug, identity, value=typed(), is_late=True), 409
        ended.forget()
        return saved(f"{here(slug)}/personer", "person_changed")

    @app.post(f"{PEOPLE}/<uuid:identity>/bort")
    @require_admin
    def remove_person(slug: str, identity: UUID) -> ResponseReturnValue:
        try:
            with database.transaction() as transaction:
                administer_people.remove_person(transaction, session.who(), slug, identity)
        except Rejected as fault:
            return person(slug, identity, faults=by_field(fault)), 422
        ended.forget()
        return saved(f"{here(slug)}/personer", "person_removed")


def _read() -> PersonValues:
    """What the form says.

    :raises Rejected: the deputy is no id.
    """
    form, deputy = request.form, request.form.get("deputy", "")
    try:
        deputy_id = UUID(deputy) if deputy else None
    except ValueError as error:
        raise Rejected("deputy", "admin.fault.deputy") from error
    return PersonValues(
        form.get("name", ""), form.get("address", ""), form.get("language", ""), form.get("role", ""), deputy_id
    )


def _written(values: PersonValues) -> dict[str, str]:
    deputy = str(values.deputy_id or "")
    names = ("name", "address", "language", "role")
    return {name: str(getattr(values, name)) for name in names} | {"deputy": deputy}

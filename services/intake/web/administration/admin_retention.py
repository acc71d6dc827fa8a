"""Administration of how long a sluice keeps what: its rules, what they would remove, what is kept, what was removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from flask import Flask, redirect, request
from flask.typing import ResponseReturnValue

from services.intake.domain.retention import LONGEST_DECISION, LONGEST_REASON, Rule, Rules, read_rules
from services.intake.domain.sluice_settings import Fault
from services.intake.store import sluices
from services.intake.usecases import administer_retention
from services.intake.usecases.administer_retention import Protocol
from services.intake.usecases.retain import preview, rules_of
from services.intake.web.administration.admin_forms import SLUICE, by_field, here, page, saved, typed
from shared.clock import STOCKHOLM
from shared.db import Database
from shared.errors import Conflict, Rejected
from shared.settings import Settings
from shared.web import session, sheets
from shared.web.language import link
from shared.web.session import require_admin
from shared.web.sheets import Cell

PAGE: Final = f"{SLUICE}/gallring"
SHOWN: Final = 20
"""Runs on the page; the file has them all."""
COLUMNS: Final = ("at", "finished_at", "decision", "asked_by", "rule", "number_or_reference")


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add the page, its two forms and the protocol as a file."""

    def shown(
        slug: str,
        *,
        asked: Rules | None = None,
        value: Mapping[str, str] | None = None,
        faults: Mapping[str, Fault] | None = None,
        is_late: bool = False,
    ) -> str:
        with database.transaction() as transaction:
            sluice = sluices.profile_by_slug(transaction, slug)
            rules = rules_of(transaction, sluice.id)
            found = preview(transaction, sluice.id, asked or rules)
            protocols = administer_retention.protocols(transaction, sluice.id, limit=SHOWN)
            kept = administer_retention.kept_ideas(transaction, sluice.id)
        return page(
            "retention",
            faults=faults,
            sluice=sluice,
            here=here(slug),
            rules=Rule,
            in_force=rules,
            value=_written(rules) if value is None else value,
            # Who was late sees what is there now, and may save over it.
            version=rules.version if value is None or is_late else request.form.get("version", ""),
            preview=found,
            is_asked=asked is not None,
            is_late=is_late,
            protocols=protocols,
            kept=kept,
            limits={"decision": LONGEST_DECISION, "reason": LONGEST_REASON},
            message_days=settings.retention_messages_days,
            bus_days=settings.retention_bus_days,
        )

    @app.get(PAGE)
    @require_admin
    def retention_page(slug: str) -> str:
        return shown(slug)

    @app.post(PAGE)
    @require_admin
    def save_retention(slug: str) -> ResponseReturnValue:
        rules, faults = read_rules(request.form)
        if faults:
            return shown(slug, value=typed(), faults=faults), 422
        if request.form.get("act") == "preview":
            return shown(slug, asked=rules, value=typed())
        version = request.form.get("version", 0, type=int)
        try:
            with database.transaction() as transaction:
                administer_retention.set_rules(transaction, session.who(), slug, rules, version)
        except Conflict:
            return shown(slug, value=typed(), is_late=True), 409
        return saved(f"{here(slug)}/gallring", "retention")

    @app.get(f"{PAGE}/bevara")
    @require_admin
    def back_to_retention(slug: str) -> ResponseReturnValue:
        # The link to the other language leads here.
        return redirect(link(f"{here(slug)}/gallring"), 303)

    @app.post(f"{PAGE}/bevara")
    @require_admin
    def keep_idea(slug: str) -> ResponseReturnValue:
        reference, reason = request.form.get("reference", ""), request.form.get("reason", "")
        lets_go = request.form.get("act") == "let-go"
        if not (reason.strip() or lets_go):
            return shown(slug, value=_also_typed(slug), faults={"reason": Fault("retention.fault.no_reason")}), 422
        try:
            with database.transaction() as transaction:
                administer_retention.keep_idea(transaction, session.who(), slug, reference, "" if lets_go else reason)
        except Rejected as fault:
            return shown(slug, value=_also_typed(slug), faults=by_field(fault)), 422
        return saved(f"{here(slug)}/gallring", "let_go" if lets_go else "kept")

    def _also_typed(slug: str) -> dict[str, str]:
        """The rules as they are, beside what was typed into the other form."""
        with database.transaction() as transaction:
            return _written(rules_of(transaction, sluices.profile_by_slug(transaction, slug).id)) | typed()

    @app.get(f"{PAGE}/protokoll.csv")
    @require_admin
    def protocol_file(slug: str) -> ResponseReturnValue:
        with database.transaction() as transaction:
            sluice = sluices.profile_by_slug(transaction, slug)
            lines = list(administer_retention.protocol_lines(transaction, sluice.id, limit=sheets.MAX_ROWS))
        return sheets.csv_response(f"gallring-{slug}", _rows(lines))


def _written(rules: Rules) -> dict[str, str]:
    days = {rule.column: str(number) for rule, number in rules.days.items()}
    return days | {"decision": rules.decision}


def _rows(lines: Sequence[tuple[Protocol, Rule | None, str]]) -> Iterator[Sequence[Cell]]:
    """A program reads it too: names and moments are the same in every language."""
    yield COLUMNS
    for one, rule, told in lines:
        at, end = (
            moment.astimezone(STOCKHOLM).isoformat(timespec="seconds") if moment is not None else ""
            for moment in (one.at, one.finished_at)
        )
        yield (at, end, one.decision, one.asked_by, rule.value if rule is not None else "reference", told)

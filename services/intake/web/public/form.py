"""The public form: on our own page (``/ide/<slug>``) and in a frame on a municipality's site (``/embed/<slug>``).

It works without JavaScript and without cookies. What is accepted is durable before the answer; what cannot be taken
comes back with everything that was typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from babel.numbers import format_decimal
from flask import Flask, Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.intake.domain import idea_form
from services.intake.domain.idea import SubmitterKind
from services.intake.domain.sluice import SluiceProfile
from services.intake.store import sluices
from services.intake.usecases.announce import Announcer
from services.intake.usecases.send_form import SentBefore, SentForm, send_form, sent_before
from services.intake.web.public import form_fields
from services.intake.web.public.form_fields import Fault, Reading
from shared import questions
from shared.clock import STOCKHOLM, now
from shared.db import Database
from shared.errors import NotFound
from shared.settings import Settings
from shared.web import antibot, links, security
from shared.web.antibot import Guard, Seen
from shared.web.form_text import ROOM
from shared.web.language import link, spoken
from shared.web.room import room_for
from shared.working_days import answer_by

STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Door:
    """Where the form stands."""

    base: str
    is_framed: bool = False

    def address(self, sluice: SluiceProfile) -> str:
        """The form's path."""
        return f"{self.base}/{sluice.slug}"


DOORS = (Door("/ide"), Door("/embed", is_framed=True))


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/ide/<slug>`` and ``/embed/<slug>`` to the app."""
    guard = antibot.install(app, settings, database)
    for door in DOORS:
        _register(app, settings, database, guard, door)


def _register(app: Flask, settings: Settings, database: Database, guard: Guard, door: Door) -> None:
    announcer = Announcer(settings)

    def asked_for(slug: str) -> SluiceProfile:
        # One question needs no transaction around it.
        with database.at_once() as connection:
            return sluices.profile_by_slug(connection, slug)

    def kept(sluice: SluiceProfile, sent: SentForm) -> str:
        try:
            with database.transaction() as session:
                return send_form(session, announcer, sluice, sent).reference
        except SentBefore:
            with database.transaction() as session:
                known = sent_before(session, sluice, sent)
                return (known or send_form(session, announcer, sluice, replace(sent, key=None))).reference

    def show(slug: str) -> ResponseReturnValue:
        try:
            sluice = asked_for(slug)
        except NotFound:
            return render_template("form/missing.html"), 404
        if sluice.open_to == STAFF:
            return _closed(door, sluice, "", 200)
        return _page(door, sluice, guard.fields(_name(sluice)))

    @room_for(fields=ROOM, body=form_fields.ROOM_FOR_ALL)
    def send(slug: str) -> ResponseReturnValue:
        try:
            sluice = asked_for(slug)
        except NotFound:
            return render_template("form/missing.html", text=request.form.get("text", "")), 404
        if sluice.open_to == STAFF:
            return _closed(door, sluice, request.form.get("text", ""), 403)
        reading = form_fields.read(questions.load(sluice.questions))
        seen = guard.look(_name(sluice), is_whole=not reading.faults)
        refused = _refusal(door, sluice, guard, reading, seen)
        if refused is not None:
            return refused
        reference = kept(sluice, _sent(sluice, reading, seen))
        token = links.follow_token(settings.signer, reference)
        return redirect(link(f"{door.address(sluice)}/tack/{reference}", t=token), 303)

    kind = "framed" if door.is_framed else "own"
    app.add_url_rule(f"{door.base}/<slug>", f"form_{kind}", show)
    app.add_url_rule(f"{door.base}/<slug>", f"send_form_{kind}", send, methods=["POST"])


def _name(sluice: SluiceProfile) -> str:
    """What the form's token and task are bound to. Both doors lead to the same form."""
    return f"idea:{sluice.slug}"


def _refusal(door: Door, sluice: SluiceProfile, guard: Guard, reading: Reading, seen: Seen) -> Response | None:
    """The form again where it cannot be taken as it is, with what was typed."""
    faults = list(reading.faults)
    trouble, status = "", 422
    if seen.comes_too_often:
        trouble, status = "often", 429
    elif seen.is_foreign:
        trouble, status = "foreign", 403
    elif seen.is_stale:
        trouble = "stale"
    elif not faults:
        return None
    if reading.files:
        # A browser does not send the same files again by itself, and a page cannot choose them for it.
        after = [number for number, fault in enumerate(faults, 1) if fault.field in ("title", "text", "files")]
        faults.insert(max(after, default=0), form_fields.AGAIN)
    token = request.form.get(antibot.TOKEN)
    fields = guard.fields(_name(sluice), token=token, sent_again=True)
    return _page(door, sluice, fields, reading=reading, faults=faults, trouble=trouble, status=status)


def _sent(sluice: SluiceProfile, reading: Reading, seen: Seen) -> SentForm:
    form = reading.form
    return SentForm(
        title=form.title,
        text=form.text.strip("\n"),
        language=spoken()[1],
        consent=form_fields.consent_words(sluice),
        kind=SubmitterKind(form.kind) if form.kind else None,
        name="" if form.anonymous else form.name,
        address=None if form.anonymous else form.email,
        answers=reading.answers.kept,
        files=reading.files,
        suspicion=seen.suspicion,
        key=seen.key,
        proof=(seen.proof.key, seen.proof.expires_at) if seen.proof else None,
    )


def _page(
    door: Door,
    sluice: SluiceProfile,
    guard: antibot.Fields,
    *,
    reading: Reading | None = None,
    faults: Sequence[Fault] = (),
    trouble: str = "",
    status: int = 200,
) -> Response:
    today = now().astimezone(STOCKHOLM).date()
    return framed(
        door,
        sluice,
        status,
        "form/page.html",
        guard=guard,
        here=door.address(sluice),
        form=reading.form if reading else idea_form.FilledForm(),
        faults=faults,
        faults_of=lambda name: [fault for fault in faults if fault.field == name],
        trouble=trouble,
        kinds=list(SubmitterKind),
        questions=questions.load(sluice.questions),
        question_limit=questions.limit_of,
        intro=form_fields.own_words(sluice, "intro"),
        consent=form_fields.consent_words(sluice),
        promise=answer_by(today, sluice.answer_days),
        limits=idea_form,
    )


def _closed(door: Door, sluice: SluiceProfile, text: str, status: int) -> Response:
    return framed(door, sluice, status, "form/staff.html", text=text)


def framed(door: Door, sluice: SluiceProfile, status: int, template: str, **facts: object) -> Response:
    """A page of the form's, in the frame that its door has, with the headers that the door needs."""
    page = render_template(
        template,
        sluice=sluice,
        frame=_FRAMES[door.is_framed],
        is_framed=door.is_framed,
        number=lambda value: value if isinstance(value, str) else format_decimal(value, locale=spoken()[1]),
        numbered=lambda words: [(str(number), word) for number, word in enumerate(words)],
        **facts,
    )
    response = make_response(page, status)
    if door.is_framed:
        security.let_frame(response, sluice.origins)
    # Nothing secret in this address, and a form that tells its origin is known as ours when it comes back.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


_FRAMES = {False: "base.html", True: "form/frame.html"}

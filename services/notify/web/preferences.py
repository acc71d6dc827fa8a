"""The page on which somebody chooses which mails they get, and the one that ends one sort of them (RFC 8058).

Both are opened by the signed link in the mail, without signing in. Looking changes nothing, so a scanner that opens
every link in a mail stops nobody's; the one POST that mail programs make at "Unsubscribe" stops exactly one sort.
"""

from __future__ import annotations

from flask import Flask, redirect, render_template, request
from flask.typing import ResponseReturnValue

from services.notify.domain import calm
from services.notify.domain.kinds import Category, Channel, Rhythm
from services.notify.usecases import suppress
from services.notify.usecases.prefer import CHOICES, Prefer
from shared.clock import now
from shared.db import Database
from shared.errors import Rejected
from shared.settings import Settings
from shared.web import links
from shared.web.language import link

BY_LINK = "link"
BY_ONE_CLICK = "one-click"


def register(app: Flask, settings: Settings, database: Database) -> None:
    """Add ``/utskick/<token>`` and ``/utskick/<token>/avsluta`` to the app."""
    _add_choices(app, settings, database)
    _add_unsubscribing(app, settings, database)


def _add_choices(app: Flask, settings: Settings, database: Database) -> None:
    prefer = Prefer()

    @app.get("/utskick/<token>")
    def show_choices(token: str) -> ResponseReturnValue:
        address = links.address_of(settings.signer, token)
        if address is None:
            return render_template("preferences/closed.html"), 404
        moment = now()
        with database.transaction() as session:
            chosen = prefer.read(session, address)
            held_back = suppress.held_back(session, Channel.EMAIL, address, Category.IDEAS, moment)
        return render_template(
            "preferences/choose.html",
            token=token,
            address=address,
            choices=CHOICES,
            chosen=chosen,
            held_back=held_back,
            saved="sparat" in request.args,
            slots={each: calm.next_slot(moment, each) for each in (Rhythm.DAILY, Rhythm.WEEKLY)},
            quiet=calm.parse_quiet_hours(settings.quiet_hours),
        )

    @app.post("/utskick/<token>")
    def save_choices(token: str) -> ResponseReturnValue:
        address = links.address_of(settings.signer, token)
        if address is None:
            return render_template("preferences/closed.html"), 404
        given = {
            category: _rhythm(category, request.form[category]) for category in CHOICES if category in request.form
        }
        with database.transaction() as session:
            prefer(session, address, given, by=BY_LINK)
        return redirect(link(f"/utskick/{token}", sparat="1"), 303)


def _add_unsubscribing(app: Flask, settings: Settings, database: Database) -> None:
    prefer = Prefer()

    def shown(token: str, address: str, category: Category) -> str:
        with database.transaction() as session:
            rhythm = prefer.read(session, address)[category]
        return render_template(
            "preferences/unsubscribe.html",
            token=token,
            address=address,
            category=category,
            is_stopped=rhythm is Rhythm.NEVER,
        )

    @app.get("/utskick/<token>/avsluta")
    def ask_to_stop(token: str) -> ResponseReturnValue:
        address, category = links.address_of(settings.signer, token), _stoppable(request.args.get("sort", ""))
        if address is None or category is None:
            return render_template("preferences/closed.html"), 404
        return shown(token, address, category)

    @app.post("/utskick/<token>/avsluta")
    def stop(token: str) -> ResponseReturnValue:
        address, category = links.address_of(settings.signer, token), _stoppable(request.args.get("sort", ""))
        if address is None or category is None:
            return render_template("preferences/closed.html"), 404
        act = request.form.get("act")
        rhythm = Rhythm.AT_ONCE if act == "again" else Rhythm.NEVER
        with database.transaction() as session:
            prefer(session, address, {category: rhythm}, by=BY_LINK if act else BY_ONE_CLICK)
        if act:
            return redirect(link(f"/utskick/{token}/avsluta", sort=category), 303)
        # A mail program's own POST (RFC 8058 §3.1): nobody reads the answer, and a redirect would be followed in vain.
        return shown(token, address, category)


def _rhythm(category: Category, text: str) -> Rhythm:
    try:
        return Rhythm(text)
    except ValueError as error:
        raise Rejected(category, "preferences.fault.choice") from error


def _stoppable(name: str) -> Category | None:
    return next((each for each in Category if each == name and each.may_be_stopped), None)

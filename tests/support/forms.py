"""Fill in and send the public form as a browser does, with its hidden fields and its task solved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import altcha
from flask.testing import FlaskClient

from shared.clock import now
from shared.settings import Settings
from shared.web import form_tokens as form_token

IDEA = {
    "title": "Elcyklar som hemtjänsten delar på",
    "text": "Vi kör bil korta sträckor mellan brukarna.",
    "kind": "employee",
    "name": "Åsa Öberg",
    "email": "asa@krokom.example",
    "consent": "yes",
}


def token(settings: Settings, slug: str = "krokom", *, age: timedelta = timedelta(minutes=2)) -> str:
    """The hidden token of a form that was fetched so long ago."""
    return form_token.issue(settings.signer, f"idea:{slug}", now() - age)


def proof(client: FlaskClient, form: str = "idea:krokom", *, at: str = "/prov") -> str:
    """A task of the form's, solved: the value of its field."""
    task = altcha.Challenge.from_dict(client.get(at, query_string={"for": form}).json)
    solution = altcha.solve_challenge(task)
    assert solution is not None
    return altcha.Payload(task, solution).to_base64()


def filled(client: FlaskClient, settings: Settings, slug: str = "krokom", **changes: Any) -> dict[str, Any]:
    """The form as somebody fills it in whom nothing is wrong with; a field that is None is left out."""
    sent = IDEA | {"form_token": token(settings, slug), "altcha": proof(client, f"idea:{slug}")} | changes
    return {name: value for name, value in sent.items() if value is not None}

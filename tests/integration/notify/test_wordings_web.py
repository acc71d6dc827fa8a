"""The words of mails over HTTP: the API, and the administrator's pages without a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from lxml import html
from werkzeug.test import TestResponse

from services.notify.domain.variables import worded_kinds
from services.notify.store import sluices
from shared.contracts.registry import IDEA_RECEIVED
from shared.settings import Settings
from shared.web.tokens import issue
from tests.integration.notify.test_wordings import told
from tests.integration.notify.workbench import web_client, worker
from tests.support import notify_facts as facts
from tests.support.ports import free_port

API = "/api/notify/v1/templates"
PAGES = "/kontakt/drift/mallar"
BODY = "# Tack\n\n[Följ]({{ follow_url }})"
EDITOR = f"{PAGES}/confirmation/sv"


@pytest.fixture
def site(settings: Settings) -> Iterator[FlaskClient]:
    """notify's web app, with one sluice and one idea's mails."""
    with worker(settings, free_port()) as notify:
        with notify.database.transaction() as session:
            sluices.keep(session, told("krokom"))
        notify.tell(IDEA_RECEIVED, facts.idea_received(idea=facts.idea(text="<b>verklig</b> {{ 7*7 }}")))
        for each in notify.open_deliveries():
            notify.inbox.run(each)
    with web_client(settings) as client:
        yield client


def bearer(settings: Settings, *scopes: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {issue(settings.signer, name='prov', scopes=scopes)}"}


def signed_in(client: FlaskClient, settings: Settings) -> None:
    token = issue(settings.signer, name="anna", scopes=["*"])
    assert client.post("/kontakt/drift/in", data={"token": token}).status_code == 303


def sent(client: FlaskClient, path: str, **fields: Any) -> TestResponse:
    """A form of a page of ours, with what that page hides in it."""
    page = html.fromstring(client.get(EDITOR).get_data(as_text=True))
    token = page.xpath("//input[@name='form_token']/@value")[0]
    return client.post(path, data={"form_token": token, **fields})


def test_the_api_lists_every_kind_in_every_language_for_all_and_for_each_sluice(
    site: FlaskClient, settings: Settings
) -> None:
    read = bearer(settings, "notify:read")
    first = site.get(f"{API}?limit=80", headers=read).json
    second = site.get(f"{API}?limit=80&cursor={first['next']}", headers=read).json
    krokom = site.get(f"{API}?sluice=krokom&limit=100", headers=read).json

    items = first["items"] + second["items"]
    assert (
        len(items)
        == len({(each["kind"], each["language"], each["sluice"]) for each in items})
        == 2 * len(worded_kinds()) * 2
    )
    assert second["next"] is None
    assert {each["origin"] for each in items} == {"built-in"}
    assert len(krokom["items"]) == len(worded_kinds()) * 2
    assert {each["sluice"] for each in krokom["items"]} == {"krokom"}
    assert site.get(f"{API}?sluice=atlantis", headers=read).status_code == 404


def test_the_api_reads_saves_and_leads_back(site: FlaskClient, settings: Settings) -> None:
    admin = bearer(settings, "notify:admin", "notify:read")
    place = f"{API}/confirmation/sv?sluice=krokom"
    built_in = site.get(place, headers=admin).json
    assert built_in["version"] == 0
    assert "{{ follow_url }}" in built_in["body"]
    assert {each["name"] for each in built_in["variables"] if each["is_needed"]} == {"follow_url"}

    new = {"subject": "Hej", "body": BODY, "version": 0, "comment": "kortare"}
    made = site.put(place, headers=admin, json=new)
    assert made.json == {"kind": "confirmation", "language": "sv", "sluice": "krokom", "version": 1}
    assert site.put(place, headers=admin, json=new).status_code == 409
    again = site.get(place, headers=admin).json
    assert (again["origin"], again["version"], again["body"]) == ("sluice", 1, BODY)

    site.put(place, headers=admin, json={"subject": None, "body": None})
    assert site.get(place, headers=admin).json["origin"] == "built-in"
    versions = site.get(f"{API}/confirmation/sv/versions?sluice=krokom&limit=1", headers=admin).json
    assert [(each["version"], each["body"], each["author"]) for each in versions["items"]] == [(2, None, "prov")]
    older = site.get(f"{API}/confirmation/sv/versions?sluice=krokom&cursor={versions['next']}", headers=admin).json
    assert [(each["version"], each["comment"]) for each in older["items"]] == [(1, "kortare")]
    assert older["next"] is None


def test_the_api_tells_each_fault_with_its_line(site: FlaskClient, settings: Settings) -> None:
    refused = site.put(
        f"{API}/confirmation/sv",
        headers=bearer(settings, "notify:admin"),
        json={"subject": "{{ nobody }}", "body": "Hej\n{{ 7*7 }}\n{x.__class__}"},
    )
    assert refused.status_code == 422
    assert refused.content_type == "application/problem+json"
    assert refused.json["errors"]["subject"] == [
        "Line 1: There is no nobody in this email. Choose among the names beside it."
    ]
    assert [text.split(":")[0] for text in refused.json["errors"]["body"]] == ["Line 2", "Line 3"]
    half = site.put(
        f"{API}/confirmation/sv", headers=bearer(settings, "notify:admin"), json={"subject": "x", "body": None}
    )
    assert half.status_code == 422


def test_the_api_shows_a_mail_and_sends_a_trial_once(site: FlaskClient, settings: Settings) -> None:
    admin = bearer(settings, "notify:admin", "notify:read")
    place = f"{API}/confirmation/sv"
    seen = site.post(f"{place}/preview", headers=admin, json={"subject": "Hej", "body": BODY}).json
    assert (seen["subject"], seen["is_real"]) == ("Hej", True)
    assert seen["text"].startswith("Tack\n")
    assert site.post(f"{place}/preview", headers=admin, json={"subject": "Hej", "body": "{{"}).status_code == 422

    for _ in range(2):
        answer = site.post(f"{place}/test", headers=admin | {"Idempotency-Key": "a"}, json={"address": "a@b.example"})
        assert answer.status_code == 202
    assert site.post(f"{place}/test", headers=admin, json={"address": "ingen"}).status_code == 422
    found = site.get("/api/notify/v1/notifications?recipient=a@b.example", headers=admin).json
    assert len(found["items"]) == 1


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/confirmation/sv"),
        ("POST", "/confirmation/sv/preview"),
        ("POST", "/confirmation/sv/test"),
    ],
)
def test_only_an_administrators_token_changes_or_shows_peoples_words(
    site: FlaskClient, settings: Settings, method: str, path: str
) -> None:
    body = {"subject": None, "body": None}
    assert site.open(f"{API}{path}", method=method, json=body).status_code == 401
    reader = bearer(settings, "notify:read")
    assert site.open(f"{API}{path}", method=method, json=body, headers=reader).status_code == 403


@pytest.mark.parametrize("path", ["/event/sv", "/nothing/sv", "/confirmation/de", "/confirmation/sv?sluice=atlantis"])
def test_what_has_no_words_is_not_there(site: FlaskClient, settings: Settings, path: str) -> None:
    assert site.get(f"{API}{path}", headers=bearer(settings, "notify:read")).status_code == 404
    assert site.get(f"{PAGES}{path}", headers=bearer(settings, "*")).status_code == 404


@pytest.mark.parametrize("path", ["", "/confirmation/sv", "/confirmation/sv/html", "/avsandare/krokom"])
def test_the_pages_are_for_administrators(site: FlaskClient, settings: Settings, path: str) -> None:
    answer = site.get(f"{PAGES}{path}")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/kontakt/in?next=")
    signed_in(site, settings)
    assert site.get(f"{PAGES}{path}").status_code == 200
    if path:
        assert site.post(f"{PAGES}{path}", data={"subject": "x", "body": BODY}).status_code in (403, 405)


def test_a_page_shows_real_words_in_a_frame_that_can_do_nothing(site: FlaskClient, settings: Settings) -> None:
    signed_in(site, settings)
    page = html.fromstring(site.get(EDITOR).get_data(as_text=True))
    (frame,) = page.xpath("//iframe")
    shown = site.get(frame.get("src"))

    assert frame.get("sandbox") == ""
    assert shown.status_code == 200
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    assert "script-src" not in shown.headers["Content-Security-Policy"]
    assert "&lt;b&gt;verklig&lt;/b&gt; {{ 7*7 }}" in shown.get_data(as_text=True)
    assert "verklig" in page.xpath("//pre")[0].text


def test_a_draft_is_shown_without_being_kept_and_its_address_cannot_be_made_up(
    site: FlaskClient, settings: Settings
) -> None:
    signed_in(site, settings)
    answer = sent(site, EDITOR, preview="1", seen="0", subject="Utkast", body=f"# Bara ett utkast å\r\n\r\n{BODY}")
    page = html.fromstring(answer.get_data(as_text=True))
    address = page.xpath("//iframe/@src")[0]

    assert answer.status_code == 200
    assert "Bara ett utkast å" in site.get(address).get_data(as_text=True)
    assert "Bara ett utkast å" in page.xpath("//pre")[0].text
    assert site.get(re.sub(r"draft=..", "draft=xx", address)).status_code == 404
    assert site.get(address.replace("confirmation", "answer")).status_code == 404
    assert "Bara ett utkast" not in site.get(EDITOR).get_data(as_text=True)


def test_saving_leads_on_and_says_so_and_the_list_shows_it(site: FlaskClient, settings: Settings) -> None:
    signed_in(site, settings)
    place = f"{EDITOR}?sluice=krokom"
    answer = sent(site, place, seen="0", subject="Hej", body=BODY.replace("\n", "\r\n"), comment="kortare")
    assert answer.status_code == 303
    after = site.get(answer.headers["Location"]).get_data(as_text=True)

    assert "Sparat." in after
    assert "kortare" in after
    assert "anna" in after
    listed = site.get(f"{PAGES}?sluice=krokom").get_data(as_text=True)
    assert "egen, version 1" in listed
    assert "egen, version" not in site.get(PAGES).get_data(as_text=True)


def test_faults_stand_in_a_summary_and_at_the_field_and_nothing_written_is_lost(
    site: FlaskClient, settings: Settings
) -> None:
    signed_in(site, settings)
    answer = sent(site, EDITOR, seen="0", subject="Ämnet mitt", body="Hej\n{x.__class__}", comment="min")
    page = html.fromstring(answer.get_data(as_text=True))

    assert answer.status_code == 422
    (summary,) = page.find_class("ds-error-summary")
    assert [link.get("href") for link in summary.iter("a")] == ["#body"]
    assert "Rad 2: En ensam klammer." in summary.text_content()
    assert "Rad 2: En ensam klammer." in page.get_element_by_id("body-fault").text_content()
    assert page.get_element_by_id("body").get("aria-describedby") == "body-fault"
    assert page.get_element_by_id("body").text.strip() == "Hej\n{x.__class__}"
    assert page.get_element_by_id("subject").get("value") == "Ämnet mitt"
    assert page.get_element_by_id("comment").get("value") == "min"
    assert page.xpath("//title")[0].text.startswith("Fel: ")


def test_whoever_was_overtaken_keeps_the_text_and_can_save_it_over(site: FlaskClient, settings: Settings) -> None:
    signed_in(site, settings)
    assert sent(site, EDITOR, seen="0", subject="Först", body=BODY).status_code == 303
    overtaken = sent(site, EDITOR, seen="0", subject="Sedan", body=BODY)
    page = html.fromstring(overtaken.get_data(as_text=True))

    assert overtaken.status_code == 409
    assert page.get_element_by_id("subject").get("value") == "Sedan"
    seen = page.xpath("//input[@name='seen']/@value")[0]
    assert sent(site, EDITOR, seen=seen, subject="Sedan", body=BODY).status_code == 303


def test_an_older_version_and_the_built_in_words_are_one_button_away(site: FlaskClient, settings: Settings) -> None:
    signed_in(site, settings)
    for number, lead in enumerate(("ett", "två")):
        sent(site, EDITOR, seen=str(number), subject=lead, body=BODY)
    assert sent(site, f"{EDITOR}/tillbaka", seen="2", to="1").status_code == 303
    page = html.fromstring(site.get(EDITOR).get_data(as_text=True))
    assert page.get_element_by_id("subject").get("value") == "ett"
    assert sent(site, f"{EDITOR}/tillbaka", seen="2", to="1").status_code == 409, "somebody was first"

    assert sent(site, f"{EDITOR}/tillbaka", seen="3").status_code == 303
    page = html.fromstring(site.get(EDITOR).get_data(as_text=True))
    assert page.get_element_by_id("subject").get("value") == "[{{ idea.reference }}] Vi har tagit emot din idé"


def test_a_trial_is_sent_from_the_page_once_however_often_its_form_is_sent(
    site: FlaskClient, settings: Settings
) -> None:
    signed_in(site, settings)
    for _ in range(2):
        assert sent(site, f"{EDITOR}/prov", address="anna@kommun.example", key="k").status_code == 303
    refused = sent(site, f"{EDITOR}/prov", address="anna@", key="l")

    assert refused.status_code == 422
    assert "Adressen går inte att skicka till." in refused.get_data(as_text=True)
    found = site.get(
        "/api/notify/v1/notifications?recipient=anna@kommun.example", headers=bearer(settings, "notify:read")
    )
    assert len(found.json["items"]) == 1


def test_a_senders_name_and_signature_are_changed_on_a_page(site: FlaskClient, settings: Settings) -> None:
    signed_in(site, settings)
    path = f"{PAGES}/avsandare/krokom"
    fields = {"sender_name_sv": "Krokoms kommun", "signature_sv": "Hälsningar\r\nKansliet"}
    assert sent(site, path, **fields).status_code == 303
    page = html.fromstring(site.get(path).get_data(as_text=True))
    assert page.get_element_by_id("sender_name_sv").get("value") == "Krokoms kommun"
    assert page.get_element_by_id("signature_sv").text.strip() == "Hälsningar\nKansliet"

    refused = sent(site, path, **fields | {"sender_name_en": "x" * 61})
    page = html.fromstring(refused.get_data(as_text=True))
    assert refused.status_code == 422
    assert page.get_element_by_id("sender_name_en").get("aria-invalid") == "true"
    assert page.get_element_by_id("sender_name_sv").get("value") == "Krokoms kommun"
    assert site.get(f"{PAGES}/avsandare/atlantis").status_code == 404


@pytest.mark.parametrize("path", ["", "/confirmation/sv", "/digest/en?sluice=krokom", "/avsandare/krokom"])
def test_the_pages_speak_english(site: FlaskClient, settings: Settings, path: str) -> None:
    mark = "&" if "?" in path else "?"
    answer = site.get(f"{PAGES}{path}{mark}lang=en", headers=bearer(settings, "*"))
    assert answer.status_code == 200
    assert "Templates" in answer.get_data(as_text=True)


@pytest.mark.parametrize("cursor", [10**23, 2**31, -(10**23)])
def test_a_cursor_beyond_all_versions_is_refused(site: FlaskClient, settings: Settings, cursor: int) -> None:
    path = f"{API}/notice/sv/versions?cursor={cursor}"
    assert list(site.get(path, headers=bearer(settings, "notify:read")).json["errors"]) == ["cursor"]


@pytest.mark.parametrize("to", [10**30, 2**31, -(10**30)])
def test_no_version_beyond_all_of_them_is_used_again(site: FlaskClient, settings: Settings, to: int) -> None:
    signed_in(site, settings)
    assert sent(site, f"{EDITOR}/tillbaka", to=str(to), seen="0").status_code == 404


@pytest.mark.parametrize("path", [f"{PAGES}?sluice=%00", f"{PAGES}/avsandare/%00", "/kontakt/drift/utskick?sluice=%00"])
def test_a_page_of_what_is_no_text_is_refused(site: FlaskClient, settings: Settings, path: str) -> None:
    signed_in(site, settings)
    assert site.get(path).status_code == 400
    assert sent(site, f"{EDITOR}/prov", key="a\0", address="a@b.example").status_code == 400

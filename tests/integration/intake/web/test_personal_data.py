"""People's data in the browser: who may ask, what is refused, and that nothing names whom it concerned."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import text

from shared.db import Database
from tests.support.signed_in import client_for, post

HERE, BOSS = "/kontakt/admin/personuppgifter", "admin@region.example"
PERSON = "asa@invanare.example"


def test_an_administrator_alone_starts_a_job_which_names_nobody(app: Flask, database: Database) -> None:
    contact = client_for(app, "kontakt@krokom.example", "contact:krokom")
    asked = {"kind": "access", "address": PERSON, "reason": f"Brev från {PERSON}"}
    assert contact.get(HERE).status_code == 403
    assert post(contact, HERE, **asked).status_code == 403
    boss = client_for(app, BOSS, "administrator")
    job = post(boss, HERE, **asked)
    assert job.status_code == 303
    page = boss.get(job.location).text
    assert "1 av 4" not in page
    assert "0 av 4" in page
    assert boss.get(f"{job.location.partition('?')[0]}/fil").status_code == 404, "it is not read out yet"
    assert PERSON not in page + boss.get(HERE).text
    assert post(boss, HERE, **asked).status_code == 409
    identity = job.location.partition("?")[0].rpartition("/")[2]
    assert identity in post(boss, f"{HERE}/sok", sought=PERSON.upper()).text
    assert identity not in post(boss, f"{HERE}/sok", sought="bo@invanare.example").text
    assert boss.get(f"{HERE}/sok").location == HERE, "where the link to the other language leads"
    assert post(boss, f"{HERE}/{identity}/stoppa").status_code == 303
    assert "Stoppat" in boss.get(job.location).text
    with database.transaction() as session:
        row = session.execute(text("SELECT * FROM intake.data_job WHERE id = :id"), {"id": identity}).mappings().one()
        assert PERSON not in str(dict(row))


def test_an_erasure_wants_a_tick_and_every_field_is_checked(app: Flask) -> None:
    boss = client_for(app, BOSS, "administrator")
    whole = {"kind": "erasure", "address": PERSON, "reason": "dnr 7", "sure": "yes"}
    for field, typed in (
        ("sure", ""),
        ("kind", "all"),
        ("address", "asa"),
        ("reason", " "),
        ("mobile", "sju"),
        ("address", "kontakt@krokom.example"),
    ):
        answer = post(boss, HERE, **{**whole, field: typed})
        assert answer.status_code == 422, field
        assert f'href="#{field}"' in answer.text, field
    assert post(boss, HERE, **whole, mobile="070-174 06 05").status_code == 303

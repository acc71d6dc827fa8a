"""RCPT decides who may be written to, and nobody else can be."""

from __future__ import annotations

import pytest

from services.intake.smtp import recipients
from tests.integration.intake.smtp.harness import IDE, Running, Stored, client
from tests.support.waiting import wait_until

RELAY_FORMS = [
    b"victim@outside.example",
    b"victim%outside.example@krokom.example",
    b"victim%outside.example@localhost",
    b"victim%outside.example@[127.0.0.1]",
    b"victim%outside.example",
    b"outside.example!victim",
    b"outside.example!victim@krokom.example",
    b"krokom.example!victim@outside.example",
    b"@krokom.example:victim@outside.example",
    b"@krokom.example,@other.example:victim@outside.example",
    b"@outside.example:ide@krokom.example",
    b"@a:b@c",
    b"ide@krokom.example@outside.example",
    b"victim@outside.example@krokom.example",
    b'"victim@outside.example"@krokom.example',
    b'"victim%outside.example"@krokom.example',
    b'"victim@outside.example"',
    b'"ide@krokom.example"',
    b'"ide@krokom.example"@outside.example',
    b'"ide"@outside.example',
    b"victim@[192.0.2.1]",
    b"ide@[127.0.0.1]",
    b"ide@127.0.0.1",
    b"ide@[IPv6:::1]",
    b"ide@localhost",
    b"ide@",
    b"@krokom.example",
    b"ide",
    b"",
    b"<ide@krokom.example>",
    b"ide@krokom.example.",
    b"ide@.krokom.example",
    b"ide@krokom..example",
    b"ide@sub.krokom.example",
    b"IDE@OUTSIDE.EXAMPLE",
    b"postmaster",
    b"PostMaster",
    b"postmaster@krokom.example",
    b"abuse@krokom.example",
    b"ide\0@krokom.example",
    b"ide@krokom.example\0@outside.example",
    b"ide@krokom.example,victim@outside.example",
    b"ide@krokom.example victim@outside.example",
    b"+tag@krokom.example",
    b"ide+@outside.example",
    b"\\ide@krokom.example",
    b"(x)ide@krokom.example",
    "idé@krokom.example".encode(),
    "ide@krokom\u2024example".encode(),
    b"ide@xn--krokom.example",
]


@pytest.mark.parametrize("form", RELAY_FORMS, ids=repr)
def test_no_relay_form_is_accepted(running: Running, form: bytes) -> None:
    with client(running) as c:
        c.say("MAIL FROM:<a@b> SMTPUTF8")
        reply = c.say(b"RCPT TO:<" + form + b">")

        assert reply[0] == "5", reply
        assert c.say("DATA") == "503 5.5.1 No valid recipient"


@pytest.mark.parametrize(
    "address",
    [
        "ide@krokom.example",
        "IDE@KROKOM.EXAMPLE",
        "ide+x@krokom.example",
        "Ide+svar.kro-2026-0001.abc@Krokom.example",
        '"ide"@krokom.example',
    ],
)
def test_a_sluices_address_is_accepted_in_any_case_and_with_a_tag(running: Running, address: str) -> None:
    with client(running) as c:
        c.say("MAIL FROM:<>")

        assert c.say(f"RCPT TO:<{address}>") == "250 2.1.5 Recipient ok"
        assert c.say(f"RCPT TO: {address}") == "250 2.1.5 Recipient ok"
        assert c.say(f"RCPT TO:<{address}> NOTIFY=NEVER").startswith("555 5.5.4")


def test_swedish_letters_work_on_both_sides_of_the_at(running: Running, stored: Stored) -> None:
    sluice = stored.add_sluice("exemple", "åsa@exämple.se")
    with client(running) as c:
        c.say("MAIL FROM:<åsa@exämple.se> SMTPUTF8")
        forms = ["åsa@exämple.se", "ÅSA@EXÄMPLE.SE", "åsa@xn--exmple-cua.se", "a\u030asa+å@exämple.se"]
        for form in forms:
            assert c.say(f"RCPT TO:<{form}>") == "250 2.1.5 Recipient ok"
        c.say("DATA")
        correlation_id = c.say("hej\r\n.").split()[-1]
        c.say("MAIL FROM:<a@b>")
        assert c.say("RCPT TO:<åsa@exämple.se>").startswith("553 5.6.7")

    rows = stored.rows(
        "SELECT recipient, sluice_id, envelope_from FROM intake.inbound_email WHERE correlation_id = %s ORDER BY id",
        [correlation_id],
    )
    assert rows == [(form, sluice, "åsa@exämple.se") for form in forms]


def test_a_new_address_works_at_once_and_a_removed_one_soon_does_not(
    running: Running, stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recipients, "REFRESH_SECONDS", 0.2)
    with client(running) as c:
        c.say("MAIL FROM:<a@b>")
        assert c.say("RCPT TO:<ny@berg.example>") == "550 5.1.1 No such recipient here"
        stored.add_sluice("berg", "ny@berg.example")
        assert c.say("RCPT TO:<ny@berg.example>") == "250 2.1.5 Recipient ok"

        stored.rows("DELETE FROM intake.sluice_address WHERE address = 'ny@berg.example'")
        wait_until(lambda: c.say("RCPT TO:<ny@berg.example>").startswith("550 5.1.1"), 15)


def test_recipients_over_the_limit_hear_452_and_every_accepted_one_gets_its_result(
    running: Running, stored: Stored
) -> None:
    with client(running) as c:
        c.say("MAIL FROM:<a@b>")
        replies = [c.say(f"RCPT TO:<ide+{number}@krokom.example>") for number in range(150)]
        c.say("DATA")
        correlation_id = c.say("hej\r\n.").split()[-1]

    assert [reply[:9] for reply in replies] == ["250 2.1.5"] * 100 + ["452 4.5.3"] * 50
    [(count, messages)] = stored.rows(
        "SELECT count(*), (SELECT count(*) FROM bus.message WHERE correlation_id = e.correlation_id)"
        " FROM intake.inbound_email e WHERE correlation_id = %s GROUP BY correlation_id",
        [correlation_id],
    )
    assert (count, messages) == (100, 100)


def test_a_mail_with_one_unknown_recipient_reaches_the_known_one(running: Running, stored: Stored) -> None:
    with client(running) as c:
        c.say("MAIL FROM:<a@b>")
        assert c.say("RCPT TO:<nobody@krokom.example>").startswith("550 5.1.1")
        assert c.say(f"RCPT TO:<{IDE}>").startswith("250 2.1.5")
        c.say("DATA")
        correlation_id = c.say("hej\r\n.").split()[-1]

    rows = stored.rows("SELECT recipient FROM intake.inbound_email WHERE correlation_id = %s", [correlation_id])
    assert rows == [(IDE,)]

"""A promise kept from end to end: an answer that does not arrive is told, corrected by a link, and sent anew."""

from __future__ import annotations

import re
from typing import Any

import requests

from tests.support.running import Suite, letter
from tests.support.waiting import wait_until
from tests.unit.intake.mail.report_corpus import FOLDER

CONTACT = "kontakt@stromsund.example"
IDEAS = "ide@stromsund.example"
WRONG, RIGHT = "asa.fel@stromsund.example", "asa.ratt@stromsund.example"
HEARD_SECONDS = 30
FORM = (FOLDER / "reports" / "postfix-user-unknown.eml").read_bytes()


def mail_with(suite: Suite, address: str, words: str) -> dict[str, Any]:
    """The newest mail to an address with these words, once it is there."""

    def found() -> dict[str, Any] | None:
        return next((mail for mail in suite.caught_to(address) if words in mail["Text"] + mail["Subject"]), None)

    wait_until(found, HEARD_SECONDS)
    mail = found()
    assert mail is not None
    return mail


def answered(suite: Suite) -> dict[str, Any]:
    """An idea from an address that will be gone, and the official answer to it, as it left."""
    suite.send(letter("Digital fika", "På fredagar.", sender=WRONG, to=IDEAS), WRONG, IDEAS)
    notice = mail_with(suite, CONTACT, "fredagar")
    [reply_to] = [to["Address"] for to in notice["ReplyTo"]]
    answer = letter("Sv: " + notice["Subject"], "Vi provar i januari.", sender=CONTACT, to=reply_to)
    suite.send(answer, CONTACT, reply_to)
    link = re.search(r"http://\S+/kontakt/bekrafta/\S+", mail_with(suite, CONTACT, "/kontakt/bekrafta/")["Text"])
    assert link
    page = requests.get(link[0], timeout=10).text
    fields = dict(re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page))
    requests.post(link[0], data={**fields, "text": "Vi provar i januari."}, timeout=10)
    return mail_with(suite, WRONG, "Vi provar i januari.")


def test_a_contact_corrects_the_address_of_an_answer_that_bounced(suite: Suite) -> None:
    answer = answered(suite)

    suite.send(FORM.replace(b"anna@kommun.example", WRONG.encode()), "", answer["ReturnPath"].strip("<>"))

    told = mail_with(suite, CONTACT, "Rätta adressen")
    assert WRONG in told["Text"]
    assert "550 5.1.1" in told["Text"]
    link = re.search(r"http://\S+/kontakt/meddelande/\S+", told["Text"])
    assert link
    assert "Svaret kom inte fram" in requests.get(link[0], timeout=10).text
    [listed] = suite.api("/api/notify/v1/suppressions")["items"]
    assert (listed["address"], listed["cause"]) == (WRONG, "recipient-gone")

    assert requests.post(link[0], data={"address": RIGHT}, timeout=10).status_code == 200

    again = mail_with(suite, RIGHT, "Vi provar i januari.")
    assert again["ReturnPath"] != answer["ReturnPath"]
    [idea] = suite.ideas(sluice="stromsund")

    def address() -> str:
        return str(suite.api(f"/api/intake/v1/ideas/{idea['reference']}")["submitter"]["email"])

    wait_until(lambda: address() == RIGHT, HEARD_SECONDS)
    assert suite.api("/api/notify/v1/summary")["books"]["difference"] == 0

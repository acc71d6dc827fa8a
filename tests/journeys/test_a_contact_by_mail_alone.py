"""A contact who never signs in does the whole job from the mails: takes the idea, asks, and answers."""

from __future__ import annotations

import html
import re

import requests

from tests.support.running import Suite, letter
from tests.support.waiting import wait_until

SENDER = "asa@ragunda.example"
CONTACT = "kontakt@ragunda.example"
IDEAS = "ide@ragunda.example"
HEARD_SECONDS = 30


def heard(suite: Suite, address: str, words: str) -> dict:
    """The first mail to that address that says so."""

    def found() -> list[dict]:
        return [mail for mail in suite.caught_to(address) if words in mail["Text"]]

    wait_until(found, HEARD_SECONDS)
    return found()[0]


def link_to(mail: dict, act: str) -> str:
    return re.search(rf"http://\S+/kontakt/gor/{act}/[a-z0-9]+", mail["Text"])[0]


def press(url: str, **typed: str) -> requests.Response:
    """Open the link without a cookie, and press the page's button."""
    page = requests.get(url, timeout=10)
    assert page.status_code == 200
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.text))
    answer = requests.post(url, data=hidden | typed, timeout=10)
    assert not answer.cookies
    return answer


def test_a_contact_who_never_signs_in_does_the_whole_job(suite: Suite) -> None:
    mail = letter("Cykelpump vid busstorget", "Det tar fem minuter att laga en punktering.", sender=SENDER, to=IDEAS)
    mail["Authentication-Results"] = "front.example; dmarc=pass header.from=ragunda.example"
    suite.send(mail, SENDER, IDEAS)
    notice = heard(suite, CONTACT, "fem minuter")
    [idea] = suite.ideas(sluice="ragunda")

    # A scanner opens every link in the mail, twice.
    for url in re.findall(r"http://\S+", notice["Text"]) * 2:
        assert requests.get(url, timeout=10).status_code == 200
    [untouched] = suite.ideas(sluice="ragunda")
    assert untouched == idea

    assert "Idén är din" in press(link_to(notice, "ta")).text
    assert "Frågan är skickad" in press(link_to(notice, "fraga"), question="Var på torget?").text
    question = heard(suite, SENDER, "Var på torget?")
    assert idea["reference"] in question["Subject"]

    # The submitter's reply comes back to the contact, with the same links.
    [reply_to] = [to["Address"] for to in question["ReplyTo"]]
    reply = letter("Re: En fråga", "Vid cykelställen.", sender=SENDER, to=reply_to, message_id="<svar@ragunda.example>")
    suite.send(reply, SENDER, reply_to)
    added = heard(suite, CONTACT, "Vid cykelställen.")

    done = press(link_to(added, "svara"), answer="Vi provar i vår.", move="piloting")
    assert "Svaret är skickat" in done.text
    told = heard(suite, SENDER, "Vi provar i vår.")
    assert "Prövas" in html.unescape(told["Text"])
    [moved] = suite.ideas(sluice="ragunda")
    assert moved["stage"] == "piloting"

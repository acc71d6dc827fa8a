"""People's words and our secrets stay where they belong: not in logs, whatever is logged."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import requests

from shared import db
from tests.support.running import Suite, letter
from tests.support.waiting import wait_until

CANARY = "kanariefågel"
SENDER, CONTACT, IDEAS = "asa@harjedalen.example", "kontakt@harjedalen.example", "ide@harjedalen.example"


def secrets_of(suite: Suite) -> set[str]:
    """The secret key and every password."""
    settings = suite.settings
    urls = [db.admin_url(settings), *(db.role_url(settings, role) for role in db.Role)]
    broker = f":{urlsplit(settings.broker_url).password}@" if settings.broker_url else None
    secrets = {str(url.password) for url in urls if url.password} | set(settings.secret_keys)
    return secrets | ({broker} if broker else set())


def test_the_most_talkative_logs_hold_no_words_of_anybodys_no_secret_and_no_signed_link(suite: Suite) -> None:
    mail = letter(
        f"Rubrik {CANARY}",
        f"Text {CANARY}",
        sender=f"{CANARY} <{SENDER}>",
        to=IDEAS,
        message_id="<canary@harjedalen.example>",
        X_Note=CANARY,
    )
    mail.add_attachment(CANARY.encode(), maintype="application", subtype="pdf", filename=f"{CANARY}.pdf")
    suite.send(mail, SENDER, IDEAS)
    wait_until(lambda: suite.caught_to(CONTACT), 30)
    [notice] = suite.caught_to(CONTACT)
    assert CANARY in notice["Text"]
    [reply_to] = notice["ReplyTo"]
    suite.send(letter("Sv", CANARY, to=reply_to["Address"]), CONTACT, reply_to["Address"])
    wait_until(lambda: len(suite.caught_to(CONTACT)) == 2, 30)
    mails = suite.caught_to(SENDER) + suite.caught_to(CONTACT)
    links = [link for each in mails for link in re.findall(r"http://\S+", each["Text"])]
    for link in links:
        assert requests.get(link, timeout=10).status_code == 200
    bearer = {"Authorization": f"Bearer {suite.run['api_token']}"}
    for body in (f'{{"title": "{CANARY}"', f'{{"{CANARY}": 1}}', '{"sluice": "' + CANARY + '", "title": "x"}'):
        refused = requests.post(
            f"{suite.url}/api/intake/v1/ideas",
            data=body.encode(),
            headers={**bearer, "Content-Type": "application/json"},
            timeout=10,
        )
        assert refused.status_code in (400, 422)

    logs = [suite.data_dir / "test-output.log", *suite.data_dir.rglob("log/*.log")]
    written = {path: path.read_text(errors="replace") for path in logs}

    assert len(written) >= 2 + suite.settings.embedded_database, (
        "its output, its log, and PostgreSQL's where that is ours"
    )
    assert "idea_received" in written[suite.data_dir / "log" / "idesluss.log"]
    assert len(links) >= 3
    signed = {re.split(r"[=/]", link)[-1] for link in links} | {reply_to["Address"].split("@")[0]}
    for path, text in written.items():
        assert CANARY not in text, path
        assert not [secret for secret in secrets_of(suite) if secret in text], path
        assert not [token for token in signed if token in text], path

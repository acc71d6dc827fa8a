"""The log's second line of defence: whatever is logged, and wherever in it, what points at somebody does not come out."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import logs
from shared.redaction import CUT, redact
from shared.settings import load
from shared.signing import Signer
from shared.web import tokens
from tests.support.growth import assert_linear

SIGNER = Signer([b"k" * 32])
SIGNATURE = SIGNER.token("follow", "KRO-2026-0042", length=26)
SIGNED_ID = "018f3c2d7a117abc8def0123456789ab" + SIGNATURE
API_TOKEN = tokens.issue(SIGNER, name="anna", scopes=("*",))
SECRETS = [
    # where it stands, and what of it must not come out
    (f"GET /i/KRO-2026-0042?t={SIGNATURE} HTTP/1.1", SIGNATURE),
    (f"https://ide.example/svar/{SIGNED_ID}", SIGNED_ID),
    (f"ide+svar.kro-2026-0042.{SIGNATURE[:16]}@krokom.example", SIGNATURE[:16]),
    (f"the signature {SIGNATURE} is old", SIGNATURE),
    (f"Authorization: Bearer {API_TOKEN}", API_TOKEN),
    (f"{{'authorization': 'Bearer {API_TOKEN}'}}", API_TOKEN),
    (f"token {API_TOKEN}", API_TOKEN.rpartition("_")[2]),
    ("Cookie: idesluss_session=anna|contact|1; other=abc123", "anna|contact|1"),
    ("postgresql://idesluss:hemligt-lösen@db.example/idesluss", "hemligt-lösen"),
    ("amqp://guest:h/emligt@mq.example//", "emligt"),
    ('{"password": "hemligt lösen"}', "hemligt lösen"),
    ("smtp_password=hemligtlösen", "hemligtlösen"),
    ("550 5.1.1 <asa.nilsdotter@krokom.example>: unknown", "asa.nilsdotter"),
    ('550 "asa nilsdotter"@krokom.example', "asa nilsdotter"),
    ("personnummer 850709-9805.", "850709-9805"),
    ("'198507099805'", "198507099805"),
    ("samordningsnummer 701063-2391", "701063-2391"),
    ("personnummer 850709\u20139805", "9805"),
    ("personnummer 850709 - 9805", "9805"),
    ("GET /kontakt/%C3%A5sa.nilsdotter%40krokom.example", "nilsdotter"),
    ("text message to +46701740605 refused", "46701740605"),
    ("the key is " + "0f1e2d3c" * 8, "0f1e2d3c" * 8),
]
KEPT = [
    "correlation_id 018f3c2d7a117abc8def0123456789ab message_id 018f3c2d-7a11-7abc-8def-0123456789ab",
    'File "/srv/idesluss/shared/bus/inbox.py", line 130, in run',
    "550 5.1.1 No such recipient here",
    "KRO-2026-0042 2026-11-24T18:49:27.123456Z 10.0.0.1:5432 2001:db8::1",
    'connection to server at "127.0.0.1", port 5432 failed: Connection refused',
    "relation intake.inbound_email does not exist",
]
around = st.text(st.characters(codec="utf-8", exclude_characters="@"), max_size=30)


@pytest.fixture
def written(tmp_path: Any) -> Iterator[list[str]]:
    """Lines as a process writes them, ours and those of libraries, in JSON."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = root.handlers[:], root.level
    lines: list[str] = []
    logs.configure(load({"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_LOG_FORMAT": "json"}), "test")
    structlog.configure(logger_factory=lambda *_: logs._Lines(lines.append), cache_logger_on_first_use=False)
    [handler] = root.handlers
    handler.emit = lambda record: lines.append(handler.format(record))  # type: ignore[method-assign]
    yield lines
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**before)


@pytest.mark.parametrize(("text", "secret"), SECRETS, ids=lambda each: each[:25])
def test_a_secret_is_cut_out_of_a_text(text: str, secret: str) -> None:
    assert secret not in redact(text)
    assert CUT in redact(text)


@pytest.mark.parametrize("text", KEPT)
def test_what_an_operator_needs_stays(text: str) -> None:
    assert redact(text) == text


def test_the_domain_of_an_address_stays() -> None:
    assert redact("asa@krokom.example") == f"{CUT}@krokom.example"


def test_no_field_exception_or_library_lets_a_secret_out(written: list[str]) -> None:
    ours, theirs = logs.get("ours"), logging.getLogger("theirs")

    class Thing:
        def __repr__(self) -> str:
            return text

    @given(st.sampled_from(SECRETS), around, around)
    @settings(max_examples=60, deadline=None, database=None)
    def check(canary: tuple[str, str], before: str, after: str) -> None:
        nonlocal text
        text = f"{before} {canary[0]} {after}"
        written.clear()
        ours.info(text, field=text, inside={text: [text, (text,)]}, thing=Thing(), token="opensesame")
        theirs.warning("said %s", text)
        try:
            raise ValueError(text)
        except ValueError:
            ours.exception("failed")
            theirs.exception("failed")

        assert len(written) == 4
        assert not [line for line in written if canary[1] in line or "opensesame" in line]
        assert all("Traceback" in line for line in written[2:])

    text = ""
    check()


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "a.",
        "a@",
        "@",
        "/a1",
        "?a=",
        "://",
        "://a:",
        "://a@",
        'password="',
        "token='\\",
        "bearer ",
        "1985",
        "2a",
        "a%40",
        "%C3",
        "+1",
    ],
)
def test_the_time_grows_as_the_text_does(unit: str) -> None:
    assert_linear(redact, make=lambda units: unit * units, most=16_000)

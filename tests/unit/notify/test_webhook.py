"""How webhooks are signed: as Standard Webhooks 1.0 says, so that its libraries verify them."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.domain.webhook import Event, payload, secrets_of, sign, signed_headers, verify
from shared.signing import Signer

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BODY = b'{"type":"idea.received"}'
SIGNER = Signer([b"k" * 32])


def test_the_published_example_and_the_reference_library_give_the_same_signature() -> None:
    """The second value was made with the PyPI package standardwebhooks 1.1.0."""
    assert sign(SECRET, ID, 1614265330, b'{"test": 2432232314}') == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    body = '{"title":"Kåsa"}'.encode()
    assert sign(SECRET, ID, 1614265330, body) == "v1,dU3EOACSUNawTghhj4G4QpPqjRTdtLQFpHC9yWMzNLs="


@given(st.binary(max_size=200), st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1))
def test_what_we_sign_verifies_and_nothing_else_does(body: bytes, message_id: str) -> None:
    headers = signed_headers([SECRET], message_id, AT, body)

    assert verify(SECRET, headers, body, AT)
    assert not verify(SECRET, headers, body + b" ", AT)
    assert not verify(SECRET, headers | {"webhook-id": message_id + "x"}, body, AT)
    assert not verify(secrets_of(SIGNER, "e", 1)[0], headers, body, AT)


@pytest.mark.parametrize("late", [timedelta(minutes=-6), timedelta(minutes=6), timedelta(days=1)])
def test_what_was_listened_to_is_refused_after_five_minutes(late: timedelta) -> None:
    headers = signed_headers([SECRET], ID, AT, BODY)

    assert not verify(SECRET, headers, BODY, AT + late)
    moved = {"webhook-timestamp": str(int((AT + late).timestamp()))}
    assert not verify(SECRET, headers | moved, BODY, AT + late)


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, "", "å", "v1", "v1,", "v2,x", "1e9"])
def test_broken_headers_are_refused_and_break_nothing(name: str, value: str | None) -> None:
    headers = signed_headers([SECRET], ID, AT, BODY)
    headers = {each: kept for each, kept in headers.items() if each != name} | ({name: value} if value else {})

    assert not verify(SECRET, headers, BODY, AT)


@pytest.mark.parametrize("secret", ["MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_å", "whsec_a"])
def test_a_secret_of_another_form_is_said_to_be_one(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        sign(secret, ID, 1, BODY)


def test_a_receiver_may_change_its_secret_after_us_or_before() -> None:
    """During a rotation both secrets verify; the one before the last does not."""
    old, new, newest = (secrets_of(SIGNER, "endpoint", generation) for generation in (1, 2, 3))
    headers = signed_headers(new, ID, AT, BODY)

    assert old[0] != new[0]
    assert verify(old[0], headers, BODY, AT)
    assert verify(new[0], headers, BODY, AT)
    assert not verify(newest[0], headers, BODY, AT)
    assert not verify(old[0], signed_headers(newest, ID, AT, BODY), BODY, AT)


def test_a_change_of_the_secret_key_breaks_no_receiver() -> None:
    before = secrets_of(Signer([b"k" * 32]), "endpoint", 1)[0]
    after = secrets_of(Signer([b"n" * 32, b"k" * 32]), "endpoint", 1)

    assert after[0] != before
    assert verify(before, signed_headers(after, ID, AT, BODY), BODY, AT)


def test_every_endpoint_has_a_secret_of_its_own_of_32_bytes() -> None:
    """Standard Webhooks wants 24 to 64 bytes."""
    secrets = {secrets_of(SIGNER, str(number), 1)[0] for number in range(50)}

    assert len(secrets) == 50
    assert {len(base64.b64decode(secret.removeprefix("whsec_"))) for secret in secrets} == {32}


def test_the_body_says_what_happened_and_when_in_the_standards_form() -> None:
    body = payload(Event.IDEA_RECEIVED, AT, {"reference": "KRO-2026-0042", "title": "Kåsa"})

    assert json.loads(body) == {
        "type": "idea.received",
        "timestamp": "2026-11-24T09:00:00Z",
        "data": {"reference": "KRO-2026-0042", "title": "Kåsa"},
    }
    assert "Kåsa".encode() in body


def test_the_receivers_page_shows_a_check_that_works() -> None:
    """The Python in docs/webhooks.md is run as it stands."""
    page = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
    shown: dict[str, Any] = {}
    exec(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1], shown)
    moment = datetime.now(UTC)
    old, new = (secrets_of(SIGNER, "endpoint", generation)[0] for generation in (1, 2))
    headers = signed_headers(secrets_of(SIGNER, "endpoint", 2), ID, moment, BODY)

    assert shown["is_ours"](old, headers, BODY)
    assert shown["is_ours"](new, headers, BODY)
    assert not shown["is_ours"](new, headers, BODY + b" ")
    assert not shown["is_ours"](SECRET, headers, BODY)
    late = signed_headers([new], ID, moment - timedelta(minutes=6), BODY)
    assert not shown["is_ours"](new, late, BODY)


def test_the_receivers_page_names_every_event() -> None:
    page = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()

    assert set(re.findall(r"^\| `([a-z.]+)` \|", page, re.MULTILINE)) == {event.value for event in Event}

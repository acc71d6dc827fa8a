"""What the open forms carry: nobody can make, alter or move it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import altcha
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.signing import Signer
from shared.web import form_tokens as form_token
from shared.web import proof

OLD, NEW = b"o" * 32, b"n" * 32
SIGNER = Signer([NEW])
WHEN = datetime(2026, 11, 3, 9, 14, tzinfo=UTC)


@given(st.text(max_size=40), st.integers(1_100_000_000, 7_000_000_000))
def test_a_token_tells_when_and_opens_its_own_form_alone(form, seconds) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    token = form_token.issue(SIGNER, form, moment)

    read = form_token.read(SIGNER, form, token)

    assert read is not None
    assert read.fetched_at == moment
    assert form_token.read(SIGNER, form + "x", token) is None
    assert form_token.read(Signer([OLD]), form, token) is None
    assert form_token.read(Signer([OLD, NEW]), form, token) == read
    assert form_token.issue(SIGNER, form, moment) != token


@given(st.integers(0, 69), st.characters(codec="utf-8"))
def test_a_token_changed_in_one_sign_is_no_token(place, sign) -> None:
    token = form_token.issue(SIGNER, "idea:krokom", WHEN)
    changed = token[:place] + sign + token[place + 1 :]

    assert changed == token or form_token.read(SIGNER, "idea:krokom", changed) is None


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_words_are_a_token_or_a_proof(words) -> None:
    assert form_token.read(SIGNER, "idea:krokom", words) is None
    assert proof.solved(SIGNER, "idea:krokom", words) is None


@pytest.fixture
def task(monkeypatch) -> altcha.Challenge:
    monkeypatch.setattr(proof, "TRIES", (1, 3))
    monkeypatch.setattr(proof, "ROUNDS", 10)
    return altcha.Challenge.from_dict(proof.task(SIGNER, "idea:krokom"))


def solution_of(task: altcha.Challenge) -> str:
    solution = altcha.solve_challenge(task)
    assert solution is not None
    return altcha.Payload(task, solution).to_base64()


def test_a_solved_task_holds_for_its_form_and_its_day_under_every_key(task) -> None:
    payload = solution_of(task)

    found = proof.solved(Signer([OLD, NEW]), "idea:krokom", payload)

    assert found is not None
    assert timedelta(hours=23) < found.expires_at - datetime.now(UTC) < timedelta(hours=25)
    assert proof.solved(SIGNER, "idea:berg", payload) is None
    assert proof.solved(Signer([OLD]), "idea:krokom", payload) is None
    assert proof.solved(SIGNER, "idea:krokom", payload + "=" * 5000) is None


def test_a_task_that_was_made_easier_later_or_for_another_form_is_not_ours(task) -> None:
    for change in ({"key_prefix": "00"}, {"cost": 1}, {"expires_at": 4_000_000_000}, {"data": {"for": "idea:berg"}}):
        altered = altcha.Challenge.from_dict(task.to_dict())
        for name, value in change.items():
            setattr(altered.parameters, name, value)
        wrong = altcha.Payload(altered, altcha.Solution(0, "00" * 32)).to_base64()
        assert proof.solved(SIGNER, "idea:krokom", wrong) is None
        assert proof.solved(SIGNER, "idea:berg", wrong) is None


def test_an_expired_or_unsolved_task_does_not_hold(task, monkeypatch) -> None:
    assert proof.solved(SIGNER, "idea:krokom", altcha.Payload(task, altcha.Solution(1, "ab" * 32)).to_base64()) is None
    monkeypatch.setattr(proof, "LIFE", timedelta(seconds=-1))
    old = altcha.Challenge.from_dict(proof.task(SIGNER, "idea:krokom"))
    assert proof.solved(SIGNER, "idea:krokom", solution_of(old)) is None

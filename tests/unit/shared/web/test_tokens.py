"""Bearer tokens: what we issue is taken, and nothing else is."""

from __future__ import annotations

import pytest

from shared.signing import Signer
from shared.web import tokens

SIGNER = Signer([b"a" * 32])


def test_a_token_carries_its_name_and_scopes() -> None:
    text = tokens.issue(SIGNER, name="krokom-board", scopes=["intake:write", "intake:read"])

    token = tokens.verify(SIGNER, text)

    assert token is not None
    assert token.name == "krokom-board"
    assert token.allows("intake:read")
    assert token.allows("intake:write")
    assert not token.allows("notify:read")


def test_the_star_allows_every_scope() -> None:
    token = tokens.verify(SIGNER, tokens.issue(SIGNER, name="demo", scopes=["*"]))

    assert token is not None
    assert token.allows("rsvp:write")


def test_a_token_fits_a_header_and_a_double_click() -> None:
    text = tokens.issue(SIGNER, name="demo", scopes=["intake:read", "notify:read"])

    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-._")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:-1] + ("a" if text[-1] != "a" else "b"),
        lambda text: text.replace("_intake.read_", "_all_"),
        lambda text: text.replace("_demo_", "_root_"),
        lambda text: text[:-1],
        lambda text: text.upper(),
        lambda text: f" {text}",
        lambda text: "",
        lambda text: "idesluss_demo_all_",
        lambda text: text + "a",
        lambda text: text.replace("_", "__", 1),
        lambda text: text + "å",
    ],
)
def test_an_altered_token_is_no_token(change) -> None:
    text = tokens.issue(SIGNER, name="demo", scopes=["intake:read"])

    assert tokens.verify(SIGNER, change(text)) is None


def test_another_key_does_not_verify_but_an_older_one_does() -> None:
    old = tokens.issue(SIGNER, name="demo", scopes=["*"])

    assert tokens.verify(Signer([b"b" * 32]), old) is None
    assert tokens.verify(Signer([b"b" * 32, b"a" * 32]), old) is not None


@pytest.mark.parametrize("name", ["", "Demo", "a_b", "å", "a" * 41, "-a"])
def test_a_name_that_would_not_come_back_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name"):
        tokens.issue(SIGNER, name=name, scopes=["*"])


@pytest.mark.parametrize("scopes", [[], ["intake"], ["intake:read-all"], ["Intake:read"], ["a.b:c"]])
def test_a_scope_that_would_not_come_back_is_refused(scopes: list[str]) -> None:
    with pytest.raises(ValueError, match="scopes"):
        tokens.issue(SIGNER, name="demo", scopes=scopes)

"""A key made by the command line signs, and its record verifies."""

from __future__ import annotations

import re
import shutil
import stat
from pathlib import Path

import dkim
import pytest
from click.testing import CliRunner, Result

from idesluss.cli import main
from services.notify.channels.dkim import Dkim

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not on this machine")


@pytest.fixture
def run(tmp_path: Path):
    def run_it(*arguments: str, keys: str = "keys") -> Result:
        folder = str(tmp_path / keys) if keys else ""
        env = {"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": "k" * 32, "IDESLUSS_DKIM_KEYS": folder}
        return CliRunner().invoke(main, ["dkim", *arguments], env=env)

    return run_it


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_a_made_key_signs_and_what_is_printed_verifies(run, kind: str, tmp_path: Path) -> None:
    made = run("create", "Krokom.example", "--selector", "s2026", "--type", kind)
    assert made.exit_code == 0, made.output
    name, text = made.output.strip().split(" IN TXT ")
    assert name == "s2026._domainkey.krokom.example."
    pieces = re.findall(r'"([^"]*)"', text)
    assert all(len(piece) <= 255 for piece in pieces)

    signed = Dkim(tmp_path / "keys").sign(b"From: ide@krokom.example\r\n\r\nhej\r\n")

    assert dkim.verify(
        signed, dnsfunc=lambda asked, timeout=5: "".join(pieces).encode() if asked.decode() == name else b""
    )
    path = tmp_path / "keys" / "krokom.example" / "s2026.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert run("record", "krokom.example").output == made.output


def test_a_key_is_never_written_over(run, tmp_path: Path) -> None:
    run("create", "krokom.example", "--type", "ed25519")
    path = tmp_path / "keys" / "krokom.example" / "idesluss.pem"
    before = path.read_bytes()

    again = run("create", "krokom.example", "--type", "ed25519")

    assert again.exit_code == 1
    assert "another --selector" in again.output
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "keys", "code", "word"),
    [
        (["create", "../x"], "keys", 2, "no domain"),
        (["create", "krokom"], "keys", 2, "no domain"),
        (["create", "krokom.example", "--selector", "../x"], "keys", 2, "--selector"),
        (["create", "krokom.example"], "", 2, "IDESLUSS_DKIM_KEYS"),
        (["record", "krokom.example"], "keys", 1, "dkim create krokom.example"),
    ],
)
def test_what_cannot_be_is_refused_with_a_word(run, arguments: list[str], keys: str, code: int, word: str) -> None:
    refused = run(*arguments, keys=keys)
    assert refused.exit_code == code
    assert word in refused.output

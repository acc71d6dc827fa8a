"""Settings: each is documented, wrong ones are named, and the secret key is made once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from shared.errors import MisconfiguredError
from shared.settings import VARIABLES, load

KEY = "k" * 40
TABLE = Path(__file__).parents[3] / "docs" / "settings.md"


def rows() -> dict[str, list[str]]:
    """Variable → its default, unit and meaning, from the table in docs/settings.md."""
    found = re.findall(r"^\| `([A-Z_]+)` \| (.+) \| (.+) \| (.+) \|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)
    return {variable: rest for variable, *rest in found}


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    assert list(rows()) == list(VARIABLES.values())


def test_documented_defaults_are_those_of_the_code(tmp_path: Path) -> None:
    settings = load({"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": KEY})
    told_otherwise = {"data_dir", "base_url", "secret_keys", "trusted_peers"}
    for field, variable in VARIABLES.items():
        if field in told_otherwise:
            continue
        value, documented = getattr(settings, field), rows()[variable][0].strip("`")
        if value in ("", ()):
            assert documented == "(none)", variable
        elif isinstance(value, bool):
            assert documented == str(value).lower(), variable
        else:
            assert documented == (f"{value:g}" if isinstance(value, float) else str(value)), variable


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("IDESLUSS_HTTP_PORT", "eighty"),
        ("IDESLUSS_LANGUAGE", "no"),
        ("IDESLUSS_TRUSTED_PEERS", "my-front"),
        ("IDESLUSS_SECRET_KEY", "short"),
        ("IDESLUSS_SMTP_TLS_CERT", "/certificate.pem"),
        ("IDESLUSS_DEMO", "perhaps"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, value: str, tmp_path: Path) -> None:
    environ = {"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": KEY, variable: value}
    with pytest.raises(MisconfiguredError, match=variable):
        load(environ)


def test_a_secret_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    first = load({"IDESLUSS_DATA_DIR": str(tmp_path)})
    second = load({"IDESLUSS_DATA_DIR": str(tmp_path)})

    assert first.secret_keys == second.secret_keys
    kept = tmp_path / "secrets" / "key"
    assert kept.stat().st_mode & 0o077 == 0
    assert kept.parent.stat().st_mode & 0o077 == 0


def test_a_new_key_signs_while_the_old_one_still_verifies(tmp_path: Path) -> None:
    old = load({"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": "a" * 32})
    new = load({"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": f"{'b' * 32},{'a' * 32}"})
    token = old.signer.token("follow", "KRO-2026-0042")

    assert new.signer.verify("follow", "KRO-2026-0042", token)
    assert new.signer.token("follow", "KRO-2026-0042") != token


def test_the_public_address_follows_host_and_port_unless_it_is_set(tmp_path: Path) -> None:
    common = {"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": KEY, "IDESLUSS_HTTP_PORT": "8080"}
    assert load(common).base_url == "http://127.0.0.1:8080"
    assert load(common | {"IDESLUSS_BASE_URL": "https://ide.example/"}).base_url == "https://ide.example"


def test_only_the_mapping_that_was_given_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A DATABASE_URL in the shell must not lead tests and benches to a real database."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://real.example/real")

    assert load({"IDESLUSS_DATA_DIR": str(tmp_path)}).database_url == ""


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    held = tmp_path / "database"
    held.write_text("postgresql://idesluss@db/idesluss\n")
    environ = {"IDESLUSS_DATA_DIR": str(tmp_path), "IDESLUSS_SECRET_KEY": KEY, "DATABASE_URL_FILE": str(held)}

    assert load(environ).database_url == "postgresql://idesluss@db/idesluss"
    with pytest.raises(MisconfiguredError, match="DATABASE_URL and DATABASE_URL_FILE"):
        load({**environ, "DATABASE_URL": "postgresql://other/idesluss"})
    held.unlink()
    with pytest.raises(MisconfiguredError, match="DATABASE_URL_FILE"):
        load(environ)

"""compose.yaml is what Compose reads, sets only what exists, and fences every container."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from idesluss.cli import main
from idesluss.front import PREFIXES
from shared.settings import FILE, VARIABLES, load
from tests.support.stack import ROOT, SECRETS, WITHOUT_END, compose, interpolated, ours

ENGINES = {"caddy", "postgres", "rabbitmq"}


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found = compose()["services"]
    assert isinstance(found, dict)
    return found


def test_it_is_what_the_compose_specification_allows() -> None:
    vendored = resources.files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"

    jsonschema.validate(compose(), json.loads(vendored.read_text()))


def test_compose_itself_reads_it(tmp_path: Path) -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("no docker compose on this machine")
    subprocess.run(
        ["docker", "compose", "--file", ROOT / "compose.yaml", "config", "--quiet"], check=True, cwd=tmp_path
    )


def test_every_role_has_a_container_and_a_command_that_exists(services: dict[str, dict[str, Any]]) -> None:
    commands = {name: service["command"] for name, service in ours().items()}

    assert set(commands) | ENGINES == set(services)
    assert [words[1:] for words in commands.values()] == [
        ["migrate"],
        ["listener"],
        *(["web", name] for name in ("intake", "rsvp", "notify")),
        *(["worker", name] for name in ("intake", "rsvp", "notify")),
        ["relay"],
        ["scheduler"],
        ["mailbox"],
        ["doctor"],
    ]
    for words in commands.values():
        assert CliRunner().invoke(main, [*words[1:], "--help"]).exit_code == 0, words


def test_variables_are_settings_and_files_are_secrets_of_the_service() -> None:
    known = set(VARIABLES.values())
    for name, service in ours().items():
        for variable, value in service["environment"].items():
            assert variable.removesuffix(FILE) in known, f"{name}: {variable}"
            if variable.endswith(FILE):
                assert value.removeprefix(f"{SECRETS}/") in service["secrets"], f"{name}: {variable}"
            else:
                assert isinstance(value, str), f"{name}: {variable} must be text"


def test_no_role_lacks_a_setting_and_the_owners_password_is_for_two(tmp_path: Path) -> None:
    subprocess.run([ROOT / "deploy/secrets", tmp_path / "secrets"], check=True, capture_output=True)
    for name, service in ours().items():
        given = {
            variable: interpolated(value).replace(SECRETS, str(tmp_path / "secrets"))
            for variable, value in service["environment"].items()
        }
        settings = load(given | {"IDESLUSS_DATA_DIR": str(tmp_path / name)})

        assert settings.broker_url.startswith("amqp://idesluss:")
        assert not settings.embedded_database
        assert bool(settings.database_owner_url) == (name in {"migrate", "admin"})
        assert not (tmp_path / name / "secrets").exists(), "a key of its own"


def test_secrets_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    for _ in range(2):
        subprocess.run([ROOT / "deploy/secrets", folder], check=True, capture_output=True)
        texts = {path.name: path.read_text() for path in folder.iterdir()}
    declared = {name: Path(secret["file"]).name for name, secret in compose()["secrets"].items()}

    assert folder.stat().st_mode & 0o777 == 0o700
    assert set(declared.values()) <= set(texts)
    assert len(texts["secret-key"]) == 64
    assert texts["postgres-password"] in texts["database-owner-url"]
    assert texts["rabbitmq-password"] in texts["broker-url"]
    assert texts["rabbitmq-password"] in texts["rabbitmq.conf"]
    assert len(set(texts.values()) - {""}) == len([text for text in texts.values() if text])


def test_every_container_is_fenced(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service.keys() >= {"mem_limit", "cpus", "pids_limit"}, name
        assert service["logging"]["options"]["max-size"], name
        assert service.get("read_only") or name in {"postgres", "rabbitmq"}, name
        assert "healthcheck" in service or name in WITHOUT_END, name
        assert "PASSWORD" not in {key for key in service.get("environment", {}) if not key.endswith(FILE)}, name


def test_neither_database_nor_broker_can_be_reached_from_outside(services: dict[str, dict[str, Any]]) -> None:
    assert compose()["networks"]["inside"] == {"internal": True}
    for name in ("postgres", "rabbitmq"):
        assert services[name]["networks"] == ["inside"]
        assert "ports" not in services[name]
    assert services["caddy"]["networks"] == ["front"]
    assert {name for name, service in services.items() if "ports" in service} == {"caddy", "listener"}


def test_prometheus_in_the_network_finds_every_role_and_nobody_outside_does() -> None:
    example = (ROOT / "deploy/prometheus/prometheus.yml").read_text()
    for name, service in ours().items():
        if name in WITHOUT_END:
            continue
        port = service["environment"]["IDESLUSS_HTTP_PORT" if name.startswith("web-") else "IDESLUSS_METRICS_PORT"]
        assert f"{name}:{port}" in example
        assert not any(str(published).endswith(f":{port}") for published in service.get("ports", ()))


def test_caddys_routes_are_those_of_the_front() -> None:
    caddyfile = (ROOT / "deploy/Caddyfile").read_text()
    for service, prefixes in PREFIXES.items():
        (matched,) = re.findall(rf"@{service} path (.+)", caddyfile)

        assert matched.split() == [path for prefix in prefixes for path in (prefix, f"{prefix}/*")]

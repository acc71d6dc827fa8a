"""Figures, alerts and dashboard fit together: what a rule or panel asks for is told, and what is documented is watched."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from werkzeug.test import Client

from idesluss import archives, demo
from idesluss.backup_age import BackupAge
from idesluss.front import create_front
from services.intake.smtp.figures import SmtpFigures
from services.intake.smtp.listener import Listener
from shared import meters
from shared.bus import outbox
from shared.bus.inbox import Inbox, Task
from shared.contracts.registry import MAIL_RECEIVED
from shared.db import Database, Role
from shared.errors import MisconfiguredError, TemporaryFailure
from shared.ids import new_id
from shared.settings import Settings, load
from tests.support.closing import databases_closed
from tests.support.ports import free_port

ROOT = Path(__file__).parents[3]
PROMETHEUS, GRAFANA = ROOT / "deploy/prometheus", ROOT / "deploy/grafana"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads((GRAFANA / "idesluss.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
PROMTOOL = shutil.which("promtool")
with_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool (Debian's package prometheus) is not here")


@pytest.fixture(scope="module")
def origin(module_settings: Settings) -> Iterator[Client]:
    demo.seed(module_settings)
    with databases_closed():
        yield Client(create_front(module_settings))


@pytest.fixture(scope="module")
def told(origin: Client, module_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of all series that our processes tell."""
    folder = tmp_path_factory.mktemp("backups")
    archive = folder / "idesluss-20261124T010000Z"
    archive.mkdir()
    archives.Manifest(1, "2026-11-24T01:00:00+00:00", "1", 18, 18, {}, {}, "", 0, "", "", 1.0).write(archive)
    others = CollectorRegistry()
    others.register(SmtpFigures(Listener(module_settings)))
    others.register(BackupAge(folder))
    names = {"up"}
    for name, kind in re.findall(r"^# TYPE (\S+) (\w+)$", origin.get("/metrics").text + _text(others), re.MULTILINE):
        names |= {name} if kind != "histogram" else {f"{name}_{part}" for part in ("bucket", "sum", "count")}
    return names


def _text(registry: CollectorRegistry) -> str:
    return generate_latest(registry).decode()


def asked_for(expression: str) -> set[str]:
    """The series that a PromQL expression names."""
    bare = re.sub(r'"[^"]*"', "", expression)
    return set(re.findall(r"(?<![\w$])(?:idesluss|process|python)_\w+|(?<![\w$])up(?=[{ ])", bare))


def test_every_rule_and_panel_asks_for_what_is_told(told: set[str]) -> None:
    for expression in (*EXPRESSIONS, *(rule["expr"] for rule in RULES)):
        assert asked_for(expression), expression
        assert asked_for(expression) - told == set(), expression


def test_every_figure_is_explained(told: set[str]) -> None:
    page = (ROOT / "docs/observability.md").read_text()
    families = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in told if name.startswith("idesluss_")}
    explained: set[str] = set()
    for row in re.findall(r"^\| (`idesluss_.*?) \|", page, re.MULTILINE):
        first = ""
        for name in re.findall(r"`([\w*]+)`", row):
            first = first or name.rpartition("_sessions")[0]
            explained.add(name if name.startswith("idesluss") else first + name)
    missing = {
        name
        for name in families - {"idesluss_metrics_sources_failed"}
        if not any(re.fullmatch(each.replace("*", ".*"), name) for each in explained)
    }
    assert missing == set()


def test_every_alert_leads_to_what_to_do() -> None:
    page = (ROOT / "docs/observability.md").read_text()
    anchors = {line.strip("# ").lower().replace(" ", "-") for line in page.splitlines() if line.startswith("#")}
    for rule in RULES:
        where, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (where, anchor in anchors) == ("docs/observability.md", True), rule["alert"]
        assert rule["labels"]["severity"] in ("page", "ticket")


def test_every_documented_alarm_has_a_rule() -> None:
    alarms = (ROOT / "docs/queue.md").read_text().partition("## Alarms")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| [A-Z].*$", alarms, re.MULTILINE)
    documented = [set(re.findall(r"`(idesluss_\w+)`", row)) for row in rows]
    watched = set().union(*(asked_for(rule["expr"]) for rule in RULES))

    assert len(documented) >= 5
    assert [row for row, names in zip(rows, documented, strict=True) if not names or names - watched] == []


def test_the_dashboard_is_one_that_grafana_takes() -> None:
    assert DASHBOARD["schemaVersion"] >= 36
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])
    cells: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        covered = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not covered & cells, panel["title"]
        cells |= covered
    for panel in PANELS:
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    assert [variable["name"] for variable in DASHBOARD["templating"]["list"]] == ["datasource"]
    [provider] = yaml.safe_load((GRAFANA / "provisioning/dashboards/idesluss.yml").read_text())["providers"]
    assert provider["type"] == "file"


@with_promtool
def test_the_alerts_go_off_when_they_should() -> None:
    assert PROMTOOL
    for command in (["test", "rules", "alerts.test.yml"], ["check", "config", "prometheus.yml"]):
        done = subprocess.run([PROMTOOL, *command], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
    tested = yaml.safe_load((PROMETHEUS / "alerts.test.yml").read_text())["tests"]
    fired = {case["alertname"] for each in tested for case in each["alert_rule_test"] if case.get("exp_alerts")}
    assert fired == {rule["alert"] for rule in RULES}


@with_promtool
def test_every_panel_asks_in_promql(tmp_path: Path) -> None:
    assert PROMTOOL
    rules = [
        {"record": f"panel:{number}", "expr": expression.replace("$__rate_interval", "5m")}
        for number, expression in enumerate(EXPRESSIONS)
    ]
    file = tmp_path / "panels.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run([PROMTOOL, "check", "rules", str(file)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_requests_are_counted_by_their_route_alone(origin: Client) -> None:
    asked = 'idesluss_http_requests_total{method="GET",route="/i/<reference>",service="intake",status="404"} '

    def number() -> float:
        return sum(float(line.removeprefix(asked)) for line in metrics.splitlines() if line.startswith(asked))

    metrics = origin.get("/metrics").text
    before = number()  # by other tests in this process
    for reference in ("KRO-2026-0001", "KRO-2026-0002"):
        assert origin.get(f"/i/{reference}?t=kanarie").status_code == 404
    origin.open("/nowhere/kanarie", method="KANARIE")

    metrics = origin.get("/metrics").text
    assert number() == before + 2
    assert 'method="other",route="(none)"' in metrics
    assert "kanarie" not in metrics.lower()
    assert "KRO-" not in metrics


def test_attempts_are_counted_by_what_came_of_them(module_settings: Settings) -> None:
    def handle(task: Task) -> None:
        if task.attempt == 1 and not put_off:
            put_off.append(task)
            raise TemporaryFailure("later")
        if len(put_off) == 1:
            put_off.append(task)
            raise ValueError
        with task.transaction():
            pass

    put_off: list[Task] = []
    database = Database(module_settings, Role.INTAKE)
    inbox = Inbox(database, "intake", {MAIL_RECEIVED.name: handle})
    before = {outcome: _attempts(outcome) for outcome in ("put-off", "failed", "done")}
    with database.transaction() as session:
        message_id = outbox.put(session, MAIL_RECEIVED, {"inbound_email_id": new_id()})
    for _ in before:
        inbox.run(message_id)
    database.dispose()

    assert {outcome: _attempts(outcome) - count for outcome, count in before.items()} == dict.fromkeys(before, 1)


def _attempts(outcome: str) -> float:
    labels = {"consumer": "intake", "message": MAIL_RECEIVED.name, "outcome": outcome}
    return meters.REGISTRY.get_sample_value("idesluss_attempts_total", labels) or 0.0


def test_a_role_without_pages_tells_its_figures_at_a_port_of_its_own(tmp_path: Path) -> None:
    port = free_port()
    settings = load({"IDESLUSS_METRICS_PORT": str(port), "IDESLUSS_DATA_DIR": str(tmp_path)})

    assert meters.serve(settings) == port
    assert "process_resident_memory_bytes" in requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text
    with pytest.raises(MisconfiguredError, match="IDESLUSS_METRICS_PORT"):
        meters.serve(settings)
    assert meters.serve(load({"IDESLUSS_DATA_DIR": str(tmp_path)})) == 0


def test_ideas_past_their_promise_are_told_by_sluice(origin: Client, module_settings: Settings) -> None:
    metrics = origin.get("/metrics").text
    assert 'idesluss_ideas_unanswered{sluice="krokom"}' in metrics
    assert 'idesluss_ideas_overdue{sluice="krokom"}' in metrics
    assert "idesluss_metrics_sources_failed 0.0" in metrics

"""Habits that no linter knows, each with its reason."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(path for folder in ("services", "shared", "idesluss") for path in (ROOT / folder).rglob("*.py"))


@cache
def parsed(path: Path) -> ast.Module:
    """A file's tree, read once for all that is asked about it."""
    return ast.parse(path.read_text())


def calls() -> Iterator[tuple[Path, ast.Call, str]]:
    """Every call in our code, with what is called as written."""
    for path in SOURCES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call):
                yield path.relative_to(ROOT), node, ast.unparse(node.func)


def test_no_request_goes_out_without_a_time_limit() -> None:
    """A peer that never answers would hold a worker for ever."""
    found = [
        f"{path}:{node.lineno}"
        for path, node, name in calls()
        if name.startswith("requests.") and not any(keyword.arg == "timeout" for keyword in node.keywords)
    ]
    assert found == []


def test_no_statement_is_put_together_from_values() -> None:
    """SQL is made of constants and parameters: an f-string in text() is an injection waiting."""
    found = [
        f"{path}:{node.lineno}"
        for path, node, name in calls()
        if name in ("text", "sqlalchemy.text") and node.args and isinstance(node.args[0], ast.JoinedStr)
    ]
    assert found == []


def test_nothing_is_unpickled() -> None:
    """What crosses a process border is plain data: a pickle from a broken child runs its code here."""
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if any(
            isinstance(node, ast.Import | ast.ImportFrom) and "pickle" in ast.unparse(node)
            for node in ast.walk(parsed(path))
        )
    ]
    assert found == []


@pytest.mark.parametrize("name", ["email", "calendar", "queue", "logging", "signal"])
def test_no_file_hides_a_module_of_the_standard_library(name: str) -> None:
    """A file run as a script puts its folder first on the path, and then hides what bears its name."""
    # Never run as scripts, never imported by their bare name.
    allowed = {Path("services/intake/mail/parts/calendar.py"), Path("services/rsvp/usecases/calendar.py")}
    found = {path.relative_to(ROOT) for path in SOURCES if path.stem == name} - allowed
    assert found == set()


def test_packages_hold_no_code() -> None:
    """Code in __init__.py runs on every import below it, and nobody looks for it there."""
    found = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path.name == "__init__.py" and any(not isinstance(node, ast.Expr) for node in parsed(path).body)
    ]
    assert found == []

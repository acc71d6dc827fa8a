"""Alembic's way in to the schema bus."""

from shared.migrations import run_env

run_env("bus")

"""Alembic's way in to the schema intake."""

from shared.migrations import run_env

run_env("intake")

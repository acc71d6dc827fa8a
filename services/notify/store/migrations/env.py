"""Alembic's way in to the schema notify."""

from shared.migrations import run_env

run_env("notify")

"""Alembic's way in to the schema mailbox."""

from shared.migrations import run_env

run_env("mailbox")

"""Alembic's way in to the schema rsvp."""

from shared.migrations import run_env

run_env("rsvp")

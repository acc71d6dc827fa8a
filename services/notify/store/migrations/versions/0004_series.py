"""Mails that leave in order."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        ALTER TABLE notify.notification ADD COLUMN series TEXT, ADD COLUMN series_number INTEGER;
        CREATE INDEX ix_notification_series ON notify.notification (series, series_number) WHERE series IS NOT NULL;
    """)


def downgrade() -> None:
    op.execute("ALTER TABLE notify.notification DROP COLUMN series, DROP COLUMN series_number")

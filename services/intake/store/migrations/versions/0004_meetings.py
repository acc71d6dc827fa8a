"""Coming meetings, as rsvp tells of them, for the region's page; and sluices are told of anew, with their colours."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE intake.meeting (
            id UUID NOT NULL,
            slug TEXT NOT NULL,
            sluice_slug TEXT NOT NULL,
            tour_slug TEXT,
            state TEXT NOT NULL,
            title JSONB NOT NULL,
            place TEXT NOT NULL,
            starts_at TIMESTAMPTZ,
            ends_at TIMESTAMPTZ,
            version INTEGER NOT NULL,
            told_at TIMESTAMPTZ NOT NULL,
            CONSTRAINT pk_meeting PRIMARY KEY (id)
        );
        CREATE INDEX ix_meeting_starts_at ON intake.meeting (starts_at) WHERE state = 'published';
        UPDATE intake.sluice SET announced_at = NULL;
    """)


def downgrade() -> None:
    op.drop_table("meeting", schema="intake")

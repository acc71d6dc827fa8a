"""Calendar replies are kept from the first day, so that none is lost before events exist."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE rsvp.calendar_reply (
            inbound_email_id UUID NOT NULL,
            uid TEXT,
            sequence INTEGER,
            attendee TEXT,
            partstat TEXT,
            sender TEXT,
            vouched BOOLEAN NOT NULL,
            received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_calendar_reply PRIMARY KEY (inbound_email_id)
        )
    """)


def downgrade() -> None:
    op.drop_table("calendar_reply", schema="rsvp")

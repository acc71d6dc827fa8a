"""What became of the messages about an idea, and whether others know of a sluice as it is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = TIMESTAMP(timezone=True)


def upgrade() -> None:
    op.create_table(
        "idea_message",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("idea_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("line", sa.Text()),
        sa.Column("replaces", sa.Uuid()),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("notification_id", name="pk_idea_message"),
        sa.ForeignKeyConstraint(
            ["idea_id"], ["intake.idea.id"], name="fk_idea_message_idea_id_idea", ondelete="CASCADE"
        ),
        schema="intake",
    )
    op.create_index("ix_idea_message_idea_id", "idea_message", ["idea_id"], schema="intake")
    op.add_column("sluice", sa.Column("announced_at", MOMENT), schema="intake")


def downgrade() -> None:
    op.drop_column("sluice", "announced_at", schema="intake")
    op.drop_table("idea_message", schema="intake")

"""Notifications and the attempts at sending them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATES = (
    "'created', 'sending', 'sent', 'delivered', 'temporary-failure', 'permanent-failure', 'technical-failure', "
    "'suppressed', 'cancelled'"
)


def upgrade() -> None:
    op.create_table(
        "notification",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="email", nullable=False),
        sa.Column("recipient_address", sa.Text(), nullable=False),
        sa.Column("recipient_folded", sa.Text(), nullable=False),
        sa.Column("recipient_name", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("idea_reference", sa.Text()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("reply", sa.Text()),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("next_try", TIMESTAMP(timezone=True)),
        sa.Column("due_message_id", sa.Uuid()),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("created_at", TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("updated_at", TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.UniqueConstraint("idempotency_key", name="uq_notification_idempotency_key"),
        sa.UniqueConstraint("message_id", name="uq_notification_message_id"),
        sa.CheckConstraint(f"state IN ({STATES})", name="ck_notification_state"),
        schema="notify",
    )
    op.create_table(
        "attempt",
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", TIMESTAMP(timezone=True), nullable=False),
        sa.Column("finished_at", TIMESTAMP(timezone=True)),
        sa.Column("outcome", sa.Text()),
        sa.Column("reply", sa.Text()),
        sa.PrimaryKeyConstraint("notification_id", "number", name="pk_attempt"),
        sa.ForeignKeyConstraint(
            ["notification_id"],
            ["notify.notification.id"],
            name="fk_attempt_notification_id_notification",
            ondelete="CASCADE",
        ),
        schema="notify",
    )
    op.execute("ALTER TABLE notify.notification SET (fillfactor = 80)")
    op.execute("CREATE INDEX ix_notification_idea ON notify.notification (idea_reference, created_at, id)")
    op.execute("CREATE INDEX ix_notification_recipient ON notify.notification (recipient_folded, created_at)")
    op.execute("CREATE INDEX ix_notification_state ON notify.notification (state, created_at, id)")
    op.execute("CREATE INDEX ix_notification_newest ON notify.notification (created_at DESC, id DESC)")
    op.execute("CREATE INDEX ix_attempt_interrupted ON notify.attempt (notification_id) WHERE outcome = 'interrupted'")
    op.execute("""
        CREATE INDEX ix_notification_waiting ON notify.notification (due_at)
         WHERE state = 'temporary-failure' AND reason = 'relay-away'
    """)


def downgrade() -> None:
    op.drop_table("attempt", schema="notify")
    op.drop_table("notification", schema="notify")

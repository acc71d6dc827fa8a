"""The bus: what was said, who has yet to act on it, and who may touch which row.

A service says anything and hears everything, but moves only its own deliveries (row level security).
The relay moves all deliveries and cleans up; it never reads a payload.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

SERVICES = "idesluss_intake, idesluss_rsvp, idesluss_notify"
RELAY = "idesluss_relay"


def upgrade() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("correlation_id", sa.Text(), nullable=False),
        sa.Column("created_at", TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
        schema="bus",
    )
    op.create_table(
        "delivery",
        sa.Column("consumer", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("rings", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try", TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("claimed_until", TIMESTAMP(timezone=True)),
        sa.Column("last_error", sa.Text()),
        sa.Column("done_at", TIMESTAMP(timezone=True)),
        sa.Column("parked_at", TIMESTAMP(timezone=True)),
        sa.Column("discarded", sa.Text()),
        sa.PrimaryKeyConstraint("consumer", "message_id", name="pk_delivery"),
        sa.ForeignKeyConstraint(
            ["message_id"], ["bus.message.id"], name="fk_delivery_message_id_message", ondelete="CASCADE"
        ),
        schema="bus",
    )

    # a queue: rows are updated a few times and deleted, so leave room on the page and clean by count, not by share
    op.execute("""
        ALTER TABLE bus.delivery SET (fillfactor = 70,
            autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
            autovacuum_analyze_scale_factor = 0.02, autovacuum_analyze_threshold = 1000)
    """)
    op.execute("CREATE INDEX ix_delivery_open ON bus.delivery (next_try) WHERE done_at IS NULL AND parked_at IS NULL")
    op.execute("CREATE INDEX ix_delivery_parked ON bus.delivery (parked_at) WHERE parked_at IS NOT NULL")
    op.execute("CREATE INDEX ix_delivery_done_at ON bus.delivery (done_at)")
    op.execute("CREATE INDEX ix_delivery_message_id ON bus.delivery (message_id)")
    op.execute("CREATE INDEX ix_message_created_at ON bus.message (created_at)")

    op.execute(f"GRANT SELECT, INSERT ON bus.message TO {SERVICES}")
    op.execute(f"GRANT SELECT (id, name, correlation_id, created_at), DELETE ON bus.message TO {RELAY}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE ON bus.delivery TO {SERVICES}")
    op.execute(f"GRANT SELECT, UPDATE, DELETE ON bus.delivery TO {RELAY}")

    op.execute("ALTER TABLE bus.delivery ENABLE ROW LEVEL SECURITY")
    own = "'idesluss_' || consumer = current_user"
    op.execute(f"CREATE POLICY read_own ON bus.delivery FOR SELECT TO {SERVICES} USING ({own})")
    op.execute(f"CREATE POLICY move_own ON bus.delivery FOR UPDATE TO {SERVICES} USING ({own})")
    op.execute(f"CREATE POLICY owe_anybody ON bus.delivery FOR INSERT TO {SERVICES} WITH CHECK (true)")
    op.execute(f"CREATE POLICY relay ON bus.delivery TO {RELAY} USING (true)")


def downgrade() -> None:
    op.drop_table("delivery", schema="bus")
    op.drop_table("message", schema="bus")

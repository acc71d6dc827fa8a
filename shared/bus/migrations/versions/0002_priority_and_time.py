"""What is prompt goes first, and a duty may begin at a later time.

``due_at`` is when a delivery first may be done; its age is counted from there, so that what is planned for
tomorrow is not late today.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "delivery", sa.Column("priority", sa.SmallInteger(), server_default="0", nullable=False), schema="bus"
    )
    op.add_column(
        "delivery",
        sa.Column("due_at", TIMESTAMP(timezone=True), server_default=sa.func.now(), nullable=False),
        schema="bus",
    )
    op.execute("DROP INDEX bus.ix_delivery_open")
    op.execute("""
        CREATE INDEX ix_delivery_open ON bus.delivery (consumer, priority, next_try)
         WHERE done_at IS NULL AND parked_at IS NULL
    """)


def downgrade() -> None:
    op.execute("DROP INDEX bus.ix_delivery_open")
    op.execute("CREATE INDEX ix_delivery_open ON bus.delivery (next_try) WHERE done_at IS NULL AND parked_at IS NULL")
    op.drop_column("delivery", "due_at", schema="bus")
    op.drop_column("delivery", "priority", schema="bus")

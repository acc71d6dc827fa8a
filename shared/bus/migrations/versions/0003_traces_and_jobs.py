"""A message bears the trace that it belongs to; and each job of the clock is done once, however many schedulers run."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RELAY = "idesluss_relay"


def upgrade() -> None:
    op.execute(f"""
        ALTER TABLE bus.message ADD COLUMN trace TEXT;
        GRANT SELECT (trace) ON bus.message TO {RELAY};
        CREATE TABLE bus.job (
            name TEXT NOT NULL,
            started_at TIMESTAMPTZ,
            finished_at TIMESTAMPTZ,
            due_at TIMESTAMPTZ NOT NULL,
            runs BIGINT NOT NULL DEFAULT 0,
            failures BIGINT NOT NULL DEFAULT 0,
            last_error TEXT,
            CONSTRAINT pk_job PRIMARY KEY (name)
        );
        GRANT SELECT, INSERT, UPDATE, DELETE ON bus.job TO {RELAY};
    """)


def downgrade() -> None:
    op.drop_table("job", schema="bus")
    op.drop_column("message", "trace", schema="bus")

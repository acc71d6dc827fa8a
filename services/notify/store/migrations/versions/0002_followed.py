"""Messages of several kinds and ways out, followed to their end: books, wordings, suppressions, rhythms, webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = TIMESTAMP(timezone=True)

NEW_COLUMNS: tuple[sa.Column[object], ...] = (
    sa.Column("category", sa.Text(), server_default="asked-for", nullable=False),
    sa.Column("sluice_slug", sa.Text()),
    sa.Column("wording_id", sa.Uuid()),
    sa.Column("paced_until", MOMENT),
    sa.Column("carried_by", sa.Uuid()),
    sa.Column("replaces", sa.Uuid()),
    sa.Column("wants_receipt", sa.Boolean(), server_default=sa.false(), nullable=False),
    sa.Column("provider_id", sa.Text()),
)


def upgrade() -> None:
    for column in NEW_COLUMNS:
        op.add_column("notification", column, schema="notify")
    op.execute("UPDATE notify.notification SET sluice_slug = facts::json -> 'sluice' ->> 'slug'")
    op.execute("UPDATE notify.notification SET category = 'ideas' WHERE kind IN ('notice', 'notice-held', 'added')")
    op.execute(
        "CREATE INDEX ix_notification_carried_by ON notify.notification (carried_by) WHERE carried_by IS NOT NULL"
    )
    op.execute("CREATE INDEX ix_notification_replaces ON notify.notification (replaces) WHERE replaces IS NOT NULL")
    op.execute("""
        CREATE INDEX ix_notification_unsent ON notify.notification (due_at)
         WHERE state IN ('created', 'sending') OR (state = 'temporary-failure' AND next_try IS NOT NULL)
    """)
    op.create_table(
        "tally",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", "account", "shard", name="pk_tally"),
        schema="notify",
    )
    op.execute("""
        INSERT INTO notify.tally (day, account, shard, number)
        SELECT (created_at AT TIME ZONE 'Europe/Stockholm')::date, 'asked', 0, count(*)
          FROM notify.notification GROUP BY 1
        UNION ALL
        SELECT (updated_at AT TIME ZONE 'Europe/Stockholm')::date,
               CASE WHEN state IN ('sent', 'delivered') THEN 'sent'
                    WHEN state IN ('suppressed', 'cancelled') THEN 'suppressed'
                    ELSE 'failed' END, 0, count(*)
          FROM notify.notification
         WHERE state NOT IN ('created', 'sending') AND NOT (state = 'temporary-failure' AND next_try IS NOT NULL)
         GROUP BY 1, 2
    """)
    op.create_table(
        "sluice",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("contacts", sa.Text(), nullable=False),
        sa.Column("told_at", MOMENT, nullable=False),
        sa.Column("sender_name_sv", sa.Text(), server_default="", nullable=False),
        sa.Column("sender_name_en", sa.Text(), server_default="", nullable=False),
        sa.Column("signature_sv", sa.Text(), server_default="", nullable=False),
        sa.Column("signature_en", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("slug", name="pk_sluice"),
        schema="notify",
    )
    op.create_table(
        "wording",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("sluice_slug", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text()),
        sa.Column("body", sa.Text()),
        sa.Column("comment", sa.Text(), server_default="", nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_wording"),
        sa.CheckConstraint("(subject IS NULL) = (body IS NULL)", name="ck_wording_whole"),
        schema="notify",
    )
    op.execute("""
        CREATE UNIQUE INDEX uq_wording_version
            ON notify.wording (kind, language, coalesce(sluice_slug, ''), version DESC)
    """)
    op.create_table(
        "suppression",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), server_default="email", nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("line", sa.Text(), server_default="", nullable=False),
        sa.Column("notification_id", sa.Uuid()),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT),
        sa.Column("released_at", MOMENT),
        sa.Column("released_by", sa.Text()),
        sa.Column("release_reason", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_suppression"),
        schema="notify",
    )
    op.execute("""
        CREATE UNIQUE INDEX uq_suppression_in_force
            ON notify.suppression (address, channel, cause) WHERE released_at IS NULL
    """)
    op.execute("CREATE INDEX ix_suppression_newest ON notify.suppression (created_at DESC, id DESC)")
    op.create_table(
        "preference",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("category", sa.Text(), nullable=False),
        sa.Column("rhythm", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("address", "category", name="pk_preference"),
        schema="notify",
    )
    op.create_table(
        "endpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("sluice_slug", sa.Text()),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("events", ARRAY(sa.Text()), nullable=False),
        sa.Column("generation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("paused_reason", sa.Text()),
        sa.Column("failing_since", MOMENT),
        sa.Column("succeeded_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_endpoint"),
        sa.UniqueConstraint("idempotency_key", name="uq_endpoint_idempotency_key"),
        schema="notify",
    )
    op.create_table(
        "pace",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("next_free", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_pace"),
        schema="notify",
    )
    op.execute("ALTER TABLE notify.pace SET (fillfactor = 50)")
    op.execute("ALTER TABLE notify.tally SET (fillfactor = 50)")
    op.create_table(
        "operation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_operation"),
        schema="notify",
    )
    op.execute("CREATE INDEX ix_operation_newest ON notify.operation (at DESC, id DESC)")


def downgrade() -> None:
    for table in ("operation", "pace", "endpoint", "preference", "suppression", "wording", "sluice", "tally"):
        op.drop_table(table, schema="notify")
    op.execute("DROP INDEX notify.ix_notification_unsent")
    for column in reversed(NEW_COLUMNS):
        op.drop_column("notification", column.name, schema="notify")

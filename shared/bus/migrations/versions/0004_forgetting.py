"""What was said about a person can be found on the bus and emptied: by intake, and by these two functions alone."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

INTAKE = "idesluss_intake"


def upgrade() -> None:
    # Their owner's rights, not the caller's: no service reads another's deliveries, nor changes what was said.
    op.execute("""
        CREATE FUNCTION bus.undone_about(words TEXT[], spared UUID) RETURNS BIGINT
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            SELECT count(*) FROM bus.delivery AS d JOIN bus.message AS m ON m.id = d.message_id
             WHERE d.done_at IS NULL AND NOT (m.id = spared AND d.consumer = 'intake')
               AND EXISTS (SELECT FROM unnest(words) AS word WHERE strpos(lower(m.payload), lower(word)) > 0)
        $$;
        CREATE FUNCTION bus.forget(words TEXT[], spared UUID) RETURNS BIGINT
        LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
            UPDATE bus.message SET payload = '{}' WHERE id = spared;
            WITH gone AS (
                DELETE FROM bus.message AS m
                 WHERE m.id <> spared
                   AND NOT EXISTS (SELECT FROM bus.delivery AS d WHERE d.message_id = m.id AND d.done_at IS NULL)
                   AND EXISTS (SELECT FROM unnest(words) AS word WHERE strpos(lower(m.payload), lower(word)) > 0)
                RETURNING 1)
            SELECT count(*) FROM gone;
        $$;
    """)
    op.execute(f"""
        REVOKE ALL ON FUNCTION bus.undone_about(TEXT[], UUID), bus.forget(TEXT[], UUID) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION bus.undone_about(TEXT[], UUID), bus.forget(TEXT[], UUID) TO {INTAKE};
    """)


def downgrade() -> None:
    op.execute("DROP FUNCTION bus.forget(TEXT[], UUID); DROP FUNCTION bus.undone_about(TEXT[], UUID)")

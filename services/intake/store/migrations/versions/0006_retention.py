"""How long each sluice keeps what, and by which decision; what was removed; and the clock that removing goes by."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

UPGRADE = """
    CREATE TABLE intake.retention (
        sluice_id UUID NOT NULL,
        ideas_days INTEGER,
        implemented_days INTEGER,
        names_days INTEGER,
        mails_days INTEGER,
        strays_days INTEGER,
        files_days INTEGER,
        drafts_days INTEGER,
        followers_days INTEGER,
        decision TEXT NOT NULL DEFAULT '',
        version INTEGER NOT NULL DEFAULT 1,
        changed_at TIMESTAMPTZ NOT NULL,
        changed_by TEXT NOT NULL,
        CONSTRAINT pk_retention PRIMARY KEY (sluice_id),
        CONSTRAINT fk_retention_sluice_id_sluice FOREIGN KEY (sluice_id)
            REFERENCES intake.sluice (id) ON DELETE CASCADE,
        CONSTRAINT ck_retention_days CHECK (
            0 < ALL (array_remove(ARRAY[ideas_days, implemented_days, names_days, mails_days, strays_days, files_days,
                                        drafts_days, followers_days], NULL))),
        CONSTRAINT ck_retention_decision CHECK (
            decision <> '' OR num_nonnulls(ideas_days, implemented_days, names_days, mails_days, strays_days,
                                           files_days, drafts_days, followers_days) = 0)
    );
    CREATE TABLE intake.removed (
        idea_id UUID NOT NULL,
        reference TEXT NOT NULL,
        sluice_id UUID NOT NULL,
        at TIMESTAMPTZ NOT NULL,
        decision TEXT NOT NULL,
        job_id UUID NOT NULL,
        CONSTRAINT pk_removed PRIMARY KEY (idea_id),
        CONSTRAINT uq_removed_reference UNIQUE (reference),
        CONSTRAINT fk_removed_sluice_id_sluice FOREIGN KEY (sluice_id) REFERENCES intake.sluice (id),
        CONSTRAINT fk_removed_job_id_data_job FOREIGN KEY (job_id) REFERENCES intake.data_job (id)
    );
    CREATE INDEX ix_removed_job_id ON intake.removed (job_id);
    CREATE TABLE intake.seen_clock (
        name TEXT NOT NULL,
        seen_at TIMESTAMPTZ NOT NULL,
        jumped_at TIMESTAMPTZ,
        looked_at TIMESTAMPTZ NOT NULL,
        CONSTRAINT pk_seen_clock PRIMARY KEY (name)
    );
    ALTER TABLE intake.idea ADD COLUMN kept TEXT;
    ALTER TABLE intake.raw_mail ADD COLUMN removed_at TIMESTAMPTZ;
    ALTER TABLE intake.inbound_email ADD COLUMN removed_at TIMESTAMPTZ;
    CREATE INDEX ix_idea_ended ON intake.idea (sluice_id, updated_at) WHERE stage IN ('closed', 'implemented');
    CREATE INDEX ix_inbound_email_stray ON intake.inbound_email (sluice_id, received_at)
        WHERE idea_id IS NULL AND removed_at IS NULL;
    CREATE INDEX ix_inbound_email_duplicate_of ON intake.inbound_email (duplicate_of) WHERE duplicate_of IS NOT NULL;
    CREATE INDEX ix_attachment_sha256 ON intake.attachment (sha256);
    CREATE INDEX ix_mail_identity_inbound_email_id ON intake.mail_identity (inbound_email_id);
"""

DOWNGRADE = """
    DROP INDEX intake.ix_mail_identity_inbound_email_id;
    DROP INDEX intake.ix_attachment_sha256;
    DROP INDEX intake.ix_inbound_email_duplicate_of;
    DROP INDEX intake.ix_inbound_email_stray;
    DROP INDEX intake.ix_idea_ended;
    ALTER TABLE intake.inbound_email DROP COLUMN removed_at;
    ALTER TABLE intake.raw_mail DROP COLUMN removed_at;
    ALTER TABLE intake.idea DROP COLUMN kept;
    DROP TABLE intake.seen_clock;
    DROP TABLE intake.removed;
    DROP TABLE intake.retention;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)

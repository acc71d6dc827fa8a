"""What is done with people's data is recorded: what a person was told we hold, what was erased, what retention removed."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE intake.data_job (
            id UUID NOT NULL,
            kind TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'running',
            sluice_id UUID,
            subject JSONB,
            subject_hash BYTEA,
            mobile_hash BYTEA,
            decision TEXT NOT NULL DEFAULT '',
            asked_by TEXT NOT NULL,
            asked_at TIMESTAMPTZ NOT NULL,
            reason TEXT NOT NULL DEFAULT '',
            counts JSONB NOT NULL DEFAULT '{}',
            finished_at TIMESTAMPTZ,
            expires_at TIMESTAMPTZ,
            last_error TEXT,
            CONSTRAINT pk_data_job PRIMARY KEY (id),
            CONSTRAINT ck_data_job_kind CHECK (kind IN ('access', 'erasure', 'retention')),
            CONSTRAINT ck_data_job_state CHECK (state IN ('running', 'done', 'failed', 'stopped')),
            CONSTRAINT fk_data_job_sluice_id_sluice FOREIGN KEY (sluice_id) REFERENCES intake.sluice (id)
        );
        CREATE INDEX ix_data_job_asked_at ON intake.data_job (asked_at);
        CREATE TABLE intake.data_job_part (
            job_id UUID NOT NULL,
            service TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'running',
            counts JSONB NOT NULL DEFAULT '{}',
            pieces INTEGER NOT NULL DEFAULT 1,
            finished_at TIMESTAMPTZ,
            CONSTRAINT pk_data_job_part PRIMARY KEY (job_id, service),
            CONSTRAINT fk_data_job_part_job_id_data_job FOREIGN KEY (job_id)
                REFERENCES intake.data_job (id) ON DELETE CASCADE
        );
        CREATE TABLE intake.data_job_content (
            job_id UUID NOT NULL,
            service TEXT NOT NULL,
            piece INTEGER NOT NULL,
            content TEXT NOT NULL,
            CONSTRAINT pk_data_job_content PRIMARY KEY (job_id, service, piece),
            CONSTRAINT fk_data_job_content_job_id_service_data_job_part FOREIGN KEY (job_id, service)
                REFERENCES intake.data_job_part (job_id, service) ON DELETE CASCADE
        );
    """)


def downgrade() -> None:
    op.drop_table("data_job_content", schema="intake")
    op.drop_table("data_job_part", schema="intake")
    op.drop_table("data_job", schema="intake")

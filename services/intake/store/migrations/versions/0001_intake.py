"""Intake's first tables."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
        CREATE TABLE intake.blob (
            sha256 BYTEA NOT NULL,
            content BYTEA NOT NULL,
            CONSTRAINT pk_blob PRIMARY KEY (sha256)
        )
    """)
    op.execute("""
        CREATE TABLE intake.raw_mail (
            id UUID NOT NULL,
            raw BYTEA NOT NULL,
            size INTEGER NOT NULL,
            sha256 BYTEA NOT NULL,
            CONSTRAINT pk_raw_mail PRIMARY KEY (id)
        )
    """)
    op.execute("""
        CREATE INDEX ix_raw_mail_sha256 ON intake.raw_mail (sha256)
    """)
    op.execute("""
        CREATE TABLE intake.sluice (
            id UUID NOT NULL,
            slug TEXT NOT NULL,
            code TEXT NOT NULL,
            name TEXT NOT NULL,
            language TEXT DEFAULT 'sv' NOT NULL,
            open_to TEXT DEFAULT 'everybody' NOT NULL,
            staff_domains TEXT[] DEFAULT '{}' NOT NULL,
            answer_days INTEGER DEFAULT '10' NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_sluice PRIMARY KEY (id),
            CONSTRAINT ck_sluice_open_to CHECK (open_to IN ('staff', 'everybody')),
            CONSTRAINT ck_sluice_code CHECK (code ~ '^[A-Z]{2,8}$'),
            CONSTRAINT ck_sluice_slug CHECK (slug ~ '^[a-z0-9-]{1,40}$'),
            CONSTRAINT uq_sluice_slug UNIQUE (slug),
            CONSTRAINT uq_sluice_code UNIQUE (code)
        )
    """)
    op.execute("""
        CREATE TABLE intake.contact (
            id UUID NOT NULL,
            sluice_id UUID NOT NULL,
            name TEXT NOT NULL,
            address TEXT NOT NULL,
            language TEXT DEFAULT 'sv' NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
            CONSTRAINT pk_contact PRIMARY KEY (id),
            CONSTRAINT uq_contact_sluice_id_address UNIQUE (sluice_id, address),
            CONSTRAINT fk_contact_sluice_id_sluice FOREIGN KEY(sluice_id) REFERENCES intake.sluice (id) ON DELETE CASCADE
        )
    """)
    op.execute("""
        CREATE INDEX ix_contact_sluice_id ON intake.contact (sluice_id)
    """)
    op.execute("""
        CREATE TABLE intake.idea (
            id UUID NOT NULL,
            sluice_id UUID NOT NULL,
            reference TEXT NOT NULL,
            title TEXT NOT NULL,
            text TEXT NOT NULL,
            set_apart TEXT DEFAULT '' NOT NULL,
            html TEXT DEFAULT '' NOT NULL,
            stage TEXT DEFAULT 'received' NOT NULL,
            close_reason TEXT,
            kind TEXT,
            via TEXT NOT NULL,
            language TEXT NOT NULL,
            submitter_name TEXT NOT NULL,
            submitter_address TEXT,
            vouched BOOLEAN DEFAULT 'false' NOT NULL,
            held TEXT,
            answer_by TIMESTAMP WITH TIME ZONE NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
            idempotency_key TEXT,
            CONSTRAINT pk_idea PRIMARY KEY (id),
            CONSTRAINT fk_idea_sluice_id_sluice FOREIGN KEY(sluice_id) REFERENCES intake.sluice (id),
            CONSTRAINT uq_idea_reference UNIQUE (reference),
            CONSTRAINT uq_idea_idempotency_key UNIQUE (idempotency_key)
        )
    """)
    op.execute("""
        CREATE INDEX ix_idea_created ON intake.idea (created_at, id)
    """)
    op.execute("""
        CREATE INDEX ix_idea_sluice_created ON intake.idea (sluice_id, created_at, id)
    """)
    op.execute("""
        CREATE INDEX ix_idea_submitter_address ON intake.idea (submitter_address)
    """)
    op.execute("""
        CREATE TABLE intake.reference_counter (
            sluice_id UUID NOT NULL,
            year INTEGER NOT NULL,
            last INTEGER NOT NULL,
            CONSTRAINT pk_reference_counter PRIMARY KEY (sluice_id, year),
            CONSTRAINT fk_reference_counter_sluice_id_sluice FOREIGN KEY(sluice_id) REFERENCES intake.sluice (id) ON DELETE CASCADE
        )
    """)
    op.execute("""
        CREATE TABLE intake.sluice_address (
            address TEXT NOT NULL,
            sluice_id UUID NOT NULL,
            is_primary BOOLEAN DEFAULT 'false' NOT NULL,
            CONSTRAINT pk_sluice_address PRIMARY KEY (address),
            CONSTRAINT fk_sluice_address_sluice_id_sluice FOREIGN KEY(sluice_id) REFERENCES intake.sluice (id) ON DELETE CASCADE
        )
    """)
    op.execute("""
        CREATE INDEX ix_sluice_address_sluice_id ON intake.sluice_address (sluice_id)
    """)
    op.execute("""
        CREATE TABLE intake.inbound_email (
            id UUID NOT NULL,
            raw_id UUID NOT NULL,
            sluice_id UUID NOT NULL,
            recipient TEXT NOT NULL,
            envelope_from TEXT NOT NULL,
            peer_ip TEXT NOT NULL,
            helo TEXT NOT NULL,
            protocol TEXT NOT NULL,
            tls TEXT,
            trusted_peer BOOLEAN NOT NULL,
            received_at TIMESTAMP WITH TIME ZONE NOT NULL,
            correlation_id TEXT NOT NULL,
            read_at TIMESTAMP WITH TIME ZONE,
            kind TEXT,
            message_id TEXT,
            idea_id UUID,
            duplicate_of UUID,
            held TEXT,
            vouched BOOLEAN,
            reasons TEXT[] DEFAULT '{}' NOT NULL,
            reading JSONB,
            CONSTRAINT pk_inbound_email PRIMARY KEY (id),
            CONSTRAINT fk_inbound_email_raw_id_raw_mail FOREIGN KEY(raw_id) REFERENCES intake.raw_mail (id),
            CONSTRAINT fk_inbound_email_sluice_id_sluice FOREIGN KEY(sluice_id) REFERENCES intake.sluice (id),
            CONSTRAINT fk_inbound_email_idea_id_idea FOREIGN KEY(idea_id) REFERENCES intake.idea (id),
            CONSTRAINT fk_inbound_email_duplicate_of_inbound_email FOREIGN KEY(duplicate_of) REFERENCES intake.inbound_email (id)
        )
    """)
    op.execute("""
        CREATE INDEX ix_inbound_email_idea_id ON intake.inbound_email (idea_id)
    """)
    op.execute("""
        CREATE INDEX ix_inbound_email_message_id ON intake.inbound_email (message_id)
    """)
    op.execute("""
        CREATE INDEX ix_inbound_email_raw_id ON intake.inbound_email (raw_id)
    """)
    op.execute("""
        CREATE INDEX ix_inbound_email_sluice_received ON intake.inbound_email (sluice_id, received_at, id)
    """)
    op.execute("""
        CREATE INDEX ix_inbound_email_received ON intake.inbound_email (received_at, id)
    """)
    op.execute("""
        CREATE TABLE intake.answer_draft (
            id UUID NOT NULL,
            idea_id UUID NOT NULL,
            contact_id UUID NOT NULL,
            inbound_email_id UUID NOT NULL,
            text TEXT NOT NULL,
            created_at TIMESTAMP WITH TIME ZONE NOT NULL,
            confirmed_at TIMESTAMP WITH TIME ZONE,
            CONSTRAINT pk_answer_draft PRIMARY KEY (id),
            CONSTRAINT fk_answer_draft_idea_id_idea FOREIGN KEY(idea_id) REFERENCES intake.idea (id) ON DELETE CASCADE,
            CONSTRAINT fk_answer_draft_contact_id_contact FOREIGN KEY(contact_id) REFERENCES intake.contact (id),
            CONSTRAINT uq_answer_draft_inbound_email_id UNIQUE (inbound_email_id),
            CONSTRAINT fk_answer_draft_inbound_email_id_inbound_email FOREIGN KEY(inbound_email_id) REFERENCES intake.inbound_email (id)
        )
    """)
    op.execute("""
        CREATE INDEX ix_answer_draft_idea_id ON intake.answer_draft (idea_id)
    """)
    op.execute("""
        CREATE TABLE intake.attachment (
            id TEXT NOT NULL,
            idea_id UUID NOT NULL,
            inbound_email_id UUID,
            name TEXT NOT NULL,
            type TEXT NOT NULL,
            size INTEGER NOT NULL,
            sha256 BYTEA NOT NULL,
            inline BOOLEAN DEFAULT 'false' NOT NULL,
            content_id TEXT DEFAULT '' NOT NULL,
            CONSTRAINT pk_attachment PRIMARY KEY (id),
            CONSTRAINT fk_attachment_idea_id_idea FOREIGN KEY(idea_id) REFERENCES intake.idea (id) ON DELETE CASCADE,
            CONSTRAINT fk_attachment_inbound_email_id_inbound_email FOREIGN KEY(inbound_email_id) REFERENCES intake.inbound_email (id),
            CONSTRAINT fk_attachment_sha256_blob FOREIGN KEY(sha256) REFERENCES intake.blob (sha256)
        )
    """)
    op.execute("""
        CREATE INDEX ix_attachment_idea_id ON intake.attachment (idea_id)
    """)
    op.execute("""
        CREATE INDEX ix_attachment_inbound_email_id ON intake.attachment (inbound_email_id)
    """)
    op.execute("""
        CREATE TABLE intake.mail_identity (
            sluice_id UUID NOT NULL,
            message_id TEXT NOT NULL,
            body_sha256 BYTEA NOT NULL,
            inbound_email_id UUID NOT NULL,
            CONSTRAINT pk_mail_identity PRIMARY KEY (sluice_id, message_id, body_sha256),
            CONSTRAINT fk_mail_identity_sluice_id_sluice FOREIGN KEY(sluice_id) REFERENCES intake.sluice (id) ON DELETE CASCADE,
            CONSTRAINT fk_mail_identity_inbound_email_id_inbound_email FOREIGN KEY(inbound_email_id) REFERENCES intake.inbound_email (id) ON DELETE CASCADE
        )
    """)
    op.execute("""
        CREATE TABLE intake.timeline_entry (
            id UUID NOT NULL,
            idea_id UUID NOT NULL,
            at TIMESTAMP WITH TIME ZONE NOT NULL,
            event TEXT NOT NULL,
            actor TEXT NOT NULL,
            actor_kind TEXT NOT NULL,
            text TEXT DEFAULT '' NOT NULL,
            facts JSONB DEFAULT '{}' NOT NULL,
            public BOOLEAN DEFAULT 'true' NOT NULL,
            inbound_email_id UUID,
            CONSTRAINT pk_timeline_entry PRIMARY KEY (id),
            CONSTRAINT fk_timeline_entry_idea_id_idea FOREIGN KEY(idea_id) REFERENCES intake.idea (id) ON DELETE CASCADE,
            CONSTRAINT fk_timeline_entry_inbound_email_id_inbound_email FOREIGN KEY(inbound_email_id) REFERENCES intake.inbound_email (id)
        )
    """)
    op.execute("""
        CREATE INDEX ix_timeline_entry_idea_id ON intake.timeline_entry (idea_id)
    """)
    op.execute("""
        CREATE INDEX ix_timeline_entry_inbound_email_id ON intake.timeline_entry (inbound_email_id)
    """)


def downgrade() -> None:
    op.drop_table("timeline_entry", schema="intake")
    op.drop_table("mail_identity", schema="intake")
    op.drop_table("attachment", schema="intake")
    op.drop_table("answer_draft", schema="intake")
    op.drop_table("inbound_email", schema="intake")
    op.drop_table("sluice_address", schema="intake")
    op.drop_table("reference_counter", schema="intake")
    op.drop_table("idea", schema="intake")
    op.drop_table("contact", schema="intake")
    op.drop_table("sluice", schema="intake")
    op.drop_table("raw_mail", schema="intake")
    op.drop_table("blob", schema="intake")

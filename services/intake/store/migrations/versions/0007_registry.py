"""The registry number (diarienummer) of an idea, how far its registering has come, and its handing over."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UPGRADE = """
    ALTER TABLE intake.sluice
        ADD COLUMN registry_default TEXT DEFAULT 'none' NOT NULL,
        ADD CONSTRAINT ck_sluice_registry_default CHECK (registry_default IN ('none', 'to-register'));

    ALTER TABLE intake.idea
        ADD COLUMN registry_state TEXT DEFAULT 'none' NOT NULL,
        ADD COLUMN registry_number TEXT,
        ADD COLUMN registered_at TIMESTAMP WITH TIME ZONE,
        ADD COLUMN registered_by TEXT,
        ADD COLUMN archived_at TIMESTAMP WITH TIME ZONE,
        ADD COLUMN archive_receipt TEXT,
        ADD CONSTRAINT ck_idea_registry_state
            CHECK (registry_state IN ('none', 'to-register', 'registered', 'not-needed')),
        ADD CONSTRAINT ck_idea_registry_number
            CHECK ((registry_state = 'registered') = (registry_number IS NOT NULL));

    CREATE INDEX ix_idea_registry_number ON intake.idea (lower(registry_number)) WHERE registry_number IS NOT NULL;
    CREATE INDEX ix_idea_to_register ON intake.idea (sluice_id) WHERE registry_state = 'to-register';
"""

DOWNGRADE = """
    DROP INDEX intake.ix_idea_to_register;
    DROP INDEX intake.ix_idea_registry_number;
    ALTER TABLE intake.idea
        DROP CONSTRAINT ck_idea_registry_number, DROP CONSTRAINT ck_idea_registry_state,
        DROP COLUMN archive_receipt, DROP COLUMN archived_at, DROP COLUMN registered_by, DROP COLUMN registered_at,
        DROP COLUMN registry_number, DROP COLUMN registry_state;
    ALTER TABLE intake.sluice DROP CONSTRAINT ck_sluice_registry_default, DROP COLUMN registry_default;
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    op.execute(DOWNGRADE)

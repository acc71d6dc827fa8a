"""What the pages need: forms and boards of sluices, people who sign in, work on ideas, and what the public sees."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

UPGRADE = """
ALTER TABLE intake.sluice
    ADD COLUMN accent TEXT DEFAULT '#0b5563' NOT NULL,
    ADD COLUMN origins TEXT[] DEFAULT '{}' NOT NULL,
    ADD COLUMN board BOOLEAN DEFAULT false NOT NULL,
    ADD COLUMN comments TEXT DEFAULT 'held' NOT NULL,
    ADD COLUMN form_texts JSONB DEFAULT '{}' NOT NULL,
    ADD COLUMN questions JSONB DEFAULT '[]' NOT NULL,
    ADD COLUMN escalate_days INTEGER DEFAULT 3 NOT NULL,
    ADD CONSTRAINT ck_sluice_comments CHECK (comments IN ('off', 'held', 'open')),
    ADD CONSTRAINT ck_sluice_accent CHECK (accent ~ '^#[0-9a-f]{6}$');

ALTER TABLE intake.contact
    ADD COLUMN role TEXT DEFAULT 'contact' NOT NULL,
    ADD COLUMN deputy_id UUID,
    ADD COLUMN away_until DATE,
    ADD COLUMN removed_at TIMESTAMPTZ,
    ADD CONSTRAINT ck_contact_role CHECK (role IN ('contact', 'coach')),
    ADD CONSTRAINT fk_contact_deputy_id_contact FOREIGN KEY (deputy_id) REFERENCES intake.contact (id);
CREATE INDEX ix_contact_address ON intake.contact (address);

ALTER TABLE intake.idea
    ADD COLUMN version INTEGER DEFAULT 1 NOT NULL,
    ADD COLUMN answers JSONB DEFAULT '{}' NOT NULL,
    ADD COLUMN consent TEXT,
    ADD COLUMN answered_at TIMESTAMPTZ,
    ADD COLUMN assigned_to UUID,
    ADD COLUMN asked_at TIMESTAMPTZ,
    ADD COLUMN merged_into UUID,
    ADD COLUMN reminded_at TIMESTAMPTZ,
    ADD COLUMN escalated_at TIMESTAMPTZ,
    ADD COLUMN erased_at TIMESTAMPTZ,
    ADD COLUMN published_at TIMESTAMPTZ,
    ADD COLUMN public_title TEXT,
    ADD COLUMN public_text TEXT,
    ADD COLUMN supporters INTEGER DEFAULT 0 NOT NULL,
    ADD COLUMN search TSVECTOR GENERATED ALWAYS AS (
        setweight(to_tsvector('swedish', title), 'A') || setweight(to_tsvector('swedish', left(text, 50000)), 'B')
            || setweight(to_tsvector('simple', reference), 'A')
            || array_to_tsvector(ARRAY[
                's' || sluice_id::text,
                'w' || floor(extract(epoch FROM created_at AT TIME ZONE 'UTC') / 604800)::bigint::text
            ])
    ) STORED,
    ALTER COLUMN search SET STATISTICS 1000,
    ADD COLUMN public_search TSVECTOR GENERATED ALWAYS AS (
        CASE WHEN public_title IS NOT NULL THEN setweight(to_tsvector('swedish', public_title), 'A')
            || setweight(to_tsvector('swedish', left(coalesce(public_text, ''), 50000)), 'B')
            || setweight(to_tsvector('simple', reference), 'A')
            || array_to_tsvector(ARRAY['s' || sluice_id::text]) END
    ) STORED,
    ADD CONSTRAINT fk_idea_assigned_to_contact FOREIGN KEY (assigned_to) REFERENCES intake.contact (id),
    ADD CONSTRAINT fk_idea_merged_into_idea FOREIGN KEY (merged_into) REFERENCES intake.idea (id);
UPDATE intake.idea SET answered_at = first.at
    FROM (SELECT idea_id, min(at) AS at FROM intake.timeline_entry WHERE event = 'answered' GROUP BY idea_id) AS first
    WHERE first.idea_id = idea.id;
CREATE INDEX ix_idea_search ON intake.idea USING gin (search);
CREATE INDEX ix_idea_published ON intake.idea (sluice_id, published_at, id) WHERE published_at IS NOT NULL;
CREATE INDEX ix_idea_supported ON intake.idea (sluice_id, supporters, published_at, id) WHERE published_at IS NOT NULL;
CREATE INDEX ix_idea_public_search ON intake.idea USING gin (public_search) WHERE published_at IS NOT NULL;
CREATE INDEX ix_idea_public_stage ON intake.idea (stage, sluice_id)
    WHERE published_at IS NOT NULL AND held IS NULL AND merged_into IS NULL;
CREATE INDEX ix_idea_unanswered ON intake.idea (sluice_id, answer_by, id)
    WHERE answered_at IS NULL AND merged_into IS NULL AND stage <> 'closed';
CREATE INDEX ix_idea_merged_into ON intake.idea (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX ix_idea_assigned_to ON intake.idea (assigned_to) WHERE assigned_to IS NOT NULL;

CREATE TABLE intake.administrator (
    address TEXT NOT NULL,
    name TEXT NOT NULL,
    language TEXT DEFAULT 'sv' NOT NULL,
    created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
    removed_at TIMESTAMPTZ,
    CONSTRAINT pk_administrator PRIMARY KEY (address)
);
CREATE TABLE intake.sign_in_link (
    id UUID NOT NULL,
    token_hash BYTEA NOT NULL,
    address TEXT NOT NULL,
    browser_hash BYTEA NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    asked_from TEXT NOT NULL,
    next_path TEXT DEFAULT '' NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    used_at TIMESTAMPTZ,
    CONSTRAINT pk_sign_in_link PRIMARY KEY (id),
    CONSTRAINT uq_sign_in_link_token_hash UNIQUE (token_hash)
);
CREATE INDEX ix_sign_in_link_address ON intake.sign_in_link (address, asked_at);
CREATE TABLE intake.session (
    id UUID NOT NULL,
    address TEXT NOT NULL,
    way TEXT NOT NULL,
    began_at TIMESTAMPTZ NOT NULL,
    seen_at TIMESTAMPTZ NOT NULL,
    seen_from TEXT NOT NULL,
    browser TEXT DEFAULT '' NOT NULL,
    ends_at TIMESTAMPTZ NOT NULL,
    ended_at TIMESTAMPTZ,
    CONSTRAINT pk_session PRIMARY KEY (id)
);
CREATE INDEX ix_session_address ON intake.session (address, began_at);
CREATE TABLE intake.api_token (
    name TEXT NOT NULL,
    scopes TEXT[] NOT NULL,
    created_at TIMESTAMPTZ DEFAULT now() NOT NULL,
    created_by TEXT NOT NULL,
    revoked_at TIMESTAMPTZ,
    CONSTRAINT pk_api_token PRIMARY KEY (name)
);
CREATE TABLE intake.ended_access (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_ended_access PRIMARY KEY (kind, name)
);
CREATE TABLE intake.change (
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    sluice_id UUID,
    what TEXT NOT NULL,
    before JSONB,
    after JSONB,
    CONSTRAINT pk_change PRIMARY KEY (id),
    CONSTRAINT fk_change_sluice_id_sluice FOREIGN KEY (sluice_id) REFERENCES intake.sluice (id) ON DELETE CASCADE
);
CREATE INDEX ix_change_at ON intake.change (at, id);
CREATE INDEX ix_change_sluice_id ON intake.change (sluice_id, at);

CREATE TABLE intake.idea_sluice (
    idea_id UUID NOT NULL,
    sluice_id UUID NOT NULL,
    link TEXT NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    CONSTRAINT pk_idea_sluice PRIMARY KEY (idea_id, sluice_id),
    CONSTRAINT fk_idea_sluice_idea_id_idea FOREIGN KEY (idea_id) REFERENCES intake.idea (id) ON DELETE CASCADE,
    CONSTRAINT fk_idea_sluice_sluice_id_sluice FOREIGN KEY (sluice_id) REFERENCES intake.sluice (id) ON DELETE CASCADE,
    CONSTRAINT ck_idea_sluice_link CHECK (link IN ('shared', 'passed_on'))
);
CREATE INDEX ix_idea_sluice_sluice_id ON intake.idea_sluice (sluice_id, link);
CREATE TABLE intake.tag (
    id UUID NOT NULL,
    sluice_id UUID,
    name TEXT NOT NULL,
    is_theme BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_tag PRIMARY KEY (id),
    CONSTRAINT fk_tag_sluice_id_sluice FOREIGN KEY (sluice_id) REFERENCES intake.sluice (id) ON DELETE CASCADE,
    CONSTRAINT uq_tag_sluice_id_name UNIQUE NULLS NOT DISTINCT (sluice_id, name)
);
CREATE TABLE intake.idea_tag (
    idea_id UUID NOT NULL,
    tag_id UUID NOT NULL,
    CONSTRAINT pk_idea_tag PRIMARY KEY (idea_id, tag_id),
    CONSTRAINT fk_idea_tag_idea_id_idea FOREIGN KEY (idea_id) REFERENCES intake.idea (id) ON DELETE CASCADE,
    CONSTRAINT fk_idea_tag_tag_id_tag FOREIGN KEY (tag_id) REFERENCES intake.tag (id) ON DELETE CASCADE
);
CREATE INDEX ix_idea_tag_tag_id ON intake.idea_tag (tag_id);
CREATE TABLE intake.act (
    id UUID NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    actor TEXT NOT NULL,
    kind TEXT NOT NULL,
    changes JSONB NOT NULL,
    undone_at TIMESTAMPTZ,
    CONSTRAINT pk_act PRIMARY KEY (id)
);
CREATE INDEX ix_act_actor ON intake.act (actor, at);

CREATE TABLE intake.follower (
    id UUID NOT NULL,
    idea_id UUID NOT NULL,
    address TEXT NOT NULL,
    name TEXT DEFAULT '' NOT NULL,
    language TEXT DEFAULT 'sv' NOT NULL,
    why TEXT NOT NULL,
    supports BOOLEAN DEFAULT true NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    CONSTRAINT pk_follower PRIMARY KEY (id),
    CONSTRAINT uq_follower_idea_id_address UNIQUE (idea_id, address),
    CONSTRAINT fk_follower_idea_id_idea FOREIGN KEY (idea_id) REFERENCES intake.idea (id) ON DELETE CASCADE,
    CONSTRAINT ck_follower_why CHECK (why IN ('supports', 'same_idea', 'merged'))
);
CREATE INDEX ix_follower_address ON intake.follower (address) WHERE confirmed_at IS NOT NULL;
CREATE TABLE intake.comment (
    id UUID NOT NULL,
    idea_id UUID NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    text TEXT NOT NULL,
    language TEXT DEFAULT 'sv' NOT NULL,
    at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    state TEXT NOT NULL,
    decided_by TEXT,
    CONSTRAINT pk_comment PRIMARY KEY (id),
    CONSTRAINT fk_comment_idea_id_idea FOREIGN KEY (idea_id) REFERENCES intake.idea (id) ON DELETE CASCADE,
    CONSTRAINT ck_comment_state CHECK (state IN ('held', 'shown', 'hidden'))
);
CREATE INDEX ix_comment_idea_id ON intake.comment (idea_id, at);
CREATE INDEX ix_comment_address ON intake.comment (address) WHERE confirmed_at IS NOT NULL;
CREATE INDEX ix_comment_held ON intake.comment (idea_id) WHERE state = 'held' AND confirmed_at IS NOT NULL;
CREATE TABLE intake.story (
    idea_id UUID NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    published_at TIMESTAMPTZ,
    actor TEXT NOT NULL,
    CONSTRAINT pk_story PRIMARY KEY (idea_id),
    CONSTRAINT fk_story_idea_id_idea FOREIGN KEY (idea_id) REFERENCES intake.idea (id) ON DELETE CASCADE
);
CREATE INDEX ix_story_published_at ON intake.story (published_at);
CREATE TABLE intake.news (
    id UUID NOT NULL,
    sluice_id UUID,
    slug TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    press_contact TEXT DEFAULT '' NOT NULL,
    created_at TIMESTAMPTZ NOT NULL,
    published_at TIMESTAMPTZ,
    sent_at TIMESTAMPTZ,
    actor TEXT NOT NULL,
    CONSTRAINT pk_news PRIMARY KEY (id),
    CONSTRAINT uq_news_slug UNIQUE (slug),
    CONSTRAINT fk_news_sluice_id_sluice FOREIGN KEY (sluice_id) REFERENCES intake.sluice (id) ON DELETE CASCADE
);
CREATE INDEX ix_news_published_at ON intake.news (published_at, id);
CREATE TABLE intake.news_subscriber (
    id UUID NOT NULL,
    sluice_id UUID,
    address TEXT NOT NULL,
    language TEXT DEFAULT 'sv' NOT NULL,
    asked_at TIMESTAMPTZ NOT NULL,
    confirmed_at TIMESTAMPTZ,
    ended_at TIMESTAMPTZ,
    CONSTRAINT pk_news_subscriber PRIMARY KEY (id),
    CONSTRAINT uq_news_subscriber_sluice_id_address UNIQUE NULLS NOT DISTINCT (sluice_id, address),
    CONSTRAINT fk_news_subscriber_sluice_id_sluice FOREIGN KEY (sluice_id)
        REFERENCES intake.sluice (id) ON DELETE CASCADE
);
CREATE INDEX ix_news_subscriber_address ON intake.news_subscriber (address) WHERE confirmed_at IS NOT NULL;
CREATE TABLE intake.hit (
    key TEXT NOT NULL,
    count INTEGER NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    CONSTRAINT pk_hit PRIMARY KEY (key)
);
CREATE INDEX ix_hit_expires_at ON intake.hit (expires_at);
"""


def upgrade() -> None:
    op.execute(UPGRADE)


def downgrade() -> None:
    for table in (
        "hit",
        "news_subscriber",
        "news",
        "story",
        "comment",
        "follower",
        "act",
        "idea_tag",
        "tag",
        "idea_sluice",
        "change",
        "ended_access",
        "api_token",
        "session",
        "sign_in_link",
        "administrator",
    ):
        op.drop_table(table, schema="intake")
    op.execute("""
        ALTER TABLE intake.idea
            DROP COLUMN version, DROP COLUMN answers, DROP COLUMN consent, DROP COLUMN answered_at,
            DROP COLUMN assigned_to, DROP COLUMN asked_at, DROP COLUMN merged_into, DROP COLUMN reminded_at,
            DROP COLUMN escalated_at, DROP COLUMN erased_at, DROP COLUMN published_at, DROP COLUMN public_title,
            DROP COLUMN public_text, DROP COLUMN supporters, DROP COLUMN search, DROP COLUMN public_search;
        ALTER TABLE intake.contact
            DROP COLUMN role, DROP COLUMN deputy_id, DROP COLUMN away_until, DROP COLUMN removed_at;
        DROP INDEX intake.ix_contact_address;
        ALTER TABLE intake.sluice
            DROP COLUMN accent, DROP COLUMN origins, DROP COLUMN board, DROP COLUMN comments, DROP COLUMN form_texts,
            DROP COLUMN questions, DROP COLUMN escalate_days;
    """)

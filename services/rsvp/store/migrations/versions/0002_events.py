"""Tours, events, guests, and what happens on the day."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE rsvp.address_book (
    id UUID NOT NULL,
    sluice_slug TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT NOT NULL,
    CONSTRAINT pk_address_book PRIMARY KEY (id)
);
CREATE INDEX ix_address_book_sluice_slug ON rsvp.address_book (sluice_slug);

CREATE TABLE rsvp.ended_access (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ended_access PRIMARY KEY (kind, name)
);

CREATE TABLE rsvp.hit (
    key TEXT NOT NULL,
    count INTEGER NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_hit PRIMARY KEY (key)
);
CREATE INDEX ix_hit_expires_at ON rsvp.hit (expires_at);

CREATE TABLE rsvp.picture (
    id UUID NOT NULL,
    sha256 BYTEA NOT NULL,
    kind TEXT NOT NULL,
    content BYTEA NOT NULL,
    words JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_picture PRIMARY KEY (id)
);

CREATE TABLE rsvp.sluice (
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    language TEXT NOT NULL,
    accent TEXT NOT NULL,
    origins TEXT[] NOT NULL,
    contacts JSONB NOT NULL,
    told_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_sluice PRIMARY KEY (slug)
);

CREATE TABLE rsvp.tour (
    id UUID NOT NULL,
    slug TEXT NOT NULL,
    sluice_slug TEXT NOT NULL,
    title JSONB NOT NULL,
    text JSONB NOT NULL,
    languages TEXT[] NOT NULL,
    plan JSONB NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_tour PRIMARY KEY (id),
    CONSTRAINT uq_tour_slug UNIQUE (slug)
);

CREATE TABLE rsvp.book_entry (
    id UUID NOT NULL,
    book_id UUID NOT NULL,
    name TEXT NOT NULL,
    organisation TEXT DEFAULT '' NOT NULL,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL,
    language TEXT NOT NULL,
    CONSTRAINT pk_book_entry PRIMARY KEY (id),
    CONSTRAINT uq_book_entry_book_id_address_key UNIQUE (book_id, address_key),
    CONSTRAINT fk_book_entry_book_id_address_book FOREIGN KEY(book_id) REFERENCES rsvp.address_book (id) ON DELETE CASCADE
);

CREATE TABLE rsvp.event (
    id UUID NOT NULL,
    slug TEXT NOT NULL,
    tour_id UUID,
    position INTEGER DEFAULT '0' NOT NULL,
    sluice_slug TEXT NOT NULL,
    state TEXT NOT NULL,
    title JSONB NOT NULL,
    text JSONB NOT NULL,
    programme JSONB NOT NULL,
    languages TEXT[] NOT NULL,
    place TEXT DEFAULT '' NOT NULL,
    address TEXT DEFAULT '' NOT NULL,
    map_url TEXT DEFAULT '' NOT NULL,
    online_url TEXT DEFAULT '' NOT NULL,
    starts_at TIMESTAMP WITH TIME ZONE,
    ends_at TIMESTAMP WITH TIME ZONE,
    zone TEXT DEFAULT 'Europe/Stockholm' NOT NULL,
    capacity INTEGER,
    reply_by TIMESTAMP WITH TIME ZONE,
    is_open BOOLEAN NOT NULL,
    questions JSONB NOT NULL,
    fika JSONB NOT NULL,
    asks_diet BOOLEAN DEFAULT 'true' NOT NULL,
    picture_id UUID,
    offer_hours INTEGER DEFAULT '24' NOT NULL,
    most_passed INTEGER DEFAULT '3' NOT NULL,
    frozen_at TIMESTAMP WITH TIME ZONE,
    arrivals BIGINT DEFAULT '0' NOT NULL,
    sequence INTEGER DEFAULT '0' NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    cancelled_reason TEXT DEFAULT '' NOT NULL,
    workshop_code TEXT NOT NULL,
    workshop_open BOOLEAN DEFAULT 'false' NOT NULL,
    themes TEXT[] NOT NULL,
    anonymise_days INTEGER DEFAULT '90' NOT NULL,
    anonymised_at TIMESTAMP WITH TIME ZONE,
    published_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_event PRIMARY KEY (id),
    CONSTRAINT uq_event_slug UNIQUE (slug),
    CONSTRAINT fk_event_tour_id_tour FOREIGN KEY(tour_id) REFERENCES rsvp.tour (id) ON DELETE SET NULL,
    CONSTRAINT fk_event_picture_id_picture FOREIGN KEY(picture_id) REFERENCES rsvp.picture (id) ON DELETE SET NULL
);
CREATE INDEX ix_event_sluice_slug ON rsvp.event (sluice_slug, starts_at);
CREATE INDEX ix_event_starts_at ON rsvp.event (starts_at);
CREATE INDEX ix_event_tour_id ON rsvp.event (tour_id);

CREATE TABLE rsvp.caught_idea (
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    key TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    theme TEXT DEFAULT '' NOT NULL,
    name TEXT DEFAULT '' NOT NULL,
    address TEXT,
    language TEXT NOT NULL,
    reference TEXT,
    is_hidden BOOLEAN DEFAULT 'false' NOT NULL,
    held TEXT,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_caught_idea PRIMARY KEY (id),
    CONSTRAINT fk_caught_idea_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE,
    CONSTRAINT uq_caught_idea_key UNIQUE (key)
);
CREATE INDEX ix_caught_idea_event_id ON rsvp.caught_idea (event_id);

CREATE TABLE rsvp.change (
    id UUID NOT NULL,
    tour_id UUID,
    event_id UUID,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    what TEXT NOT NULL,
    before JSONB,
    after JSONB,
    CONSTRAINT pk_change PRIMARY KEY (id),
    CONSTRAINT fk_change_tour_id_tour FOREIGN KEY(tour_id) REFERENCES rsvp.tour (id) ON DELETE CASCADE,
    CONSTRAINT fk_change_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE
);
CREATE INDEX ix_change_event_id ON rsvp.change (event_id);
CREATE INDEX ix_change_tour_id ON rsvp.change (tour_id);

CREATE TABLE rsvp.event_contact (
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    position INTEGER DEFAULT '0' NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    phone TEXT DEFAULT '' NOT NULL,
    language TEXT NOT NULL,
    is_told BOOLEAN DEFAULT 'true' NOT NULL,
    CONSTRAINT pk_event_contact PRIMARY KEY (id),
    CONSTRAINT fk_event_contact_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE
);
CREATE INDEX ix_event_contact_event_id ON rsvp.event_contact (event_id);

CREATE TABLE rsvp.guest (
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    organisation TEXT DEFAULT '' NOT NULL,
    address TEXT,
    address_key TEXT,
    language TEXT NOT NULL,
    invited_at TIMESTAMP WITH TIME ZONE,
    invitations INTEGER DEFAULT '0' NOT NULL,
    last_invited_at TIMESTAMP WITH TIME ZONE,
    answer TEXT,
    state TEXT NOT NULL,
    party_size INTEGER DEFAULT '1' NOT NULL,
    party JSONB NOT NULL,
    diet TEXT DEFAULT '' NOT NULL,
    answers JSONB NOT NULL,
    comment TEXT DEFAULT '' NOT NULL,
    wants_at_once BOOLEAN DEFAULT 'true' NOT NULL,
    arrival BIGINT,
    passed INTEGER DEFAULT '0' NOT NULL,
    offer_ends_at TIMESTAMP WITH TIME ZONE,
    by_hand BOOLEAN DEFAULT 'false' NOT NULL,
    replied_at TIMESTAMP WITH TIME ZONE,
    version INTEGER DEFAULT '1' NOT NULL,
    unreached TEXT,
    calendar_sequence INTEGER,
    calendar_told_at TIMESTAMP WITH TIME ZONE,
    came INTEGER,
    came_at TIMESTAMP WITH TIME ZONE,
    anonymised_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_guest PRIMARY KEY (id),
    CONSTRAINT uq_guest_event_id_address_key UNIQUE (event_id, address_key),
    CONSTRAINT fk_guest_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE
);
CREATE INDEX ix_guest_address_key ON rsvp.guest (address_key);
CREATE INDEX ix_guest_event_id ON rsvp.guest (event_id, state, arrival) INCLUDE (party_size);
CREATE INDEX ix_guest_offer_ends_at ON rsvp.guest (offer_ends_at) WHERE state = 'offered';

CREATE TABLE rsvp.guest_series (
    guest_id UUID NOT NULL,
    number INTEGER NOT NULL,
    CONSTRAINT pk_guest_series PRIMARY KEY (guest_id),
    CONSTRAINT fk_guest_series_guest_id_guest FOREIGN KEY(guest_id) REFERENCES rsvp.guest (id) ON DELETE CASCADE
);

CREATE TABLE rsvp.host_question (
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    language TEXT NOT NULL,
    proposals JSONB NOT NULL,
    state TEXT NOT NULL,
    picked INTEGER,
    counter JSONB,
    asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
    asked_by TEXT NOT NULL,
    answered_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_host_question PRIMARY KEY (id),
    CONSTRAINT fk_host_question_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE
);
CREATE INDEX ix_host_question_event_id ON rsvp.host_question (event_id);

CREATE TABLE rsvp.list_draft (
    id UUID NOT NULL,
    event_id UUID,
    book_id UUID,
    name TEXT NOT NULL,
    rows JSONB NOT NULL,
    faults JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT NOT NULL,
    taken_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_list_draft PRIMARY KEY (id),
    CONSTRAINT fk_list_draft_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE,
    CONSTRAINT fk_list_draft_book_id_address_book FOREIGN KEY(book_id) REFERENCES rsvp.address_book (id) ON DELETE CASCADE
);
CREATE INDEX ix_list_draft_book_id ON rsvp.list_draft (book_id);
CREATE INDEX ix_list_draft_event_id ON rsvp.list_draft (event_id);

CREATE TABLE rsvp.mailing (
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    facts JSONB NOT NULL,
    total INTEGER DEFAULT '0' NOT NULL,
    done INTEGER DEFAULT '0' NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_by TEXT NOT NULL,
    finished_at TIMESTAMP WITH TIME ZONE,
    stopped_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_mailing PRIMARY KEY (id),
    CONSTRAINT uq_mailing_event_id_kind_key UNIQUE (event_id, kind, key),
    CONSTRAINT fk_mailing_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE
);

CREATE TABLE rsvp.sent_reply (
    event_id UUID NOT NULL,
    key TEXT NOT NULL,
    sha256 BYTEA NOT NULL,
    guest_id UUID NOT NULL,
    told JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_sent_reply PRIMARY KEY (event_id, key),
    CONSTRAINT fk_sent_reply_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE
);

CREATE TABLE rsvp.summary (
    event_id UUID NOT NULL,
    text JSONB NOT NULL,
    version INTEGER DEFAULT '1' NOT NULL,
    written_by TEXT NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    published_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_summary PRIMARY KEY (event_id),
    CONSTRAINT fk_summary_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE
);

CREATE TABLE rsvp.summary_reader (
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    address TEXT NOT NULL,
    address_key TEXT NOT NULL,
    language TEXT NOT NULL,
    confirmed_at TIMESTAMP WITH TIME ZONE,
    stopped_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_summary_reader PRIMARY KEY (id),
    CONSTRAINT uq_summary_reader_event_id_address_key UNIQUE (event_id, address_key),
    CONSTRAINT fk_summary_reader_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE
);

CREATE TABLE rsvp.check_in (
    id UUID NOT NULL,
    event_id UUID NOT NULL,
    guest_id UUID NOT NULL,
    came INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    received_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_check_in PRIMARY KEY (id),
    CONSTRAINT fk_check_in_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE,
    CONSTRAINT fk_check_in_guest_id_guest FOREIGN KEY(guest_id) REFERENCES rsvp.guest (id) ON DELETE CASCADE
);
CREATE INDEX ix_check_in_event_id ON rsvp.check_in (event_id);
CREATE INDEX ix_check_in_guest_id ON rsvp.check_in (guest_id);

CREATE TABLE rsvp.feedback (
    guest_id UUID NOT NULL,
    event_id UUID NOT NULL,
    rating INTEGER,
    text TEXT DEFAULT '' NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_feedback PRIMARY KEY (guest_id),
    CONSTRAINT fk_feedback_guest_id_guest FOREIGN KEY(guest_id) REFERENCES rsvp.guest (id) ON DELETE CASCADE,
    CONSTRAINT fk_feedback_event_id_event FOREIGN KEY(event_id) REFERENCES rsvp.event (id) ON DELETE CASCADE
);
CREATE INDEX ix_feedback_event_id ON rsvp.feedback (event_id);

CREATE TABLE rsvp.guest_entry (
    id UUID NOT NULL,
    guest_id UUID NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    actor TEXT NOT NULL,
    actor_kind TEXT NOT NULL,
    what TEXT NOT NULL,
    facts JSONB NOT NULL,
    CONSTRAINT pk_guest_entry PRIMARY KEY (id),
    CONSTRAINT fk_guest_entry_guest_id_guest FOREIGN KEY(guest_id) REFERENCES rsvp.guest (id) ON DELETE CASCADE
);
CREATE INDEX ix_guest_entry_guest_id ON rsvp.guest_entry (guest_id);

CREATE TABLE rsvp.proposal (
    id UUID NOT NULL,
    guest_id UUID NOT NULL,
    via TEXT NOT NULL,
    inbound_email_id UUID,
    sender TEXT NOT NULL,
    text TEXT NOT NULL,
    answer TEXT,
    party_size INTEGER,
    diet TEXT DEFAULT '' NOT NULL,
    reason TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT DEFAULT 'open' NOT NULL,
    decided_at TIMESTAMP WITH TIME ZONE,
    decided_by TEXT DEFAULT '' NOT NULL,
    CONSTRAINT pk_proposal PRIMARY KEY (id),
    CONSTRAINT fk_proposal_guest_id_guest FOREIGN KEY(guest_id) REFERENCES rsvp.guest (id) ON DELETE CASCADE,
    CONSTRAINT uq_proposal_inbound_email_id UNIQUE (inbound_email_id)
);
CREATE INDEX ix_proposal_guest_id ON rsvp.proposal (guest_id);
"""
CALENDAR_REPLY = """
ALTER TABLE rsvp.calendar_reply
    ADD COLUMN method TEXT,
    ADD COLUMN stamp TIMESTAMP WITH TIME ZONE,
    ADD COLUMN comment TEXT,
    ADD COLUMN delegated_to TEXT,
    ADD COLUMN guest_id UUID,
    ADD COLUMN outcome TEXT,
    ADD COLUMN reason TEXT,
    ADD CONSTRAINT fk_calendar_reply_guest_id_guest FOREIGN KEY (guest_id) REFERENCES rsvp.guest (id) ON DELETE SET NULL;
CREATE INDEX ix_calendar_reply_guest_id ON rsvp.calendar_reply (guest_id);
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(CALENDAR_REPLY)


def downgrade() -> None:
    op.execute("""
        ALTER TABLE rsvp.calendar_reply
            DROP COLUMN method, DROP COLUMN stamp, DROP COLUMN comment, DROP COLUMN delegated_to,
            DROP COLUMN guest_id, DROP COLUMN outcome, DROP COLUMN reason
    """)
    for table in (
        "feedback", "summary_reader", "summary", "caught_idea", "check_in", "sent_reply", "mailing", "list_draft",
        "book_entry", "address_book", "proposal", "guest_entry", "guest_series", "guest", "hit", "ended_access", "change",
        "host_question", "event_contact", "event", "picture", "tour", "sluice",
    ):
        op.drop_table(table, schema="rsvp")

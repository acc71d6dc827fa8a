"""Pages for everybody and for guests: events, replies, the embedded form, calendar feeds."""

"""Pages on which contacts see to their guests: invitations, lists, replies, seats."""

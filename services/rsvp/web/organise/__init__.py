"""Pages on which contacts plan: tours, events, hosts."""

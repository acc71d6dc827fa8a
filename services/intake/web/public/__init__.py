"""What anybody may open: the form, the board, news, and the page of one's own idea."""

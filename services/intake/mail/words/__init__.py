"""What the person wrote, told apart from quotes, signatures and forwarded mail."""

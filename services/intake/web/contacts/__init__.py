"""The pages of contacts and coaches."""

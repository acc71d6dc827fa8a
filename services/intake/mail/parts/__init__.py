"""A mail as a tree of parts: bytes in, headers, texts and files out."""

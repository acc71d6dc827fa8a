"""The mail door: SMTP and LMTP as aiosmtpd speaks it, bounded, and durable before it says 250."""

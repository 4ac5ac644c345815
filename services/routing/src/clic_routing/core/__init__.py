"""What routing decides; no I/O here."""

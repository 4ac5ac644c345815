"""What the desk decides; no I/O here."""

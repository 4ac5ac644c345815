"""What the desk keeps of people: attachments, finding, correcting, exporting and erasing it, and how long (POL-30)."""

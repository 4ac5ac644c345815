"""Mail as a channel: taken over LMTP or SMTP and out of a mailbox, and handed to the desk (POL-10, POL-14)."""

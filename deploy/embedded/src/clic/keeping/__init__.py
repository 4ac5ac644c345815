"""Backups and what is made of them again: the log and what goes with it, and, apart from it, the keys that open it."""

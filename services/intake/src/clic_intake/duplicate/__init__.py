"""Duplicates: near requests that are suggested, what was joined to what, and one contact that is several requests."""

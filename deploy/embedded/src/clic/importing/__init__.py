"""Older records of other systems, published through the public inbox."""

"""CLIC routing: decides which department answers a request."""

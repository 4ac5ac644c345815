"""The events, submissions and town rules that CLIC's services exchange."""

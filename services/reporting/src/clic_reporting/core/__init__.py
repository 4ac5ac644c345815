"""What the figures are made of: pure functions from facts to rows."""
